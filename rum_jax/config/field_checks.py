"""Checks of values that name something: networks, metrics, and a user's own."""

from rum_jax import evaluate
from rum_jax.core import checks, plugins
from rum_jax.evaluate import METRICS
from rum_jax.models import MODELS

MOST_MODELS = 100_000  # of a campaign; the names of its files have five digits


def metric(value: object) -> str | None:
    """One of METRICS, or a user's own that can be loaded."""
    if plugins.is_reference(value):
        return plugins.fault(evaluate.metric, value)
    fault = checks.one_of(METRICS)(value)
    return fault and f"{fault}; or my_file.py:function"


def models(value: object) -> str | None:
    """How many memorization models."""
    fault = checks.integer(4, most=MOST_MODELS)(value)
    return None if value == 0 and isinstance(value, int) and not isinstance(value, bool) else (
        fault and f"{fault}, or 0")


def model_name(value: object) -> str | None:
    """A network of this package, or the user's own; whether that can be built is looked at later.
    """
    if plugins.is_reference(value):
        return plugins.fault(lambda name: plugins.load(name, ("classes",)), value)
    known = checks.one_of(MODELS)(value)
    return known and f"{known}; or my_model.py:build"


def plain(value: object) -> str | None:
    """A value of a user's own function."""
    if isinstance(value, bool | int | float | str | tuple | list):
        return None
    return f"is {checks.shortened(value)}; allowed: a number, a text, or a tuple of these"
