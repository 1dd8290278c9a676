"""What a model is compared with: the oracles of its forget set, and strata of that set."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rum_jax.evaluate.tow import STRATA
from rum_jax.evaluate.view import Measured, View

THIRDS = 3
STRATIFIED = ("forget_accuracy", "mia")  # metrics that are also compared stratum by stratum
Values = dict[str, Any]  # metric -> its value; metric + STRATA -> float[s], one per stratum


def mean_confidence(logits: Sequence[np.ndarray], labels: np.ndarray,
                    positions: np.ndarray) -> np.ndarray:
    """float64[n]: the mean probability that models give to the labels of some examples.

    Args:
      logits: of each model, float[N,C].
      labels: int32[N].
      positions: int[n].
    """
    rows = np.arange(len(positions))
    return np.mean([View(of_model, labels, {}).probabilities(positions)[rows, labels[positions]]
                    for of_model in logits], axis=0)


def with_strata(metrics: Mapping[str, Measured], parts: Sequence[np.ndarray]) -> Values:
    """Values of a model's metrics, with those of each stratum.

    Args:
      metrics: with values of examples for those of STRATIFIED.
      parts: of each stratum int[k] indices into the forget set.
    """
    values: Values = {name: metric.value for name, metric in metrics.items()}
    for name in STRATIFIED:
        examples = metrics[name].per_example
        assert examples is not None  # both metrics are made of them
        values[name + STRATA] = np.array([examples[part].mean() for part in parts])
    return values


def mean_of(models: Sequence[Values]) -> Values:
    """Means over models of each of their values."""
    return {name: np.mean([values[name] for values in models], axis=0) for name in models[0]}


def mean_of_others(logits: np.ndarray, oracles: Sequence[tuple[np.ndarray, Values]]
                   ) -> Values | None:
    """The mean of the oracles' values, without the model itself; None: it is the only one.

    Args:
      logits: float[N,C] of the model that is compared.
      oracles: (logits, values) of each oracle.
    """
    others = [values for of_oracle, values in oracles if not np.array_equal(of_oracle, logits)]
    return mean_of(others) if others else None
