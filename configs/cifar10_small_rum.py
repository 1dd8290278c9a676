"""A RUM study on real CIFAR-10 images that fits a small machine: five classes, a narrow ResNet.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_small_rum.py \
        --workdir=runs/cifar10_small

Airplane, automobile, frog, horse and ship, 450 training, 50 validation and 200 test images of
each; 64 memorization models; a forget set of 150 (6.7%, as 3,000 of CIFAR-10's 45,000). Learning
rates and alphas are the best of a few on validation images, see docs/cifar10_small.md,
which has the time it takes and what it finds.
"""

from rum_jax.config import cifar10_small, images

VARIANTS = ("rum",)


def get_config(variant="rum"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    return cifar10_small.get_config()
