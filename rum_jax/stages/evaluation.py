"""The stage that judges a row: every metric of every seed, against the oracle of that seed."""

import functools
import pathlib
from collections.abc import Iterator, Sequence

import jax
import numpy as np

from rum_jax import records, store
from rum_jax.errors import InputError
from rum_jax.evaluate import Measured, compare, evaluate
from rum_jax.evaluate.relearn import relearn
from rum_jax.evaluate.view import View
from rum_jax.stages.forget import Cases
from rum_jax.stages.models import load_logits, load_seconds_per_model, load_states, work_of
from rum_jax.stages.study import Study, row_folder, take, unlearn_optimizer
from rum_jax.store import Origin

ORIGINAL = "original"


class References:
    """What all rows are compared with; the oracles are judged once, when that is first needed.

    Args:
      study: see there.
      original, oracle: folders of those models: S originals, M oracles.
      cases: forget sets and seeds of M models.
    """

    def __init__(self, study: Study, original: pathlib.Path, oracle: pathlib.Path,
                 cases: Cases) -> None:
        self.study, self.original, self.oracle, self.cases = study, original, oracle, cases

    @functools.cached_property
    def views(self) -> list[View]:
        """The oracle of each case."""
        return list(views(self.study, self.oracle, self.cases, range(len(self.cases.seeds))))

    @functools.cached_property
    def expected(self) -> list[dict[str, float]]:
        """The required metrics of each of them."""
        return [_values(evaluate(oracle, oracle)) for oracle in self.views]


def _values(metrics: dict[str, Measured]) -> dict[str, float]:
    return {name: metric.value for name, metric in metrics.items()}


def parts_of(study: Study, forget: np.ndarray) -> dict[str, np.ndarray]:
    """Forget, retain, validation and test positions, int32[n] ascending."""
    dataset = study.dataset
    return {"forget": forget, "retain": np.setdiff1d(dataset.train, forget),
            "validation": dataset.positions["validation"], "test": dataset.positions["test"]}


def models_of(row: str, cases: Cases) -> list[int]:
    """Which of a row's models stands for each case: originals stand for all their cases."""
    return [cases.original(m) if row == ORIGINAL else m for m in range(len(cases.seeds))]


def views(study: Study, models: pathlib.Path, cases: Cases, which: Sequence[int]) -> Iterator[View]:
    """The model of each case, one by one."""
    params, logits = load_states(study, models).params, load_logits(models)
    for m, forget in zip(which, cases.forgotten, strict=True):
        yield View(logits[m], study.task.labels, parts_of(study, forget),
                   jax.tree.map(lambda leaf, m=m: leaf[m], params))


def judge(references: References, row: str, models: pathlib.Path) -> list[dict[str, Measured]]:
    """Metrics and comparisons of M models with their oracles."""
    study, cases, judged = references.study, references.cases, []
    for own, oracle, expected in zip(views(study, models, cases, models_of(row, cases)),
                                     references.views, references.expected, strict=True):
        made = evaluate(own, oracle, study.config.metrics)
        compared = compare(_values(made), expected)
        judged.append({**made, **{name: Measured(value) for name, value in compared.items()}})
    return judged


def _relearned(references: References, row: str, models: pathlib.Path) -> list[Measured]:
    study, cases = references.study, references.cases
    wanted = study.config.relearn
    original = load_logits(references.original)
    target = np.array([(original[cases.original(m)][forget].argmax(-1)
                        == study.task.labels[forget]).mean()
                       for m, forget in enumerate(cases.forgotten)])
    states = take(load_states(study, models), models_of(row, cases))
    made = relearn(study.task, states, cases.forgotten, cases.seeds,
                   unlearn_optimizer(study.config), wanted.learning_rate, wanted.epochs,
                   (1 - wanted.tolerance) * target)
    return [Measured(float(value), own) for value, own in zip(*made, strict=True)]


def evaluated(references: References, row: str, models: pathlib.Path,
              stage: str = "") -> pathlib.Path:
    """Stage "evaluation/<row>", or another name: `metrics.json`, metric -> one value per case.

    `per_example.npz` has, for each metric that is made of examples, float[M,n]: accuracies and
    agreement in the order of the part's positions, attacks (called non-member) and relearning in
    that of the forget set. `seconds` is wall time per model without compilation,
    `example_gradients` and `optimizer_steps` are their number; all three are 0 for `original`,
    which does nothing.
    """

    study = references.study

    def write(folder: pathlib.Path) -> None:
        try:
            judged = judge(references, row, models)
        except InputError as error:
            raise type(error)(f"row {row}: {error}") from error
        if study.config.relearn.epochs:
            for metrics, own in zip(judged, _relearned(references, row, models), strict=True):
                metrics["relearn_epochs"] = own
        cost = 0.0 if row == ORIGINAL else load_seconds_per_model(models)
        table = {name: [metrics[name].value for metrics in judged] for name in judged[0]}
        table["seconds"] = [cost] * len(judged)
        for name, count in work_of(models).items():
            table[name] = [0 if row == ORIGINAL else count] * len(judged)
        records.write_json(folder / "metrics.json", table)
        records.write_arrays(folder / "per_example.npz", **{
            name: np.stack([metrics[name].per_example for metrics in judged])
            for name, first in judged[0].items() if first.per_example is not None})
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": stage or "evaluation", "row": row, "set": name,
             "seed": references.cases.seeds[m],
             **{key: values[m] for key, values in table.items() if key != "seconds"}}
            for name in references.cases.sets
            for m in range(len(judged))[references.cases.of_set(name)]))

    return store.stage(study.workdir, stage or f"evaluation/{row_folder(row)}", write,
                       _origin(references, row, models))


def _origin(references: References, row: str, models: pathlib.Path) -> Origin:
    """What a row's metrics are made from."""
    study, cases = references.study, references.cases
    values = {**study.content.part("metrics", "relearn", "unlearn"), "seeds": list(cases.seeds),
              "sets": list(cases.sets), "forget": records.array_sha256(cases.forgotten)}
    reads = dict.fromkeys([study.data, models, references.original, references.oracle])
    return Origin(values, list(reads), row, study.content.files.get("config.metrics", {}))
