"""A RUM study on real CIFAR-10 images that fits a small machine: five classes, a narrow ResNet.

    TFDS_DATA_DIR=... python -m rum_jax.main --config=configs/cifar10_small_rum.py \\
        --workdir=runs/cifar10_small

Airplane, automobile, frog, horse and ship, 450 training, 50 validation and 200 test images of
each; 64 memorization models; a forget set of 150 (6.7%, as 3,000 of CIFAR-10's 45,000). Learning
rates and alphas are the best of a few on validation images: docs/cifar10_small.md, which has the
time it takes and what it finds, and docs/studies.md. Variants:

    --config=configs/cifar10_small_rum.py:vit          a vision transformer of 0.2 million
                                                       parameters with AdamW
    --config=configs/cifar10_small_rum.py:vit_sweep    the search for its learning rates, by
                                                       validation images and with other seeds
"""

from rum_jax.config import base, variants

VARIANTS = ("rum", "vit", "vit_sweep")
FIELDS = {
    "seeds": (1, 2, 3, 4, 5),
    "data.name": "tfds:cifar10",
    "data.classes": (0, 1, 6, 7, 8),
    "data.train_per_class": 500,        # 50 of them for validation
    "data.test_per_class": 200,
    "data.validation_fraction": 0.1,
    "data.test_fraction": 0.0,          # the data set's own test images
    "data.label_noise_fraction": 0.0,
    "data.seed": 1,
    "model.widths": (8, 16, 32, 64),
    "model.blocks": (1, 1, 1, 1),
    "train.epochs": 15,
    "campaign.models": 64,
    "memorization.epochs": 15,
    "forget.size": 150,
    "proxies.heldout_retrain.learning_rate": 0.01,  # at 0.1 the network breaks down
    "engine.steps_per_call": 32,
}
# Of each algorithm, the best of a few on validation images.
CHOSEN = {
    "finetune": {"epochs": 5, "learning_rate": 0.2},
    "neggrad_plus": {"epochs": 3, "learning_rate": 0.03, "alpha": 0.95},
    "salun": {"epochs": 5, "learning_rate": 0.03},
    "l1_sparse": {"epochs": 5, "learning_rate": 0.1, "alpha": 5e-5},
    "neggrad": {"epochs": 5, "learning_rate": 0.01},
    "scrub": {"epochs": 5, "learning_rate": 0.01},
    "random_label": {"epochs": 5, "learning_rate": 0.03},
    "influence": {"alpha": 3.0},
    "fisher": {"alpha": 1e-8},
    "fisher_new": {"alpha": 1e-5},
    "boundary_shrink": {"epochs": 10, "learning_rate": 0.001},
    "boundary_expand": {"epochs": 10, "learning_rate": 0.0003},
}


# A vision transformer has more to learn from so few images: more epochs, and fewer models.
VIT = {
    "seeds": (1, 2, 3),
    "model.name": "vit_tiny", "model.widths": (), "model.blocks": (),
    "model.kwargs": {"patch_size": 4, "depth": 4, "width": 64, "heads": 4, "resolution": 0,
                     "drop_path": 0.1},
    "optimizer.name": "adamw", "optimizer.warmup_epochs": 2.0,
    "train.epochs": 20, "train.learning_rate": 0.001, "train.weight_decay": 0.05,
    "unlearn.weight_decay": 0.05, "memorization.epochs": 20, "campaign.models": 24,
    "optimizer.unlearn_schedule": "cosine", "relearn.learning_rate": 0.001, "relearn.epochs": 5,
    "rows": ("vanilla:finetune", "vanilla:neggrad_plus", "vanilla:scrub", "vanilla:salun",
             "rum_f:salun", "rum", "rum_shuffled"),
    "metrics": ("test_kl", "forget_agreement"),
}
VIT_ROWS = ("vanilla:finetune", "vanilla:neggrad_plus", "vanilla:scrub", "vanilla:salun")
VIT_RATES = (0.0003, 0.001, 0.003, 0.01)
# Of each algorithm, the best of 0.0001, 0.0003, 0.001 and 0.003 on validation images.
VIT_CHOSEN = {
    "finetune": {"epochs": 5, "learning_rate": 0.003},
    "neggrad_plus": {"epochs": 5, "learning_rate": 0.001, "alpha": 0.95},
    "scrub": {"epochs": 5, "learning_rate": 0.001},
    "salun": {"epochs": 5, "learning_rate": 0.003},
}


def _chosen(table_of: dict[str, dict[str, object]]) -> dict[str, object]:
    """The same values for the whole forget set and for every step of a chain."""
    tables = ["vanilla.hparams.{}", *(f"{chain}.hparams.{{}}.{subset}" for chain in ("rum_f", "rum")
                                      for subset in ("low", "mid", "high"))]
    return {f"{table.format(name)}.{field}": value for table in tables
            for name, values in table_of.items() for field, value in values.items()}


def get_config(variant="rum"):
    """The config."""
    variants.check(variant, VARIANTS)
    c = base.get_config()
    if variant == "rum":
        base.set_fields(c, {**FIELDS, **_chosen(CHOSEN)})
        return c
    base.set_fields(c, {**FIELDS, **VIT, **_chosen(VIT_CHOSEN)})
    if variant == "vit_sweep":
        base.set_fields(c, {"sweep.rows": VIT_ROWS, "sweep.method": "grid", "sweep.grid":
                            f"learning_rate={','.join(map(str, VIT_RATES))}",
                            "sweep.seeds": (101, 102)})
    return c
