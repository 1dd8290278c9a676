"""The RUM papers' study on CIFAR-100 with ResNet-50: a forget set of 3,000, three seeds.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar100_rum.py \\
        --config.memorization.scores=cifar100_infl_matrix.npz --workdir=runs/cifar100

TFDS' cifar100 must have been prepared; the message says how where it was not. The papers use the
scores that Feldman and Zhang published (the array `tr_mem` of their file); without
`--config.memorization.scores` the study trains 400 memorization models first. Neither its time
nor its numbers on an accelerator have been measured yet.

    --config=configs/cifar100_rum.py:vit      a vision transformer, with AdamW
    --config=configs/cifar100_rum.py:smoke    the same pipeline, a narrow model and few images:
                                              about two minutes on 2 CPU cores
"""

from rum_jax.config import base, images, variants

VARIANTS = ("full", "smoke", "vit")


def get_config(variant="full"):
    """The config."""
    variants.check(variant, VARIANTS)
    c = images.get_config("tfds:cifar100", "resnet50")
    base.set_fields(c, {"train.epochs": 150, "train.schedule": "steps",
                        "train.milestones": (60, 120)})
    if variant == "vit":
        return images.vit(c)
    return images.smoke(c) if variant == "smoke" else c
