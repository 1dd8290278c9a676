"""Memorization of CIFAR-10 with ResNet-18: a campaign of 400 models on random 70% subsets.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_memorization.py \\
        --workdir=runs/cifar10_mem

TFDS' cifar10 must have been prepared; the message says how where it was not. All published
training examples get a score, so that any study can take them, whatever it sets aside for
validation. Any number of such commands may share the workdir; `--config.campaign.plan=true` first
says what it would take. How long it takes on an accelerator has not been measured yet.

    --config=configs/cifar10_memorization.py:smoke    eight narrow models, few images
"""

from rum_jax.config import images

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.campaign("tfds:cifar10", "resnet18")
    return images.smoke(c, (4, 8, 8, 8), 90, 30) if variant == "smoke" else c
