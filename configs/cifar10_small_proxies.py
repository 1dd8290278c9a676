"""Proxies of memorization, and RUM by each: five classes of CIFAR-10, for a small machine.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_small_proxies.py \
        --workdir=runs/cifar10_small_proxies

Confidence, maximal confidence, entropy and accuracy while the originals are trained, held-out
retraining and the curvature of the loss, beside memorization: rank correlation, cost, overlap of
strata, detection of planted label noise, and ToW of RUM.
"""

from rum_jax.config import cifar10_small, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = cifar10_small.get_config()
    c.seeds = cifar10_small.STUDY_SEEDS
    return studies.proxies(c)
