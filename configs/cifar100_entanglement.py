"""How the entanglement of forget and retain set makes unlearning hard: CIFAR-100 with ResNet-50.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar100_entanglement.py \
        --workdir=runs/cifar100_entanglement

Forget sets of low, mid and high entanglement: groups by the distance of their features to the
centre of all, for each seed by its own original model.
Sizes are those of the papers: a forget set of 3,000, three seeds. It has not been run on an
accelerator yet.

    --config=configs/cifar100_entanglement.py:smoke    the same with a narrow model and few images
"""

from rum_jax.config import images, studies

VARIANTS = ("full", "smoke")


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = images.cifar100()
    if variant == "smoke":
        c = images.smoke(c, (4, 4, 8, 8), 10, 4)
    c.campaign.models = 0  # none is needed; memorization of the sets is not reported
    return studies.entanglement(c)
