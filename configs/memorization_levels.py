"""How strongly memorized forget sets make unlearning hard.

Forget sets of low, mid and high memorization, and every algorithm (arXiv 2406.01257). The data
set is the variant:

    python -m rum_jax.main --config=configs/memorization_levels.py:digits \\
        --workdir=runs/digits_memorization_levels
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/memorization_levels.py:cifar10 \\
        --workdir=runs/cifar10_memorization_levels

    :digits           scikit-learn's digits; took 625 s on 2 CPU cores
    :cifar10_small    five classes of CIFAR-10, for a small machine
    :cifar10          CIFAR-10 with ResNet-18
    :cifar100         CIFAR-100 with ResNet-50
    :cifar10,smoke    CIFAR-10 with a narrow model and few images, by a proxy
    :cifar100,smoke   CIFAR-100 with a narrow model and few images, by a proxy

What the first two gave is in docs/studies.md. Sizes of the next two are those of the papers: a
forget set of 3,000, three seeds. They have not been run on an accelerator yet. Memorization is
estimated first, from 400 models on CIFAR-10 and CIFAR-100, or read with
`--config.memorization.scores`.
"""

from rum_jax.config import studies
from rum_jax.forget.selection import MEMORIZATION

VARIANTS = studies.VARIANTS


def get_config(variant=""):
    """The config."""
    chosen = studies.read(variant)
    c = studies.rum_study(chosen)
    if chosen.data == "digits":
        c.forget.size = 48  # the digits have no more that are strongly memorized
    # So little training leaves nearly all scores at 0; a proxy stands in for them.
    return studies.memorization_levels(c, "confidence" if chosen.smoke else MEMORIZATION)
