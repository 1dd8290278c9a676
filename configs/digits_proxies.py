"""Cheap proxies of memorization, and RUM refined by each: scikit-learn's digits.

    python -m rum_jax.main --config=configs/digits_proxies.py \
        --workdir=runs/digits_proxies

Confidence, maximal confidence, entropy and accuracy while the originals are trained, held-out
retraining and the curvature of the loss, beside memorization: rank correlation, cost, overlap of
strata, detection of planted label noise, and ToW of RUM.
"""

from rum_jax.config import digits, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = digits.get_config()
    c.seeds = digits.STUDY_SEEDS
    return studies.proxies(c)
