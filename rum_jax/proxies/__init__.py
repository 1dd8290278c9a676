"""Proxies of memorization: cheap scores that rank like it (arXiv 2410.16516; spec section 6)."""
