"""Why do claims come out as they do? Experiments that change one thing of the study of claims.

    python -m rum_jax.main --config=configs/claim_reasons.py:digits \\
        --config.tuning.given=runs/digits_claims/results.json --workdir=runs/digits_claim_reasons

    :digits               scikit-learn's digits with noise in the pixels; 8 of the 16 splits
    :cifar10_small        five classes of CIFAR-10, for a small machine; 8 splits
    :cifar10              CIFAR-10 with ResNet-18; 6 splits
    :cifar100             CIFAR-100 with ResNet-50; 6 splits
    :digits,smoke         the digits with 3 tiny splits, in minutes
    :cifar10_small,smoke  the same of five classes of CIFAR-10
    :cifar10,smoke        CIFAR-10 with a narrow model and few images
    :cifar100,smoke       CIFAR-100 with a narrow model and few images

Searches that are those of the claims are taken from their results.json, for the digits also from
docs/results/claims/digits/results.json; without `given` they are done again.
`rum_jax/config/claim_reasons.py` has the reasons and their contrasts.
"""

from rum_jax.config import claim_studies

VARIANTS = claim_studies.VARIANTS


def get_config(variant=""):
    """The config."""
    return claim_studies.reasons(claim_studies.read(variant))
