"""How strongly memorized forget sets make unlearning hard: CIFAR-100 with ResNet-50.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar100_memorization_levels.py \
        --workdir=runs/cifar100_memorization_levels

Forget sets of low, mid and high memorization, and every algorithm.
Sizes are those of the papers: a forget set of 3,000, three seeds. It has not been run on an
accelerator yet.
Memorization is estimated from 400 models first, or read with `--config.memorization.scores`.

    --config=configs/cifar100_memorization_levels.py:smoke    the same with a
        narrow model and few images, by a proxy
"""

from rum_jax.config import images, studies

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.cifar100()
    if variant == "full":
        return studies.memorization_levels(c)
    # So little training leaves nearly all scores at 0; a proxy stands in for them.
    return studies.memorization_levels(images.smoke(c, (4, 4, 8, 8), 10, 4), "confidence")
