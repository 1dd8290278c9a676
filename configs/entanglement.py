"""How the entanglement of forget and retain set makes unlearning hard.

Forget sets of low, mid and high entanglement, and every algorithm (arXiv 2406.01257). The sets are
groups by the distance of their features to the center of all, for each seed by its own original
model. The data set is the variant:

    python -m rum_jax.main --config=configs/entanglement.py:digits \\
        --workdir=runs/digits_entanglement
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/entanglement.py:cifar10 \\
        --workdir=runs/cifar10_entanglement

    :digits           scikit-learn's digits; took 932 s on 2 CPU cores, memorization models apart
    :cifar10_small    five classes of CIFAR-10, for a small machine
    :cifar10          CIFAR-10 with ResNet-18
    :cifar100         CIFAR-100 with ResNet-50
    :cifar10,smoke    CIFAR-10 with a narrow model and few images
    :cifar100,smoke   CIFAR-100 with a narrow model and few images

What the first two gave is in docs/studies.md. Sizes of the next two are those of the papers: a
forget set of 3,000, three seeds. They have not been run on an accelerator yet.
"""

from rum_jax.config import studies

VARIANTS = studies.VARIANTS


def get_config(variant=""):
    """The config."""
    chosen = studies.read(variant)
    c = studies.rum_study(chosen)
    if chosen.data != "digits":
        c.campaign.models = 0  # none is needed; memorization of the sets is not reported
    return studies.entanglement(c)
