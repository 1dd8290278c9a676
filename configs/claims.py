"""Does RUM work? Every claim of the papers, decided on many splits of the data.

    python -m rum_jax.main --config=configs/claims.py:digits --workdir=runs/digits_claims
    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/claims.py:cifar10_small \\
        --workdir=runs/cifar10_small_claims

    :digits               scikit-learn's digits with noise in the pixels; 16 splits
    :cifar10_small        five classes of CIFAR-10, for a small machine; 8 splits
    :cifar10              CIFAR-10 with ResNet-18; 6 splits
    :cifar100             CIFAR-100 with ResNet-50; 6 splits
    :digits,smoke         the digits with 3 tiny splits, in minutes
    :cifar10_small,smoke  the same of five classes of CIFAR-10
    :cifar10,smoke        CIFAR-10 with a narrow model and few images
    :cifar100,smoke       CIFAR-100 with a narrow model and few images

Each *replicate* is a split of its own, with its own noise, memorization models, originals, oracles
and forget sets. First hyper-parameters of all rows are searched on other splits, with the same
budget per hyper-parameter. Contrasts are in `rum_jax/config/claims.py`: what is compared, by which
test, in which direction and with which margin, before anything is run. Any number of such commands
may share the workdir; what they have done is not done again. The result is report.html in the
workdir; docs/claims.md has those of the first two.
"""

from rum_jax.config import claim_studies

VARIANTS = claim_studies.VARIANTS


def get_config(variant=""):
    """The config."""
    return claim_studies.claims(claim_studies.read(variant))
