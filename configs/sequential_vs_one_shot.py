"""One-shot against sequential unlearning, in every order.

The same algorithms and the same number of epochs: the whole forget set at once; low, mid and
high memorization one after another in all six orders; random subsets; and each subset from the
original model, changes added up. Interference between steps (onion effect) is reported, too. And
sequential forget requests: three of them, each chosen by the models as they are by then; on the
digits three of 45 examples, the same for all methods. The data set is the variant:

    python -m rum_jax.main --config=configs/sequential_vs_one_shot.py:digits \\
        --workdir=runs/digits_sequential_vs_one_shot
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/sequential_vs_one_shot.py:cifar10 \\
        --workdir=runs/cifar10_sequential_vs_one_shot

    :digits           scikit-learn's digits; took 494 s on 2 CPU cores
    :cifar10_small    five classes of CIFAR-10, for a small machine
    :cifar10          CIFAR-10 with ResNet-18
    :cifar100         CIFAR-100 with ResNet-50
    :cifar10,smoke    CIFAR-10 with a narrow model and few images
    :cifar100,smoke   CIFAR-100 with a narrow model and few images

What the first gave is in docs/studies.md. Sizes of the CIFAR-10 and CIFAR-100 studies are those
of the papers: a forget set of 3,000, three seeds. They have not been run on an accelerator yet.
Memorization is estimated first, from 400 models on CIFAR-10 and CIFAR-100, or read with
`--config.memorization.scores`.
"""

from rum_jax.config import studies
from rum_jax.forget.selection import MEMORIZATION

VARIANTS = studies.VARIANTS
EPOCHS = {"digits": 2, "cifar10_small": 2, "cifar10": 4, "cifar100": 4}  # of each step


def get_config(variant=""):
    """The config."""
    chosen = studies.read(variant)
    c, epochs = studies.rum_study(chosen), 1 if chosen.smoke else EPOCHS[chosen.data]
    if chosen.data != "digits":
        return studies.sequential_vs_one_shot(c, epochs)
    c.seeds = c.seeds[:6]  # so that 2 cores need less than ten minutes
    c = studies.sequential_vs_one_shot(c, epochs, requested=MEMORIZATION)
    c.stream.size = 45  # more would need more examples of middle memorization than there are
    return c
