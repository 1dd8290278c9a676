"""Metrics of an unlearned model; a new one is one file and one line here."""

import functools
import numbers
from collections.abc import Callable, Iterable

from rum_jax import own
from rum_jax.errors import InputError
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
    if not own.is_reference(name):
        return {**REQUIRED, **METRICS}[name]
    return functools.partial(_checked, name, own.load(name, ("view", "oracle")))


def _checked(name: str, function: Callable, view: View, oracle: View) -> Measured:
    made = function(view, oracle)
    if not isinstance(made, Measured):
        made = Measured(made)
    if not isinstance(made.value, numbers.Real):
        raise InputError(f"{name}: returned {made.value!r}; allowed: a number, or Measured")
    return made._replace(value=float(made.value))


def evaluate(view: View, oracle: View, extra: Iterable[str] = ()) -> dict[str, Measured]:
    """The required metrics of one model, and those extra ones."""
    return {name: metric(name)(view, oracle) for name in (*REQUIRED, *extra)}


def compare(metrics: dict[str, float], oracle: dict[str, float]) -> dict[str, float]:
    """Every comparison of a model with its oracle, or the mean of several."""
    return {name: comparison(metrics, oracle) for name, comparison in COMPARISONS.items()}
