"""The RUM papers' study on CIFAR-10 with ResNet-18: a forget set of 3,000, three seeds.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_rum.py --workdir=runs/cifar10

TFDS' cifar10 must have been prepared; the message says how where it was not. The study trains 400
memorization models first; with `--config.memorization.scores=scores.npz` it takes scores that are
known already. Neither its time nor its numbers on an accelerator have been measured yet.

    --config=configs/cifar10_rum.py:algorithms    every algorithm on the whole forget set
    --config=configs/cifar10_rum.py:vit       a vision transformer, with AdamW
    --config=configs/cifar10_rum.py:smoke     the same pipeline, a narrow model and few images:
                                              about two minutes on 2 CPU cores
"""

from rum_jax.config import base, images, variants

VARIANTS = ("full", "algorithms", "smoke", "vit")


def get_config(variant="full"):
    """The config."""
    variants.check(variant, VARIANTS)
    c = images.get_config("tfds:cifar10", "resnet18")
    if variant == "algorithms":
        c.rows = base.VANILLA
    if variant == "vit":
        return images.vit(c)
    return images.smoke(c) if variant == "smoke" else c
