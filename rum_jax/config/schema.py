"""What each field of a config may be: a tree like the config with a check at every leaf."""

from rum_jax import checks
from rum_jax.data import DATASETS
from rum_jax.models import MODELS
from rum_jax.models.convolution import CONVOLUTIONS
from rum_jax.refine import REFINEMENTS, SUBSETS
from rum_jax.refine.forget_set import SELECTIONS
from rum_jax.train.engine import STRATEGIES
from rum_jax.unlearn import ALGORITHMS

AUTO = "auto"
REFERENCE_ROWS = ("original", "retrain", "retrain_again")
ROWS = (*(f"{kind}:{name}" for kind in ("vanilla", "rum_f") for name in ALGORITHMS),
        "rum", "rum_shuffled")

_positive = checks.number(0, open_low=True)
_momentum = checks.number(0, 1, open_high=True)
_fraction = checks.number(0, 1, open_low=True, open_high=True)
_seed = checks.integer(0, 2**31 - 1)
_sgd = {"batch_size": checks.integer(1), "momentum": _momentum,
        "weight_decay": checks.number(0)}
_table = {name: dict.fromkeys(SUBSETS, algorithm.checks)
          for name, algorithm in ALGORITHMS.items()}
_chain = {"refinement": checks.one_of(REFINEMENTS),
          "order": checks.sequence(checks.one_of(SUBSETS), len(SUBSETS), distinct=True),
          "hparams": _table}

SCHEMA = {
    "seeds": checks.sequence(_seed, at_least=2, distinct=True),
    "data": {"name": checks.one_of(DATASETS), "validation_fraction": _fraction,
             "test_fraction": _fraction,
             "label_noise_fraction": checks.number(0, 1, open_high=True), "seed": _seed},
    "model": {"name": checks.one_of(MODELS), "widths": checks.sequence(checks.integer(1)),
              "blocks": checks.sequence(checks.integer(1))},
    "train": {"epochs": checks.integer(1), "learning_rate": _positive, **_sgd},
    "memorization": {"models": checks.integer(4), "subset_fraction": _fraction,
                     "epochs": checks.integer(1), "seed": _seed,
                     "group_size": checks.integer(1), "influence": checks.boolean},
    "forget": {"selection": checks.one_of(SELECTIONS), "size": checks.integer(len(SUBSETS))},
    "unlearn": _sgd,
    "vanilla": {"hparams": {name: algorithm.checks for name, algorithm in ALGORITHMS.items()}},
    "rum_f": _chain,
    "rum": {**_chain, "algorithms": {subset: checks.one_of(ALGORITHMS) for subset in SUBSETS}},
    "rows": checks.sequence(checks.one_of(ROWS), at_least=0, distinct=True),
    "engine": {"devices": checks.integer(0), "strategy": checks.one_of([AUTO, *STRATEGIES]),
               "convolution": checks.one_of([AUTO, *CONVOLUTIONS]),
               "steps_per_call": checks.integer(1)},
    "search": {"trials": checks.integer(1),
               "seeds": checks.sequence(_seed, at_least=2, distinct=True), "seed": _seed},
}
