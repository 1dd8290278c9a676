"""How strongly memorized forget sets make unlearning hard: scikit-learn's digits.

    python -m rum_jax.main --config=configs/digits_memorization_levels.py \
        --workdir=runs/digits_memorization_levels

Forget sets of low, mid and high memorization, and every algorithm.
"""

from rum_jax.config import digits, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = digits.get_config()
    c.seeds = digits.STUDY_SEEDS
    c.forget.size = 48  # the digits have no more that are strongly memorized
    return studies.memorization_levels(c)
