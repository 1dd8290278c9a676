"""Metrics of an unlearned model; a new one is one file and one line here.

The package is also the library's function `rum_jax.evaluate({name: models}, oracle)`,
see `rum_jax/api/table.py`.
"""

import functools
import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any, TypeGuard

import jax
import numpy as np

from rum_jax.core import plugins
from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError
from rum_jax.evaluate import closeness, mia, threshold_attack, tow
from rum_jax.evaluate.accuracy import accuracy
from rum_jax.evaluate.view import Measured, View

Metric = Callable[[View, View], Measured]

# What models are compared with: the mean of all oracles of a forget set, or one oracle each.
MEAN, PAIRED = "mean", "paired"
ORACLES = (MEAN, PAIRED)

# What every table needs: name -> function of (one model's view, that of its oracle).
REQUIRED: dict[str, Metric] = {
    "forget_accuracy": functools.partial(accuracy, part="forget"),
    "retain_accuracy": functools.partial(accuracy, part="retain"),
    "validation_accuracy": functools.partial(accuracy, part="validation"),
    "test_accuracy": functools.partial(accuracy, part="test"),
    "mia": functools.partial(mia.svc_attack, feature="confidence"),
}

# What a config's `metrics` may add.
METRICS: dict[str, Metric] = {
    **{f"mia_{feature}": functools.partial(mia.svc_attack, feature=feature)
       for feature in mia.FEATURES if feature != "confidence"},
    **{f"threshold_{feature}": functools.partial(threshold_attack.threshold_attack,
                                                 feature=feature)
       for feature in threshold_attack.FEATURES},
    "forget_agreement": functools.partial(closeness.agreement, part="forget"),
    "test_agreement": functools.partial(closeness.agreement, part="test"),
    "forget_kl": functools.partial(closeness.divergence, part="forget"),
    "test_kl": functools.partial(closeness.divergence, part="test"),
    "parameter_distance": closeness.parameter_distance,
    "parameter_cosine": closeness.parameter_cosine,
}

# name -> function of (values of a model, values of its oracle, or means of several), each with
# the values of strata; see `tow.STRATA`.
COMPARISONS: dict[str, Callable[[tow.Metrics, tow.Metrics], float]] = {
    "tow": tow.tow,
    "tow_mia": tow.tow_mia,
    "tow_stratified": tow.tow_stratified,
    "tow_mia_stratified": tow.tow_mia_stratified,
    "validation_tow": tow.validation_tow,
}


def metric(name: str) -> Metric:
    """The metric of that name, or that `my_file.py:function` names.

    Raises:
      InputError: the user's own one cannot be loaded, or does not return a number.
    """
    if not plugins.is_reference(name):
        return {**REQUIRED, **METRICS}[name]
    return functools.partial(_checked, name, plugins.load(name, ("view", "oracle")))


def _checked(name: str, function: Callable[..., Any], view: View, oracle: View) -> Measured:
    measured = plugins.call(name, function, _protected(view), _protected(oracle))
    if not isinstance(measured, Measured):
        measured = Measured(measured)
    return Measured(_number(name, measured.value), _examples(name, measured.per_example))


def _protected(view: View) -> View:
    """A copy of a view: a user's own metric cannot change what other metrics look at.

    Its arrays are made of bytes, so that they cannot be made writable either.
    """
    def read_only(array: np.ndarray) -> np.ndarray:
        return np.ndarray(np.shape(array), array.dtype, np.asarray(array).tobytes())

    parts = {name: read_only(positions) for name, positions in view.parts.items()}
    return View(read_only(view.logits), read_only(view.labels), parts,
                jax.tree.map(read_only, view.params))


def _number(name: str, value: object) -> float:
    """A value as a metric may return it; 0-dimensional arrays of numbers are fine."""
    value = _unwrapped(value)
    real = value if not isinstance(value, bool) and isinstance(value, numbers.Real) else None
    try:
        number = math.nan if real is None else float(real)
    except (OverflowError, ValueError, TypeError):
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{name}: returned {shortened(value)}; allowed: a finite real number, or "
                         "Measured with one")
    return number


def _unwrapped(value: object) -> object:
    """What a 0-dimensional array holds; anything else as it is."""
    if (_is_array(value) and np.ndim(value) == 0
            and not np.ma.is_masked(value)):  # a masked one would be 0.0
        return np.asarray(value)[()]
    return value


def _is_array(value: object) -> TypeGuard[np.ndarray | jax.Array]:
    return isinstance(value, np.ndarray | jax.Array)


def _examples(name: str, values: object) -> np.ndarray | None:
    """Values of examples as a metric may return them."""
    if values is None:
        return None
    try:
        array = np.asarray(values)
    except (TypeError, ValueError):
        array = np.array(None)
    if array.ndim != 1 or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise InputError(f"{name}: returned the values {shortened(values)} of examples; allowed: "
                         "None, or one finite number for each, float[n] or bool[n]")
    return array


def evaluate(view: View, oracle: View, extra: Iterable[str] = ()) -> dict[str, Measured]:
    """The required metrics of one model, and those extra ones."""
    return {name: metric(name)(view, oracle) for name in (*REQUIRED, *extra)}


def compare(metrics: dict[str, float], oracle: dict[str, float]) -> dict[str, float]:
    """Every comparison of a model with its oracle, or the mean of several."""
    return {name: comparison(metrics, oracle) for name, comparison in COMPARISONS.items()}
