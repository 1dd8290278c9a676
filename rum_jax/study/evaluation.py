"""The stage that judges a row: every metric of every case, against the oracles of that case."""

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from rum_jax.config import identity
from rum_jax.config.content import code_digests, replaced
from rum_jax.core import plugins, records
from rum_jax.core.errors import InputError
from rum_jax.evaluate import Measured, compare, evaluate
from rum_jax.evaluate.tow import STRATA
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study, row_folder, take
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import (
    References,
    memorization_folder,
    relearning,
    same_forget_cases,
    views,
)
from rum_jax.study.trained_models import load_seconds_per_model, load_states, work_of

ORIGINAL = "original"
ABOUT_FILE = "metrics_about.json"
KEPT_CLASSES = "test_accuracy_kept_classes"


def models_of(row: str, cases: Cases) -> list[int]:
    """For each case the index of its model; an original is the model of all cases of its seed."""
    return [cases.original(m) if row == ORIGINAL else m for m in range(len(cases.seeds))]


def judge(references: References, row: str, models: pathlib.Path) -> list[dict[str, Measured]]:
    """For each of M cases the metrics of its model, and the comparisons with its oracles."""
    study, cases, judged = references.study, references.cases, []
    seen = views(study, models, cases, models_of(row, cases))
    by_class = any(_classes(name) for name in cases.sets)
    for m, (model, oracle) in enumerate(zip(seen, references.views, strict=True)):
        metrics = evaluate(model, oracle, study.config.metrics)
        compared = compare(references.values(m, metrics), references.expected(m, model))
        judged.append({**metrics, **{name: Measured(float(value))
                                     for name, value in compared.items()}})
        if by_class:
            kept = kept_test(study, cases, m)
            judged[-1][KEPT_CLASSES] = Measured(
                float(model.correct(kept).mean()) if len(kept) else np.nan)
    return judged


def _classes(name: str) -> list[int]:
    """The class numbers that a forget set is named by; none for other sets."""
    family, _, argument = name.partition(":")
    return [int(number) for number in argument.split("+")] if family == "class" else []


def kept_test(study: Study, cases: Cases, m: int) -> np.ndarray:
    """int32[t] test positions of classes that a case keeps; none unless it forgets classes.

    Classes of which nothing is left after earlier requests are not kept, either.
    """
    named = _classes(cases.set_of(m))
    dataset, labels, test = study.dataset, study.task.labels, study.dataset.positions["test"]
    if not named:
        return test[:0]
    gone = np.setdiff1d(labels[cases.forgotten[m]],
                        labels[np.setdiff1d(dataset.train, cases.forgotten[m])])
    of_name = np.flatnonzero(np.isin(dataset.class_numbers, named))
    return test[~np.isin(labels[test], [*gone, *of_name])]


def _relearned(references: References, row: str,
               models: pathlib.Path) -> list[dict[str, Measured]]:
    """Of each case `relearn_epochs`, and `relearn_censored`: 1 where it is beyond the limit."""
    study, cases = references.study, references.cases
    states = take(load_states(study, models), models_of(row, cases))
    relearned = relearning(study, references.original, cases, states, references.relearning_rate)
    return [{"relearn_epochs": Measured(float(epochs), of_examples),
             "relearn_censored": Measured(float(epochs > study.config.relearn.epochs))}
            for epochs, of_examples in zip(*relearned, strict=True)]


def about(references: References, judged: Sequence[Mapping[str, Measured]]) -> dict:
    """What is behind the metrics of a row, as JSON values; see `evaluated`."""
    config, strata = references.study.config, references.strata
    values = [references.values(m, metrics) for m, metrics in enumerate(judged)]
    alike = np.array([len(cases) for cases in same_forget_cases(references.cases)])
    oracles = len(references.folders) * alike
    return {"strata": {"by": strata.by, "sizes": [len(part) for part in strata.parts[0]]},
            **{name: [of_case[name].tolist() for of_case in values]
               for name in (f"forget_accuracy{STRATA}", f"mia{STRATA}")},
            "oracles": {"reference": config.oracles, "of_each_case": oracles.tolist()},
            "user_metrics": user_metrics(config.metrics),
            "relearn": {"limit": config.relearn.epochs,
                        "learning_rate": references.relearning_rate}
            if config.relearn.epochs else None}


