"""A user's own algorithm: a function in a file, checked against the contract.

    def forget(problem, states, *, epochs: int = 5, learning_rate: float = 0.01):
        ...
        return states            # or (states, history)

Its keyword arguments are its hyper-parameters, their defaults the published values.
"""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from rum_jax import checks, own
from rum_jax.checks import Check
from rum_jax.errors import InputError
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, History, Problem
from rum_jax.unlearn.descent import rested

_CHECKS: dict[type, Check] = {bool: checks.boolean, int: checks.integer(-2**31),
                              str: checks.text, float: checks.number(-np.inf)}


@functools.cache
def load(reference: str) -> Algorithm:
    """The algorithm that `my_file.py:function` names.

    Raises:
      InputError: see `own.load`; or a default is not a number, a boolean or a text.
    """
    function = own.load(reference, ("problem", "states"))
    defaults = {name: parameter.default for name, parameter in
                list(inspect.signature(function).parameters.items())[2:]
                if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
    for name, value in defaults.items():
        if type(value) not in _CHECKS or _CHECKS[type(value)](value):
            raise InputError(f"{reference}: hyper-parameter {name} has the default {value!r}; "
                             "allowed: a finite number, True or False, or a text")
    kinds = {name: _CHECKS[type(value)] for name, value in defaults.items()}
    return Algorithm(functools.partial(_unlearn, reference, function), kinds, defaults, search={})


def _unlearn(reference: str, function: Callable, problem: Problem, states: TrainState,
             hparams: dict[str, Any]) -> tuple[TrainState, History]:
    before = jax.tree.map(np.array, states)
    made = own.call(reference, function, problem, states, **hparams)
    models = len(problem.seeds)
    after, history = made if isinstance(made, tuple) and len(made) == 2 else (
        made, History(np.zeros((models, 0), np.float32), 0))
    _check(reference, before, states, after, history)
    return rested(jax.device_get(after)), history


def _check(reference: str, before: TrainState, given: TrainState, after: object,
           history: object) -> None:
    if not isinstance(after, TrainState) or not isinstance(history, History):
        raise InputError(f"{reference}: returned {type(after).__name__} and "
                         f"{type(history).__name__}; allowed: states, or (states, History)")
    wanted, made = (jax.tree.map(np.shape, (tree.params, tree.model_state))
                    for tree in (before, after))
    if wanted != made:
        raise InputError(f"{reference}: returned states of another structure or shape; allowed: "
                         "states like those it was given")
    if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(jax.tree.leaves(before),
                                                    jax.tree.leaves(given), strict=True)):
        raise InputError(f"{reference}: changed the states it was given; allowed: new ones, as "
                         "other rows start from the same states")
