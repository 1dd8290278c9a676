"""How good the points of a sweep are: ToW on the validation set, an interval over seeds."""

import pathlib
from typing import NamedTuple

import numpy as np

from rum_jax.evaluate import MEAN, REQUIRED
from rum_jax.evaluate.interval import summary
from rum_jax.evaluate.reference import mean_of
from rum_jax.evaluate.tow import validation_tow
from rum_jax.evaluate.view import View
from rum_jax.study.context import Study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import parts_of, same_forget_cases

ACCURACIES = ("forget_accuracy", "retain_accuracy", "validation_accuracy")


class SweepInputs(NamedTuple):
    """What all points of a sweep share.

    Attributes:
      example_scores: of the sweep's own originals.
      oracle: folder of its M oracles.
      oracle_logits: float32[M,N,C].
      cases: forget sets and seeds of M models.
    """

    example_scores: ExampleScores
    oracle: pathlib.Path
    oracle_logits: np.ndarray
    cases: Cases

    @property
    def study(self) -> Study:
        """What all stages share."""
        return self.example_scores.study


def scores(inputs: SweepInputs, logits: np.ndarray) -> list[dict]:
    """For each point the summaries of `validation_tow` and ACCURACIES; None where it diverged.

    Args:
      inputs: oracles and cases.
      logits: float[points,M,N,C].
    """
    references = reference_metrics(inputs)
    results = []
    for point in logits:
        if not np.isfinite(point).all():
            results.append({"validation_tow": None, **dict.fromkeys(ACCURACIES), "sets": {}})
            continue
        accuracies = _accuracies_of_all(inputs, point)
        values = {"validation_tow": [validation_tow(*pair) for pair in
                                     zip(accuracies, references, strict=True)],
                  **{name: [metrics[name] for metrics in accuracies] for name in ACCURACIES}}
        results.append(summaries(inputs.cases, values))
    return results


def reference_metrics(inputs: SweepInputs) -> list[dict[str, float]]:
    """For each case the ACCURACIES of its oracle, or means over several; see config.oracles."""
    oracles = _accuracies_of_all(inputs, inputs.oracle_logits)
    if inputs.study.config.oracles != MEAN:
        return oracles
    return [mean_of([oracles[k] for k in alike]) for alike in same_forget_cases(inputs.cases)]


def summaries(cases: Cases, values: dict[str, list[float]]) -> dict:
    """Summaries over seeds of each seed's mean over its forget sets.

    Args:
      cases: M cases, of S seeds.
      values: name -> a number for each case.

    Returns:
      {name: summary, "sets": {forget set: {name: summary}}}; each has S values `per_seed`.
    """
    by_set = {name: np.reshape(of_cases, (len(cases.sets), -1))
              for name, of_cases in values.items()}
    return {**{name: summary(table.mean(0).tolist()) for name, table in by_set.items()},
            "sets": {part: {name: summary(table[number].tolist())
                            for name, table in by_set.items()}
                     for number, part in enumerate(cases.sets)}}


def named(score: dict, cases: Cases) -> dict:
    """A stored score with the names that the config has for its forget sets now.

    Their files may have been somewhere else when the point was run.
    """
    return {**score, "sets": dict(zip(cases.sets, score["sets"].values(), strict=False))}


def _accuracies_of_all(inputs: SweepInputs, logits: np.ndarray) -> list[dict[str, float]]:
    """ACCURACIES of the models of M cases, from logits float[M,N,C]."""
    return [_accuracies(inputs.study, model, parts_of(inputs.study, forget))
            for model, forget in zip(logits, inputs.cases.forget, strict=True)]


def _accuracies(study: Study, logits: np.ndarray, parts: dict) -> dict[str, float]:
    view = View(logits, study.task.labels, parts)
    return {name: REQUIRED[name](view, view).value for name in ACCURACIES}
