"""rum_jax: refined machine unlearning (RUM) in JAX, from memorization scores to a report."""

__version__ = "0.2.0.dev0"
