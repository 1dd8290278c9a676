"""One-shot against sequential unlearning, in every order: scikit-learn's digits.

    python -m rum_jax.main --config=configs/digits_sequential_vs_one_shot.py \
        --workdir=runs/digits_sequential_vs_one_shot

The same algorithms and the same number of epochs: the whole forget set at once; low, mid and
high memorization one after another in all six orders; random subsets; and each subset from the
original model, changes added up. What every step does to the other subsets is reported too.
And request after request: three of 45 examples, the same for all rows.
"""

from rum_jax.config import digits, images, studies
from rum_jax.forget.selection import MEMORIZATION

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = digits.get_config()
    c.seeds = digits.STUDY_SEEDS[:6]  # so that 2 cores need less than ten minutes
    c = studies.sequential_vs_one_shot(c, epochs=2, requested=MEMORIZATION)
    c.stream.size = 45  # more would need more examples of middle memorization than there are
    return c
