"""What each field of a config may be: a tree like the config with a check at every leaf."""

from collections.abc import Callable, Mapping

from rum_jax import checks, own
from rum_jax.checks import Check
from rum_jax.data import check_name
from rum_jax.data.augment import AUGMENTATIONS, NONE
from rum_jax.errors import InputError
from rum_jax.evaluate import METRICS, metric
from rum_jax.memorization.influence import KINDS
from rum_jax.models import MODELS
from rum_jax.models.convolution import CONVOLUTIONS
from rum_jax.refine import REFINEMENTS, SUBSETS, refinement
from rum_jax.refine.forget_set import SELECTIONS
from rum_jax.train.engine import STRATEGIES
from rum_jax.train.recipe import SCHEDULES
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn import own as own_algorithm
from rum_jax.unlearn.base import BATCH_NORM

AUTO = "auto"
ROWS = (*(f"{kind}:{name}" for kind in ("vanilla", "rum_f") for name in ALGORITHMS),
        "rum", "rum_shuffled")

METHODS = ("random", "grid")
DTYPES = ("float32", "bfloat16")


def _or_own(known: Check, load: Callable[[str], object]) -> Check:
    """What `known` allows, or a `my_file.py:function` that can be loaded."""

    def check(value: object) -> str | None:
        if not own.is_reference(value):
            fault = known(value)
            return fault and f"{fault}; or my_file.py:function"
        try:
            load(value)
        except InputError as error:
            return str(error)
        return None

    return check


def _row(value: object) -> str | None:
    """A row, or a user's own algorithm in place of one of ALGORITHMS."""
    kind, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind in ("vanilla", "rum_f") and own.is_reference(name):
        return _algorithm(name)
    return checks.one_of(ROWS)(value)


_positive = checks.number(0, open_low=True)
_momentum = checks.number(0, 1, open_high=True)
_fraction = checks.number(0, 1, open_low=True, open_high=True)
_seed = checks.integer(0, 2**31 - 1)
_epochs = checks.sequence(checks.integer(1), at_least=0, distinct=True)
_augmentation = checks.one_of([NONE, *AUGMENTATIONS])
_sgd = {"batch_size": checks.integer(1), "momentum": _momentum,
        "weight_decay": checks.number(0), "augmentation": _augmentation}
_count = checks.integer(0)
_part = checks.number(0, 1, open_high=True)
_table = {name: dict.fromkeys(SUBSETS, algorithm.checks)
          for name, algorithm in ALGORITHMS.items()}
_algorithm = _or_own(checks.one_of(ALGORITHMS), own_algorithm.load)
_metric = _or_own(checks.one_of(METRICS), metric)
_chain = {"refinement": _or_own(checks.one_of(REFINEMENTS), refinement),
          "order": checks.sequence(checks.one_of(SUBSETS), len(SUBSETS), distinct=True),
          "hparams": _table}

SCHEMA = {
    "seeds": checks.sequence(_seed, at_least=2, distinct=True),
    "data": {"name": check_name, "path": checks.text,
             "classes": checks.sequence(_count, at_least=0, distinct=True),
             "train_per_class": _count, "test_per_class": _count, "validation_fraction": _part,
             "test_fraction": _part, "label_noise_fraction": _part, "seed": _seed},
    "model": {"name": checks.one_of(MODELS),
              "widths": checks.sequence(checks.integer(1), at_least=0),
              "blocks": checks.sequence(checks.integer(1), at_least=0),
              "dtype": checks.one_of([AUTO, *DTYPES]), "batch_norm_groups": checks.integer(1)},
    "train": {"epochs": checks.integer(1), "learning_rate": _positive,
              "schedule": checks.one_of(SCHEDULES), "milestones": _epochs,
              "from_files": checks.sequence(checks.text, at_least=0, distinct=True),
              "checkpoint_epochs": _count, "max_steps": _count, **_sgd},
    "memorization": {"scores": checks.text,
                     "subset_fraction": _fraction, "epochs": checks.integer(1),
                     "schedule": checks.one_of(SCHEDULES), "milestones": _epochs, "seed": _seed,
                     "augmentation": _augmentation},
    "campaign": {"alone": checks.boolean, "models": checks.integer(4),
                 "group_size": checks.integer(1), "worker": checks.integer(-1),
                 "workers": _count, "lease_seconds": checks.number(1),
                 "reliability": _fraction, "influence": checks.one_of(KINDS),
                 "influence_top": checks.integer(1), "plan": checks.boolean},
    "forget": {"selection": checks.one_of(SELECTIONS), "size": checks.integer(len(SUBSETS))},
    "unlearn": {**_sgd, "milestones": _epochs, "batch_norm": checks.one_of(BATCH_NORM)},
    "vanilla": {"hparams": {name: algorithm.checks for name, algorithm in ALGORITHMS.items()}},
    "rum_f": _chain,
    "rum": {**_chain, "algorithms": dict.fromkeys(SUBSETS, _algorithm)},
    "rows": checks.sequence(_row, at_least=0, distinct=True),
    "metrics": checks.sequence(_metric, at_least=0, distinct=True),
    "relearn": {"epochs": checks.integer(0), "learning_rate": _positive,
                "tolerance": checks.number(0, 1, open_high=True)},
    "engine": {"devices": _count, "data_devices": _count,
               "remember_programs": checks.boolean, "cpu_threads": checks.integer(0, 1024),
               "strategy": checks.one_of([AUTO, *STRATEGIES]),
               "convolution": checks.one_of([AUTO, *CONVOLUTIONS]),
               "steps_per_call": checks.integer(1)},
    "sweep": {"rows": checks.sequence(_row, at_least=0, distinct=True),
              "method": checks.one_of(METHODS), "points": checks.integer(1), "grid": checks.text,
              "seeds": checks.sequence(_seed, at_least=2, distinct=True), "seed": _seed},
}


def schema_of(config: Mapping) -> dict:
    """SCHEMA, with the hyper-parameters of the user's own algorithms that a config names.

    Their tables may be left out, or say some values only.
    """
    made = {**SCHEMA, **{name: dict(SCHEMA[name]) for name in ("vanilla", "rum_f", "rum")}}
    for reference in own_algorithms(config):
        name, table = own.short_name(reference), own_algorithm.load(reference).checks
        for section in ("vanilla", "rum_f", "rum"):
            given = _table(config, section).get(name)
            if name in ALGORITHMS or given is None:
                continue
            rule = _partly(table, given) if section == "vanilla" else {
                subset: _partly(table, given[subset]) for subset in SUBSETS
                if isinstance(given, Mapping) and subset in given}
            made[section]["hparams"] = {**made[section]["hparams"], name: rule}
    return made


def _table(config: Mapping, section: str) -> Mapping:
    found = config[section]["hparams"] if section in config else {}
    return found if isinstance(found, Mapping) else {}


def _partly(table: Mapping, given: object) -> dict:
    """The checks of those hyper-parameters that are given."""
    return {key: check for key, check in table.items()
            if isinstance(given, Mapping) and key in given}


def own_algorithms(config: Mapping) -> list[str]:
    """References to algorithms that can be loaded; faulty ones are reported where they stand."""
    named = own.references([config[name] for name in ("rows", "sweep") if name in config])
    if "rum" in config and isinstance(config["rum"], Mapping):
        named |= own.references([value for name, value in config["rum"].items()
                                 if name == "algorithms"])
    return sorted(reference for reference in named if _algorithm(reference) is None)
