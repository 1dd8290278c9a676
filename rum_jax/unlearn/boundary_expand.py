"""Boundary expand (Chen et al., CVPR 2023, arXiv 2303.11570; docs/parity.md#unlearning).

    append one output, a shadow class C; minimize CE over F to the label C

The new row of the classifier has PyTorch's default initial values. The extra output is kept, as
in the released code: an example that is given the shadow class counts as wrong.
"""

import dataclasses
from typing import Any

import jax
import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import PADDING, Stream
from rum_jax.models import outputs_of
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import RELABELING, Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates, with_fresh_optimizer
from rum_jax.unlearn.spaces import integers, log_uniform


def _new_rows(problem: Problem, inputs: int) -> np.ndarray:
    """float64[M,inputs+1]: kernel and bias of the new output, uniform(+-1/sqrt(inputs))."""
    bound = inputs ** -0.5
    return np.stack([rng.uniform(-bound, bound, inputs + 1)
                     for rng in problem.generators("expand", 0)])


def expanded(problem: Problem, states: TrainState) -> TrainState:
    """The same models with one output more."""
    classifier = states.params["classifier"]
    kernel, bias = np.asarray(classifier["kernel"]), np.asarray(classifier["bias"])
    rows = _new_rows(problem, kernel.shape[1]).astype(kernel.dtype)
    grown = {"kernel": np.concatenate([kernel, rows[:, :-1, None]], axis=-1),
             "bias": np.concatenate([bias, rows[:, -1:]], axis=-1)}
    return with_fresh_optimizer(dataclasses.replace(
        states, params={**states.params, "classifier": grown},
        opt_state=jax.tree_util.tree_map_with_path(_with_room, states.opt_state)))


def _with_room(path: tuple[Any, ...], buffer: np.ndarray) -> np.ndarray:
    """A momentum buffer, with a place more if it is the classifier's."""
    if not any(getattr(part, "key", None) == "classifier" for part in path):
        return buffer
    return np.zeros((*buffer.shape[:-1], buffer.shape[-1] + 1), buffer.dtype)


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0) -> tuple[TrainState, History]:
    """Gives the forget set a class of its own.

    Raises:
      DivergedError: a loss is not finite.
    """
    shadow = outputs_of(states.params)
    index = epochs_of(problem, "forget", epochs)
    labels = np.where(index == PADDING, 0, shadow).astype(np.int32)
    return descend(problem, cross_entropy, expanded(problem, states),
                   {"examples": Stream(index, labels)},
                   rates(problem, epochs, learning_rate, last_epoch_factor))


ALGORITHM = Algorithm(
    "boundary_expand", unlearn, family=RELABELING, changes_shapes=True,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-5, 0.1)})
