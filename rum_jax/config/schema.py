"""What each field of a config may be: a tree like the config with a check at every leaf."""

import functools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from rum_jax import forget, refine
from rum_jax.claims.cells import DIFFERENCE, INTERACTION, SLOPE
from rum_jax.claims.contrast import DIRECTIONS, TESTS
from rum_jax.config import field_checks
from rum_jax.config.replicates import BASE, SHARED
from rum_jax.core import checks, plugins
from rum_jax.core.paths import path_fault
from rum_jax.data import check_name
from rum_jax.data.augment import AUGMENTATIONS, NONE
from rum_jax.evaluate import ORACLES, shadow
from rum_jax.forget.selection import FILE_IDS, TIES
from rum_jax.memorization.influence import KINDS
from rum_jax.models.convolution import CONVOLUTIONS
from rum_jax.proxies import PROXIES
from rum_jax.refine.contract import SUBSETS, level_of
from rum_jax.rum import row_spec
from rum_jax.rum.sweep_points import MOST_POINTS
from rum_jax.train.engine import STRATEGIES
from rum_jax.train.recipe import SCHEDULES
from rum_jax.train.state import OPTIMIZERS
from rum_jax.unlearn import ALGORITHMS, plugin
from rum_jax.unlearn.base import BATCH_NORM
from rum_jax.unlearn.base import SCHEDULES as UNLEARN_SCHEDULES

AUTO = "auto"
METHODS = ("random", "grid")
DTYPES = ("float32", "bfloat16")
MOST_BATCH = 2**20     # examples, each in every step
MOST_STEPS = 2**16     # of a call, whose examples are laid out beforehand
LONGEST_LEASE = 604_800  # seconds: a week


def _path(value: Any) -> str | None:
    """A path that a file can have; whether it is there is left."""
    return checks.text(value) or path_fault(value)


_NAME = re.compile(r"\w[\w-]{0,59}", re.ASCII)  # of a part
_positive = checks.number(0, open_low=True)
_momentum = checks.number(0, 1, open_high=True)
_fraction = checks.number(0, 1, open_low=True, open_high=True)
_seed = checks.integer(0, 2**31 - 1)
_milestones = checks.sequence(checks.epochs, at_least=0, distinct=True)
_augmentation = checks.one_of([NONE, *AUGMENTATIONS])
_sgd = {"batch_size": checks.integer(1, most=MOST_BATCH), "momentum": _momentum,
        "weight_decay": checks.number(0), "augmentation": _augmentation}
_count = checks.integer(0)
_part = checks.number(0, 1, open_high=True)
_hparams = {name: dict.fromkeys(SUBSETS, algorithm.checks)
            for name, algorithm in ALGORITHMS.items()}
_chain = {"refinement": refine.fault, "subsets": row_spec.subsets_fault,
          "order": row_spec.order_fault,
          "steps": row_spec.steps_fault, "hparams": _hparams}

