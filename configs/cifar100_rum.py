"""The RUM papers' study on CIFAR-100 with ResNet-50: a forget set of 3,000, three seeds.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar100_rum.py \
        --config.memorization.scores=cifar100_infl_matrix.npz --workdir=runs/cifar100

TFDS' cifar100 must have been prepared; the message says how where it was not. The papers use the
scores that Feldman and Zhang published (the array `tr_mem` of their file); without
`--config.memorization.scores` the study trains 400 memorization models first. Neither its time
nor its numbers on an accelerator have been measured yet.

    --config=configs/cifar100_rum.py:smoke    the same pipeline, a narrow model and few images:
                                              about two minutes on 2 CPU cores
"""

from rum_jax.config import images

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.cifar100()
    return images.smoke(c, (4, 4, 8, 8), 10, 4) if variant == "smoke" else c
