"""Memorization of Tiny-ImageNet with ResNet-18: a campaign of 400 models on random 70% subsets.

    python -m rum_jax.main --config=configs/tiny_imagenet_memorization.py \\
        --config.data.path=tiny-imagenet-200 --workdir=runs/tiny_imagenet_mem

The path is the unpacked folder in its original layout. All published training examples get a
score, so that any study can take them. Any number of such commands may share the workdir;
`--config.campaign.plan=true` first says what it would take. How long it takes on an accelerator
has not been measured yet.

    --config=configs/tiny_imagenet_memorization.py:smoke    eight narrow models, few images
"""

from rum_jax.config import images

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.campaign("tiny_imagenet", "resnet18")
    c.data.path = "tiny-imagenet-200"
    return images.smoke(c, (4, 8, 8, 8), 40, 10) if variant == "smoke" else c
