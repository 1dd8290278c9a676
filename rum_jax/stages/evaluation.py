"""The stage that judges a row: every metric of every seed, against the oracle of that seed."""

import pathlib
from typing import NamedTuple

import jax
import numpy as np

from rum_jax import records, store
from rum_jax.errors import InputError
from rum_jax.evaluate import Measured, compare, evaluate
from rum_jax.evaluate.relearn import relearn
from rum_jax.evaluate.view import View
from rum_jax.stages.models import gradients_of, load_logits, load_seconds_per_model, load_states
from rum_jax.stages.study import Study, folder_of, unlearn_optimizer


class References(NamedTuple):
    """What all rows are compared with.

    Attributes:
      original, oracle: folders of those models.
      forget: int32[F] ascending positions.
    """

    original: pathlib.Path
    oracle: pathlib.Path
    forget: np.ndarray


def parts_of(study: Study, forget: np.ndarray) -> dict[str, np.ndarray]:
    """Forget, retain, validation and test positions, int32[n] ascending."""
    dataset = study.dataset
    return {"forget": forget, "retain": np.setdiff1d(dataset.train, forget),
            "validation": dataset.positions["validation"], "test": dataset.positions["test"]}


def views(study: Study, models: pathlib.Path, forget: np.ndarray) -> list[View]:
    """The models of a stage, one by one."""
    parts, params = parts_of(study, forget), load_states(study, models).params
    return [View(own, study.task.labels, parts, jax.tree.map(lambda leaf, m=m: leaf[m], params))
            for m, own in enumerate(load_logits(models))]


def judge(study: Study, models: pathlib.Path, references: References) -> list[dict[str, Measured]]:
    """Metrics and comparisons of M models with their oracles."""
    judged = []
    for own, oracle in zip(views(study, models, references.forget),
                           views(study, references.oracle, references.forget), strict=True):
        made = evaluate(own, oracle, study.config.metrics)
        values, expected = ({name: metric.value for name, metric in metrics.items()}
                            for metrics in (made, evaluate(oracle, oracle)))
        compared = {name: Measured(value) for name, value in compare(values, expected).items()}
        judged.append({**made, **compared})
    return judged


def _relearned(study: Study, models: pathlib.Path, references: References) -> list[Measured]:
    wanted, labels = study.config.relearn, study.task.labels[references.forget]
    logits = load_logits(references.original)[:, references.forget]
    target = (1 - wanted.tolerance) * (logits.argmax(-1) == labels).mean(1)
    made = relearn(study.task, load_states(study, models), references.forget, study.config.seeds,
                   unlearn_optimizer(study.config), wanted.learning_rate, wanted.epochs, target)
    return [Measured(float(value), own) for value, own in zip(*made, strict=True)]


def evaluated(study: Study, row: str, models: pathlib.Path,
              references: References) -> pathlib.Path:
    """Stage "evaluation/<row>": `metrics.json`, metric -> one value per seed.

    `per_example.npz` has, for each metric that is made of examples, float[M,n]: accuracies and
    agreement in the order of the part's positions, attacks (called non-member) and relearning in
    that of the forget set. `seconds` is wall time per model without compilation and
    `example_gradients` their number; both are 0 for `original`, which does nothing.
    """

    def write(folder: pathlib.Path) -> None:
        try:
            judged = judge(study, models, references)
        except InputError as error:
            raise type(error)(f"row {row}: {error}") from error
        if study.config.relearn.epochs:
            for metrics, own in zip(judged, _relearned(study, models, references), strict=True):
                metrics["relearn_epochs"] = own
        cost = 0.0 if row == "original" else load_seconds_per_model(models)
        table = {name: [metrics[name].value for metrics in judged] for name in judged[0]}
        table["seconds"] = [cost] * len(judged)
        table["example_gradients"] = [0 if row == "original" else gradients_of(models)
                                      ] * len(judged)
        records.write_json(folder / "metrics.json", table)
        records.write_arrays(folder / "per_example.npz", **{
            name: np.stack([metrics[name].per_example for metrics in judged])
            for name, first in judged[0].items() if first.per_example is not None})
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": "evaluation", "row": row, "seed": seed,
             **{name: values[m] for name, values in table.items() if name != "seconds"}}
            for m, seed in enumerate(study.config.seeds)))

    return store.stage(study.workdir, f"evaluation/{folder_of(row)}", write)