SCHEMA: dict[str, Any] = {
    "seeds": checks.sequence(_seed, at_least=2, distinct=True),
    "data": {"name": check_name, "path": _path,
             "classes": checks.sequence(_count, at_least=0, distinct=True),
             "train_per_class": _count, "test_per_class": _count, "validation_fraction": _part,
             "test_fraction": _part, "label_noise_fraction": _part,
             "pixel_noise": checks.number(0, 2), "seed": _seed},
    "model": {"name": field_checks.model_name, "kwargs": {},
              "widths": checks.sequence(checks.integer(1, most=2**16), at_least=0),
              "blocks": checks.sequence(checks.integer(1, most=256), at_least=0),
              "dtype": checks.one_of([AUTO, *DTYPES]), "batch_norm_groups": checks.integer(1)},
    "train": {"epochs": checks.epochs, "learning_rate": _positive,
              "schedule": checks.one_of(SCHEDULES), "milestones": _milestones,
              "from_files": checks.sequence(checks.text, at_least=0, distinct=True),
              "from_files_mean": checks.sequence(checks.number(-math.inf), at_least=0),
              "from_files_std": checks.sequence(_positive, at_least=0),
              "checkpoint_epochs": _count, "max_steps": _count, **_sgd},
    "memorization": {"scores": checks.text,
                     "subset_fraction": _fraction, "epochs": checks.epochs,
                     "schedule": checks.one_of(SCHEDULES), "milestones": _milestones, "seed": _seed,
                     "augmentation": _augmentation},
    "campaign": {"alone": checks.boolean, "models": field_checks.models,
                 "group_size": checks.integer(1), "worker": checks.integer(-1),
                 "workers": _count, "lease_seconds": checks.number(1, LONGEST_LEASE),
                 "reliability": _fraction, "influence": checks.one_of(KINDS),
                 "influence_top": checks.integer(1), "plan": checks.boolean},
    "forget": {"sets": checks.sequence(forget.fault, distinct=True), "size": checks.integer(0),
               "file_ids": checks.one_of(FILE_IDS), "ties": checks.one_of(TIES)},
    "stream": {"requests": checks.sequence(forget.fault, at_least=0), "size": checks.integer(0),
               "rows": checks.sequence(row_spec.fault, at_least=0, distinct=True)},
    "proxies": {"compared": checks.sequence(checks.one_of(PROXIES), at_least=0, distinct=True),
                **{name: proxy.checks for name, proxy in PROXIES.items() if proxy.checks}},
    "unlearn": {**_sgd, "milestones": _milestones, "batch_norm": checks.one_of(BATCH_NORM)},
    "optimizer": {"name": checks.one_of(OPTIMIZERS),
                  "warmup_epochs": checks.number(0, checks.MOST_EPOCHS),
                  "unlearn_schedule": checks.one_of(UNLEARN_SCHEDULES)},
    "vanilla": {"hparams": {name: algorithm.checks for name, algorithm in ALGORITHMS.items()}},
    "rum_f": _chain,
    "rum": {**_chain, "algorithms": dict.fromkeys(SUBSETS, row_spec.algorithm_fault)},
    "trace": checks.boolean,
    "rows": checks.sequence(row_spec.fault, at_least=0, distinct=True),
    "metrics": checks.sequence(field_checks.metric, at_least=0, distinct=True),
    "oracles": checks.one_of(ORACLES),
    "mia": {"shadow_members": checks.one_of(shadow.WAYS)},
    "relearn": {"epochs": checks.integer(0, most=checks.MOST_EPOCHS),
                "learning_rate": checks.number(0),
                "tolerance": checks.number(0, 1, open_high=True)},
    "engine": {"devices": _count, "data_devices": _count,
               "remember_programs": checks.boolean, "cpu_threads": checks.integer(0, 1024),
               "strategy": checks.one_of([AUTO, *STRATEGIES]),
               "convolution": checks.one_of([AUTO, *CONVOLUTIONS]),
               "steps_per_call": checks.integer(1, most=MOST_STEPS)},
    "sweep": {"rows": checks.sequence(row_spec.fault, at_least=0, distinct=True),
              "method": checks.one_of(METHODS), "points": checks.integer(1, most=MOST_POINTS),
              "grid": checks.text,
              "seeds": checks.sequence(_seed, at_least=2, distinct=True), "seed": _seed},
    "replicates": checks.sequence(_seed, at_least=0, distinct=True),
    "tuning": {"replicates": checks.sequence(_seed, at_least=0, distinct=True),
               "seeds": checks.sequence(_seed, at_least=1, distinct=True),
               "budget": checks.integer(2, most=10_000),
               "auto": checks.sequence(checks.text, at_least=0, distinct=True),
               "like": {}, "fixed": {}, "given": _path, "seed": _seed},
}
CONTRAST: dict[str, Any] = {
    "claim": checks.words, "family": checks.words,
    "first": checks.sequence(checks.text, distinct=True),
    "second": checks.sequence(checks.text, at_least=0, distinct=True),
    "measure": checks.one_of([DIFFERENCE, SLOPE, INTERACTION]),
    "metrics": checks.sequence(checks.text, distinct=True), "test": checks.one_of(TESTS),
    "direction": checks.one_of(DIRECTIONS), "margin": _positive, "only_if": checks.text}
