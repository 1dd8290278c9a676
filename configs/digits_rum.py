"""The whole RUM study on scikit-learn's digits: real images, no download, minutes on a CPU.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits

Takes about two minutes on 2 cores. Every field, with its comment, is in
`rum_jax/config/base.py`; `rum_jax/config/digits.py` has the hyper-parameters of unlearning.
Variants:

    --config=configs/digits_rum.py:algorithms    every algorithm on the whole forget set
    --config=configs/digits_rum.py:reference     the same as in the released code, bugs included
    --config=configs/digits_rum.py:sweep         the search that chose the hyper-parameters

The search has 24 points for each row, on the validation set and with other seeds; all points are
in `docs/results/digits_search.json`.
"""

from rum_jax.config import base, digits, images

VARIANTS = ("rum", "algorithms", "reference", "sweep")


def get_config(variant="rum"):
    """The config."""
    images.check_variant(variant, VARIANTS)
    c = digits.get_config(reference=variant == "reference")
    if variant in ("algorithms", "reference"):
        c.rows = base.VANILLA
    if variant == "sweep":
        c.sweep.rows = (*base.VANILLA, "rum_f:finetune", "rum_f:neggrad_plus", "rum_f:salun", "rum")
    return c
