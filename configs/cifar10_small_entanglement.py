"""Entanglement of forget and retain set: five classes of CIFAR-10, for a small machine.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_small_entanglement.py \
        --workdir=runs/cifar10_small_entanglement

Forget sets of low, mid and high entanglement: groups by the distance of their features to the
centre of all, for each seed by its own original model.
"""

from rum_jax.config import cifar10_small, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = cifar10_small.get_config()
    c.seeds = cifar10_small.STUDY_SEEDS
    c.campaign.models = 0  # none is needed; memorization of the sets is not reported
    return studies.entanglement(c)
