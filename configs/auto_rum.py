"""Auto-RUM: RUM whose refinement, order and algorithms are found by a search, not chosen.

    python -m rum_jax.main --config=configs/auto_rum.py:digits --workdir=runs/digits_auto_rum

For each subset, in order: which algorithm (doing nothing included) with which hyper-parameters,
found on splits of their own with the budget of the best one-shot method; then run on replicates
that the search has not seen. The config that is found, the search's log and the comparison with
the best one-shot method are in the workdir. Splits are those of `configs/claims.py`:

    :digits               scikit-learn's digits with noise in the pixels
    :cifar10_small        five classes of CIFAR-10, for a small machine
    :cifar10              CIFAR-10 with ResNet-18
    :cifar100             CIFAR-100 with ResNet-50
    :digits,smoke         the digits with 3 tiny splits, in minutes
    :cifar10_small,smoke  the same of five classes of CIFAR-10
    :cifar10,smoke        CIFAR-10 with a narrow model and few images
    :cifar100,smoke       CIFAR-100 with a narrow model and few images
"""

from rum_jax.config import claim_studies

VARIANTS = claim_studies.VARIANTS


def get_config(variant=""):
    """The config."""
    return claim_studies.auto_rum(claim_studies.read(variant))
