"""The whole RUM study on scikit-learn's digits: real images, no download, minutes on a CPU.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits

Takes about two minutes on 2 cores. Every field, with its comment, is in
`rum_jax/config/base.py`; the hyper-parameters of unlearning are below. Variants:

    --config=configs/digits_rum.py:algorithms    every algorithm on the whole forget set
    --config=configs/digits_rum.py:reference     the same as in the released code, bugs included
    --config=configs/digits_rum.py:sweep         the search that chose the hyper-parameters

The search has 24 points for each row, on the validation set and with other seeds; all points are
in `docs/results/digits_search.json`.
"""

from rum_jax.config import base, variants

VARIANTS = ("rum", "algorithms", "reference", "sweep")
# The best of 24 points for each row.
CHOSEN = {
    "vanilla.hparams.finetune.epochs": 10,
    "vanilla.hparams.finetune.learning_rate": 0.153,
    "vanilla.hparams.l1_sparse.alpha": 4.36e-05,
    "vanilla.hparams.l1_sparse.epochs": 6,
    "vanilla.hparams.l1_sparse.learning_rate": 0.158,
    "vanilla.hparams.neggrad.epochs": 8,
    "vanilla.hparams.neggrad.learning_rate": 0.00368,
    "vanilla.hparams.neggrad_plus.alpha": 0.967,
    "vanilla.hparams.neggrad_plus.epochs": 5,
    "vanilla.hparams.neggrad_plus.learning_rate": 0.0391,
    "vanilla.hparams.scrub.beta": 0.00153,
    "vanilla.hparams.scrub.epochs": 9,
    "vanilla.hparams.scrub.gamma": 0.991,
    "vanilla.hparams.scrub.learning_rate": 0.0961,
    "vanilla.hparams.scrub.msteps": 1,
    "vanilla.hparams.salun.epochs": 7,
    "vanilla.hparams.salun.learning_rate": 0.0184,
    "vanilla.hparams.salun.mask_fraction": 0.773,
    "vanilla.hparams.random_label.epochs": 5,
    "vanilla.hparams.random_label.learning_rate": 0.0172,
    "vanilla.hparams.influence.alpha": 1.4,
    "vanilla.hparams.fisher.alpha": 1e-08,
    "vanilla.hparams.fisher_new.alpha": 2.26e-05,
    "vanilla.hparams.boundary_shrink.epochs": 7,
    "vanilla.hparams.boundary_shrink.learning_rate": 0.00343,
    "vanilla.hparams.boundary_expand.epochs": 9,
    "vanilla.hparams.boundary_expand.learning_rate": 0.00112,
    "rum_f.hparams.finetune.low.epochs": 7,
    "rum_f.hparams.finetune.low.learning_rate": 0.0139,
    "rum_f.hparams.finetune.mid.epochs": 3,
    "rum_f.hparams.finetune.mid.learning_rate": 0.205,
    "rum_f.hparams.finetune.high.epochs": 6,
    "rum_f.hparams.finetune.high.learning_rate": 0.0866,
    "rum_f.hparams.neggrad_plus.low.alpha": 0.8989,
    "rum_f.hparams.neggrad_plus.low.epochs": 4,
    "rum_f.hparams.neggrad_plus.low.learning_rate": 0.0372,
    "rum_f.hparams.neggrad_plus.mid.alpha": 0.9795,
    "rum_f.hparams.neggrad_plus.mid.epochs": 1,
    "rum_f.hparams.neggrad_plus.mid.learning_rate": 0.00389,
    "rum_f.hparams.neggrad_plus.high.alpha": 0.957,
    "rum_f.hparams.neggrad_plus.high.epochs": 8,
    "rum_f.hparams.neggrad_plus.high.learning_rate": 0.00521,
    "rum_f.hparams.salun.low.epochs": 10,
    "rum_f.hparams.salun.low.learning_rate": 0.1,
    "rum_f.hparams.salun.low.mask_fraction": 0.5,
    "rum_f.hparams.salun.mid.epochs": 10,
    "rum_f.hparams.salun.mid.learning_rate": 0.1,
    "rum_f.hparams.salun.mid.mask_fraction": 0.5,
    "rum_f.hparams.salun.high.epochs": 10,
    "rum_f.hparams.salun.high.learning_rate": 0.1,
    "rum_f.hparams.salun.high.mask_fraction": 0.5,
    "rum.hparams.finetune.mid.epochs": 7,
    "rum.hparams.finetune.mid.learning_rate": 0.136,
    "rum.hparams.salun.high.epochs": 4,
    "rum.hparams.salun.high.learning_rate": 0.17,
    "rum.hparams.salun.high.mask_fraction": 0.304,
}


def get_config(variant="rum"):
    """The config."""
    variants.check(variant, VARIANTS)
    c = base.get_config(reference=variant == "reference")
    base.set_fields(c, CHOSEN)
    if variant in ("algorithms", "reference"):
        c.rows = base.VANILLA
    if variant == "sweep":
        c.sweep.rows = (*base.VANILLA, "rum_f:finetune", "rum_f:neggrad_plus", "rum_f:salun", "rum")
    return c
