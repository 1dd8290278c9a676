"""What each field of a config may be: a tree like the config with a check at every leaf."""

from collections.abc import Mapping

from rum_jax import checks, forget, own, refine, rows
from rum_jax.data import check_name
from rum_jax.data.augment import AUGMENTATIONS, NONE
from rum_jax.evaluate import METRICS, ORACLES, metric, shadow
from rum_jax.forget.known import TIES
from rum_jax.memorization.influence import KINDS
from rum_jax.models import MODELS
from rum_jax.models.convolution import CONVOLUTIONS
from rum_jax.proxies import PROXIES
from rum_jax.refine.contract import SUBSETS, level_of
from rum_jax.train.engine import STRATEGIES
from rum_jax.train.recipe import SCHEDULES
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn import own as own_algorithm
from rum_jax.unlearn.base import BATCH_NORM

AUTO = "auto"
METHODS = ("random", "grid")
DTYPES = ("float32", "bfloat16")


def _metric(value: object) -> str | None:
    """One of METRICS, or a user's own that can be loaded."""
    if own.is_reference(value):
        return own.fault(metric, value)
    known = checks.one_of(METRICS)(value)
    return known and f"{known}; or my_file.py:function"


def _models(value: object) -> str | None:
    """How many memorization models."""
    fault = checks.integer(4)(value)
    return None if value == 0 and not isinstance(value, bool) else fault and f"{fault}, or 0"


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
_chain = {"refinement": refine.fault, "subsets": rows.subsets_fault, "order": rows.order_fault,
          "steps": rows.steps_fault, "hparams": _table}

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
    "campaign": {"alone": checks.boolean, "models": _models,
                 "group_size": checks.integer(1), "worker": checks.integer(-1),
                 "workers": _count, "lease_seconds": checks.number(1),
                 "reliability": _fraction, "influence": checks.one_of(KINDS),
                 "influence_top": checks.integer(1), "plan": checks.boolean},
    "forget": {"sets": checks.sequence(forget.fault, distinct=True), "size": checks.integer(0),
               "ties": checks.one_of(TIES)},
    "stream": {"requests": checks.sequence(forget.fault, at_least=0), "size": checks.integer(0),
               "rows": checks.sequence(rows.fault, at_least=0, distinct=True)},
    "proxies": {"compared": checks.sequence(checks.one_of(PROXIES), at_least=0, distinct=True),
                **{name: proxy.checks for name, proxy in PROXIES.items() if proxy.checks}},
    "unlearn": {**_sgd, "milestones": _epochs, "batch_norm": checks.one_of(BATCH_NORM)},
    "vanilla": {"hparams": {name: algorithm.checks for name, algorithm in ALGORITHMS.items()}},
    "rum_f": _chain,
    "rum": {**_chain, "algorithms": dict.fromkeys(SUBSETS, rows.algorithm_fault)},
    "trace": checks.boolean,
    "rows": checks.sequence(rows.fault, at_least=0, distinct=True),
    "metrics": checks.sequence(_metric, at_least=0, distinct=True),
    "oracles": checks.one_of(ORACLES),
    "mia": {"shadow_members": checks.one_of(shadow.WAYS)},
    "relearn": {"epochs": checks.integer(0), "learning_rate": checks.number(0),
                "tolerance": checks.number(0, 1, open_high=True)},
    "engine": {"devices": _count, "data_devices": _count,
               "remember_programs": checks.boolean, "cpu_threads": checks.integer(0, 1024),
               "strategy": checks.one_of([AUTO, *STRATEGIES]),
               "convolution": checks.one_of([AUTO, *CONVOLUTIONS]),
               "steps_per_call": checks.integer(1)},
    "sweep": {"rows": checks.sequence(rows.fault, at_least=0, distinct=True),
              "method": checks.one_of(METHODS), "points": checks.integer(1), "grid": checks.text,
              "seeds": checks.sequence(_seed, at_least=2, distinct=True), "seed": _seed},
}


def schema_of(config: Mapping) -> dict:
    """SCHEMA, with entries for subsets of other names, and the user's own algorithms' tables.

    Own tables may be left out, or say some values only.
    """
    made = {**SCHEMA, **{name: dict(SCHEMA[name]) for name in ("vanilla", "rum_f", "rum")}}
    for section in ("rum_f", "rum"):
        given = _table(config, section, "hparams")
        made[section]["hparams"] = {
            name: {**table, **_other_subsets(_table(given, name), ALGORITHMS[name].checks)}
            for name, table in SCHEMA[section]["hparams"].items()}
    made["rum"]["algorithms"] = {
        **SCHEMA["rum"]["algorithms"],
        **_other_subsets(_table(config, "rum", "algorithms"), rows.algorithm_fault)}
    for reference in own_algorithms(config):
        name, table = own.short_name(reference), own_algorithm.load(reference).checks
        for section in ("vanilla", "rum_f", "rum"):
            if name in ALGORITHMS or name not in _table(config, section, "hparams"):
                continue
            given = _table(config, section, "hparams", name)
            rule = _partly(table, given) if section == "vanilla" else {
                subset: _partly(table, given[subset]) for subset in given
                if level_of(subset) in SUBSETS}
            made[section]["hparams"] = {**made[section]["hparams"], name: rule}
    return made


def _other_subsets(given: object, rule: object) -> dict:
    """The rule for each entry of a table that is called by a level and something more."""
    return {name: rule for name in (given if isinstance(given, Mapping) else ())
            if name not in SUBSETS and level_of(name) in SUBSETS}


def _table(config: Mapping, *path: str) -> Mapping:
    """The table at the end of a path of names; empty where there is none."""
    for name in path:
        config = config[name] if isinstance(config, Mapping) and name in config else {}
    return config if isinstance(config, Mapping) else {}


def _partly(table: Mapping, given: object) -> dict:
    """The checks of those hyper-parameters that are given."""
    return {key: check for key, check in table.items()
            if isinstance(given, Mapping) and key in given}


def own_algorithms(config: Mapping) -> list[str]:
    """References to algorithms that can be loaded; faulty ones are reported where they stand."""
    named = own.references([config[name] for name in ("rows", "stream", "sweep")
                            if name in config])
    if "rum" in config and isinstance(config["rum"], Mapping):
        named |= own.references([value for name, value in config["rum"].items()
                                 if name == "algorithms"])
    return sorted(reference for reference in named if rows.algorithm_fault(reference) is None)