def user_metrics(names: Sequence[str]) -> dict[str, str]:
    """Each user-defined metric, and its name with the digest of the file in place of the path."""
    return {name: replaced(name, code_digests(name))
            for name in names if plugins.is_reference(name)}


def evaluated(references: References, row: str, models: pathlib.Path,
              stage: str = "") -> pathlib.Path:
    """Stage "evaluation/<row>", or `stage`: `metrics.json`, metric -> one value per case.

    `per_example.npz` has float[M,n] for each metric with values per example: accuracies, agreement
    and KL in the order of the part's positions, attacks (called non-member) and relearning in
    that of the forget set. `seconds` (wall time without compilation), `example_gradients` and
    `optimizer_steps` are per model, and 0 for `original`, which does nothing.
    `metrics_about.json` has what the strata are cut by, the metrics of each stratum, the number of
    oracles and the settings of relearning. A value is null where a case does not have a metric.
    """

    study = references.study

    def write(folder: pathlib.Path) -> None:
        try:
            judged = judge(references, row, models)
        except InputError as error:
            raise type(error)(f"row {row}: {error}") from error
        if study.config.relearn.epochs:
            for metrics, more in zip(judged, _relearned(references, row, models), strict=True):
                metrics.update(more)
        cost = 0.0 if row == ORIGINAL else load_seconds_per_model(models)
        table = {name: [metrics[name].value for metrics in judged] for name in judged[0]}
        table["seconds"] = [cost] * len(judged)
        for name, count in work_of(models).items():
            table[name] = [0 if row == ORIGINAL else count] * len(judged)
        records.write_json(folder / "metrics.json", table)
        records.write_json(folder / ABOUT_FILE, about(references, judged))
        records.write_arrays(folder / "per_example.npz", **_per_example(row, judged))
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": stage or "evaluation", "row": row,
             "set": study.content.set_name(name),
             "seed": references.cases.seeds[m],
             **{key: values[m] for key, values in table.items() if key != "seconds"}}
            for name in references.cases.sets
            for m in range(len(judged))[references.cases.of_set(name)]))

    return stage_cache.stage(study.workdir, stage or f"evaluation/{row_folder(row)}", write,
                       _origin(references, row, models))


def _per_example(row: str, judged: Sequence[Mapping[str, Measured]]) -> dict[str, np.ndarray]:
    """Metric -> float[M,n] of M models, where it is made of examples.

    Raises:
      InputError: a user's own metric gives values of so many examples for one model, of others or
        of none for another.
    """
    per_example = {}
    for name in judged[0]:
        parts = [metrics[name].per_example for metrics in judged]
        sizes = {None if part is None else len(part) for part in parts}
        if len(sizes) > 1:
            raise InputError(f"row {row}: {name}: returned values of "
                             f"{' and '.join(sorted(map(str, sizes)))} examples for models of the "
                             "same row; allowed: of as many for each, or None for all")
        if known := [part for part in parts if part is not None]:
            per_example[name] = np.stack(known)
    return per_example


def _origin(references: References, row: str, models: pathlib.Path) -> Origin:
    """What a row's metrics are made from."""
    study, cases = references.study, references.cases
    fields = study.content.part(*identity.EVALUATION)
    values = {**fields, "seeds": list(cases.seeds),
              "sets": [study.content.set_name(name) for name in cases.sets],
              "forget": records.array_sha256(cases.forgotten)}
    reads = dict.fromkeys([study.data, models, references.original, *references.folders,
                           *memorization_folder(study)])
    return Origin(values, list(reads), row, study.content.files.get("config.metrics", {}))
