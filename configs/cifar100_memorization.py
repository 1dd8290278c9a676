"""Memorization of CIFAR-100 with ResNet-50: a campaign of 400 models on random 70% subsets.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar100_memorization.py \\
        --workdir=runs/cifar100_mem

TFDS' cifar100 must have been prepared; the message says how where it was not. All published
training examples get a score, so that any study can take them, whatever it sets aside for
validation. Any number of such commands may share the workdir; `--config.campaign.plan=true` first
says what it would take. How long it takes on an accelerator has not been measured yet.

    --config=configs/cifar100_memorization.py:smoke    eight narrow models, few images
"""

from rum_jax.config import images

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.campaign("tfds:cifar100", "resnet50")
    return images.smoke(c, (4, 4, 8, 8), 10, 4) if variant == "smoke" else c
