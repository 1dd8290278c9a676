"""Strongly memorized forget sets: five classes of CIFAR-10, for a small machine.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_small_memorization_levels.py \
        --workdir=runs/cifar10_small_memorization_levels

Forget sets of low, mid and high memorization, and every algorithm.
"""

from rum_jax.config import cifar10_small, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = cifar10_small.get_config()
    c.seeds = cifar10_small.STUDY_SEEDS
    return studies.memorization_levels(c)
