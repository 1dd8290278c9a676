"""How good the points of a sweep are: ToW on the validation set, an interval over seeds."""

import pathlib
from typing import NamedTuple

import numpy as np

from rum_jax.evaluate import MEAN, REQUIRED
from rum_jax.evaluate.interval import summary
from rum_jax.evaluate.tow import validation_tow
from rum_jax.evaluate.view import View
from rum_jax.study.context import Study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import alike_of, mean_of, parts_of

SEEN = ("forget_accuracy", "retain_accuracy", "validation_accuracy")


class Start(NamedTuple):
    """What every point starts from: the sweep's own originals and oracles, and its cases."""

    example_scores: ExampleScores
    oracle: pathlib.Path
    oracle_logits: np.ndarray
    cases: Cases

    @property
    def study(self) -> Study:
        """What all stages share."""
        return self.example_scores.study


def scores(start: Start, logits: np.ndarray) -> list[dict]:
    """Of each point of float[points,M,N,C]: `validation_tow` and SEEN; None where it diverged."""
    references = reference_metrics(start)
    results = []
    for point in logits:
        if not np.isfinite(point).all():
            results.append({"validation_tow": None, **dict.fromkeys(SEEN), "sets": {}})
            continue
        seen = _seen_of_all(start, point)
        values = {"validation_tow": [validation_tow(*pair) for pair in
                                     zip(seen, references, strict=True)],
                  **{name: [metrics[name] for metrics in seen] for name in SEEN}}
        results.append(summaries(start.cases, values))
    return results


def reference_metrics(start: Start) -> list[dict[str, float]]:
    """SEEN of what the model of each case is compared with, see config.oracles."""
    oracles = _seen_of_all(start, start.oracle_logits)
    if start.study.config.oracles != MEAN:
        return oracles
    return [mean_of([oracles[k] for k in alike]) for alike in alike_of(start.cases)]


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


def _seen_of_all(start: Start, logits: np.ndarray) -> list[dict[str, float]]:
    """SEEN of the models of all cases, float[M,N,C]."""
    return [_seen(start.study, model, parts_of(start.study, forget))
            for model, forget in zip(logits, start.cases.forget, strict=True)]


def _seen(study: Study, logits: np.ndarray, parts: dict) -> dict[str, float]:
    view = View(logits, study.task.labels, parts)
    return {name: REQUIRED[name](view, view).value for name in SEEN}