OPTIONAL = ("only_if",)     # fields that may be left out


def schema_of(config: Mapping) -> dict:
    """SCHEMA, with entries for subsets of other names, and the user's own algorithms' tables.

    Own tables may be left out, or say some values only.
    """
    schema = {**SCHEMA, **{name: dict(SCHEMA[name]) for name in ("vanilla", "rum_f", "rum")}}
    for section in ("rum_f", "rum"):
        given = _table(config, section, "hparams")
        schema[section]["hparams"] = {
            name: {**table, **_other_subsets(_table(given, name), ALGORITHMS[name].checks)}
            for name, table in SCHEMA[section]["hparams"].items()}
    schema["rum"]["algorithms"] = {
        **SCHEMA["rum"]["algorithms"],
        **_other_subsets(_table(config, "rum", "algorithms"), row_spec.algorithm_fault)}
    for reference in own_algorithms(config):
        name, table = plugins.short_name(reference), plugin.load(reference).checks
        for section in ("vanilla", "rum_f", "rum"):
            if name in ALGORITHMS or name not in _table(config, section, "hparams"):
                continue
            given = _table(config, section, "hparams", name)
            rule = _partly(table, given) if section == "vanilla" else {
                subset: _partly(table, given[subset]) for subset in given
                if level_of(subset) in SUBSETS}
            schema[section]["hparams"] = {**schema[section]["hparams"], name: rule}
    schema["model"] = {**SCHEMA["model"], "kwargs": dict.fromkeys(
        _table(config, "model", "kwargs"), field_checks.plain)}
    schema["parts"] = {
        name: (_overlay(schema, part, SHARED) if _NAME.fullmatch(name) and name != BASE
               else _bad_name) for name, part in _table(config, "parts").items()}
    schema["tuning"] = {**SCHEMA["tuning"], **{name: dict.fromkeys(
        _table(config, "tuning", name), check) for name, check in (
            ("like", checks.text), ("fixed", checks.sequence(checks.text, distinct=True)))}}
    schema["contrasts"] = {name: _bad_title if checks.words(name) else CONTRAST
                           for name in _table(config, "contrasts")}
    return schema


def _bad_name(value: object) -> str:
    """Names of parts are names of folders; there is one more, of what parts share."""
    del value
    return f"has a name that is not allowed; allowed: letters, digits, - and _, not {BASE}"


def _bad_title(value: object) -> str:
    del value
    return "has a name that is not allowed; allowed: a text of 1 to 1000 printable characters"


def _overlay(schema: Mapping, part: object, shared: Sequence[str] = ()) -> dict:
    """The checks of those fields that a part gives; none of those that all parts share."""
    if not isinstance(part, Mapping):
        return {}
    known = [name for name in schema if name not in shared]
    return {name: (_refused_in_part if name in shared
                   else functools.partial(_unknown, name, known) if name not in schema
                   else _overlay(schema[name], given) if isinstance(schema[name], Mapping)
                   else schema[name]) for name, given in part.items()}


def _refused_in_part(value: object) -> str:
    del value
    return "is given in a part; allowed: for all parts together, as they share it"


def _unknown(name: str, known: Sequence[str], value: object) -> str:
    del value
    return f"unknown field; known here: {', '.join(known)}{checks.similar(name, known)}"


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
    named = plugins.references([config[name] for name in ("rows", "stream", "sweep")
                            if name in config])
    if "rum" in config and isinstance(config["rum"], Mapping):
        named |= plugins.references([value for name, value in config["rum"].items()
                                 if name == "algorithms"])
    return sorted(reference for reference in named if row_spec.algorithm_fault(reference) is None)
