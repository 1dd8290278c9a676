"""How the entanglement of forget and retain set makes unlearning hard: scikit-learn's digits.

    python -m rum_jax.main --config=configs/digits_entanglement.py \
        --workdir=runs/digits_entanglement

Forget sets of low, mid and high entanglement: groups by the distance of their features to the
centre of all, for each seed by its own original model.
"""

from rum_jax.config import digits, images, studies

VARIANTS = ("full",)


def get_config(variant="full"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = digits.get_config()
    c.seeds = digits.STUDY_SEEDS
    return studies.entanglement(c)
