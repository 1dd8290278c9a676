"""Metrics of an unlearned model; a new one is one file and one line here."""

import functools
from collections.abc import Callable

from rum_jax.evaluate import mia, tow
from rum_jax.evaluate.accuracy import accuracy
from rum_jax.evaluate.view import View

# name -> function of one model's view.
METRICS: dict[str, Callable[[View], float]] = {
    "forget_accuracy": functools.partial(accuracy, part="forget"),
    "retain_accuracy": functools.partial(accuracy, part="retain"),
    "validation_accuracy": functools.partial(accuracy, part="validation"),
    "test_accuracy": functools.partial(accuracy, part="test"),
    "mia": mia.confidence_attack,
}

# name -> function of (METRICS of the model, METRICS of the oracle of the same seed).
COMPARISONS: dict[str, Callable[[tow.Metrics, tow.Metrics], float]] = {
    "tow": tow.tow,
    "tow_mia": tow.tow_mia,
    "validation_tow": tow.validation_tow,
}


def evaluate(view: View) -> dict[str, float]:
    """Every metric of one model."""
    return {name: metric(view) for name, metric in METRICS.items()}


def compare(metrics: dict[str, float], oracle: dict[str, float]) -> dict[str, float]:
    """Every comparison of a model with the oracle of its seed."""
    return {name: comparison(metrics, oracle) for name, comparison in COMPARISONS.items()}
