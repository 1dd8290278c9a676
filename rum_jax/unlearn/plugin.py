"""A user's own algorithm: a function in a file, checked against the contract.

    def forget(problem, states, *, epochs: int = 5, learning_rate: float = 0.01):
        ...
        return states            # or (states, history)

States have the structure and shapes of those it was given; real numbers of another width become
theirs. Its keyword arguments are its hyper-parameters, their defaults the published values.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, TypeGuard

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks, plugins
from rum_jax.core.checks import Check
from rum_jax.core.errors import InputError
from rum_jax.train.state import TrainState, with_fresh_optimizer
from rum_jax.unlearn.base import Algorithm, History, Problem, defaults_of
from rum_jax.unlearn.descent import cast_like, leaves_by_path

_CHECKS: dict[type, Check] = {bool: checks.boolean, int: checks.integer(-2**31),
                              str: checks.text, float: checks.number(-np.inf)}


@functools.cache
def load(reference: str) -> Algorithm:
    """The algorithm that `my_file.py:function` names.

    Raises:
      InputError: see `plugins.load`; or a default is not a finite number, boolean or string.
    """
    function: Callable[..., Any] = plugins.load(reference, ("problem", "states"))
    defaults = defaults_of(function)
    for name, value in defaults.items():
        if type(value) not in _CHECKS or _CHECKS[type(value)](value):
            raise InputError(f"{reference}: hyper-parameter {name} has the default {value!r}; "
                             "allowed: a finite number, True or False, or a text")
    kinds = {name: _CHECKS[type(value)] for name, value in defaults.items()}

    @functools.wraps(function)
    def unlearn(problem: Problem, states: TrainState,
                **hparams: Any) -> tuple[TrainState, History]:
        return _unlearn(reference, function, problem, states, hparams)

    return Algorithm(reference, unlearn, kinds)


def _unlearn(reference: str, function: Callable[..., Any], problem: Problem, states: TrainState,
             hparams: dict[str, Any]) -> tuple[TrainState, History]:
    before = jax.tree.map(np.array, states)
    models = len(problem.seeds)
    after, history = _parts(plugins.call(reference, function, problem, states, **hparams), models)
    if not isinstance(after, TrainState) or not isinstance(history, History):
        raise InputError(f"{reference}: returned {type(after).__name__} and "
                         f"{type(history).__name__}; allowed: states, or (states, History)")
    after = plugins.call(reference, jax.device_get, after)
    _check_states(reference, before, states, after)
    like = {name: jax.tree.map(cast_like, getattr(before, name), getattr(after, name))
            for name in ("params", "model_state")}
    return (with_fresh_optimizer(dataclasses.replace(before, **like)),
            _checked_history(reference, history, models))


def _parts(result: TrainState | tuple[Any, ...], models: int) -> tuple[Any, Any]:
    """(states, history) of what the user's function returned: a pair, or states alone."""
    if type(result) is tuple and len(result) == 2:
        return result
    return result, History(np.zeros((models, 0), np.float32), 0)


def _check_states(reference: str, before: TrainState, given: TrainState,
                  after: TrainState) -> None:
    a, b = ((states.params, states.model_state) for states in (before, after))
    expected, returned = leaves_by_path(a), leaves_by_path(b)
    for path in sorted({*expected, *returned}):
        if path not in expected or path not in returned or (
                np.shape(returned[path]) != np.shape(expected[path])):
            has = f"has shape {np.shape(returned[path])}" if path in returned else "is absent"
            allowed = f"shape {np.shape(expected[path])}" if path in expected else "none"
            raise InputError(f"{reference}: returned states of another structure or shape: {path} "
                             f"{has}; allowed: {allowed}, as in the states it was given")
        kind = np.asarray(returned[path]).dtype
        if not jnp.issubdtype(kind, jnp.floating):
            raise InputError(f"{reference}: returned {path} as {kind}; allowed: "
                             f"{expected[path].dtype}, as in the states it was given")
    if jax.tree.structure(a) != jax.tree.structure(b):  # pyright: ignore[reportUnknownMemberType]
        raise InputError(f"{reference}: returned states of another structure or shape; allowed: "
                         "the dictionaries of those it was given")
    if not all(np.array_equal(old, new, equal_nan=True) for old, new in
               zip(jax.tree.leaves(before), jax.tree.leaves(given), strict=True)):
        raise InputError(f"{reference}: changed the states it was given; allowed: new ones, as "
                         "other rows start from the same states")


def _checked_history(reference: str, history: History, models: int) -> History:
    """The same as plain values.

    Raises:
      InputError: a field is not what `History` says.
    """
    losses, (kind, shape) = None, ("", ())
    with contextlib.suppress(Exception):
        losses = np.asarray(jax.device_get(history.losses))
        kind, shape = str(losses.dtype), losses.shape
    if losses is None or len(shape) != 2 or shape[0] != models or not (
            jnp.issubdtype(losses.dtype, jnp.floating)
            or np.issubdtype(losses.dtype, np.integer)):
        raise InputError(f"{reference}: History.losses: is {kind}{list(shape)}; allowed: real "
                         f"numbers of shape ({models}, steps), a row for each model")
    if not _is_count(history.examples):
        raise InputError(f"{reference}: History.examples: is {history.examples!r:.100}; allowed: "
                         "an integer of 0 or more, example gradients of each model")
    periods, steps = history.periods, shape[1]
    if _is_count(periods):
        fits, plain = not periods or (steps and steps % periods == 0), int(periods)
    elif isinstance(periods, tuple | list):
        fits = all(_is_count(part) and part for part in periods) and sum(periods) == steps
        plain = tuple(map(int, periods)) if fits else ()
    else:
        fits, plain = False, ()
    if not fits:
        raise InputError(f"{reference}: History.periods: is {periods!r:.100}; allowed: 0, a number "
                         f"that divides the {steps} steps, or the number of steps of each period")
    return History(losses.astype(np.float32), int(history.examples), plain)


def _is_count(value: object) -> TypeGuard[int]:
    return (isinstance(value, int | np.integer) and not isinstance(value, bool)
            and bool(0 <= value < 2**63))
