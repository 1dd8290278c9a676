"""Boundary expand (Chen et al., CVPR 2023, arXiv 2303.11570; docs/parity.md#unlearning).

    append one output, a shadow class C; minimize CE over F to the label C

The new row of the classifier has PyTorch's default initial values. The extra output is kept, as
in the released code: an example that is given the shadow class counts as wrong.
"""

import dataclasses

import numpy as np

from rum_jax.core import checks
from rum_jax.core.errors import InputError
from rum_jax.data.plans import PADDING, Stream
from rum_jax.models.head import at, map_at
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState, with_fresh_optimizer
from rum_jax.unlearn.base import RELABELING, Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.spaces import integers, log_uniform


def _new_rows(problem: Problem, inputs: int) -> np.ndarray:
    """float64[M,inputs+1]: kernel and bias of the new output, uniform(+-1/sqrt(inputs))."""
    bound = inputs ** -0.5
    return np.stack([rng.uniform(-bound, bound, inputs + 1)
                     for rng in problem.generators("expand", 0)])


def expanded(problem: Problem, states: TrainState) -> TrainState:
    """The same models with one output more.

    Raises:
      InputError: the last layer of the network is not known, or has no bias.
    """
    head = problem.task.model.head("boundary_expand")
    if head.bias is None:
        raise InputError("boundary_expand adds a class, and the last layer "
                         f"{'/'.join(head.kernel)} has no bias; allowed: a last layer with a bias")
    rows = _new_rows(problem, at(states.params, head.kernel).shape[1])

    def with_column(kernel: np.ndarray) -> np.ndarray:
        return np.concatenate([kernel, rows[:, :-1, None].astype(kernel.dtype)], axis=-1)

    def with_place(bias: np.ndarray) -> np.ndarray:
        return np.concatenate([bias, rows[:, -1:].astype(bias.dtype)], axis=-1)

    params = map_at(states.params, {head.kernel: with_column, head.bias: with_place})
    return with_fresh_optimizer(dataclasses.replace(states, params=params))


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0) -> tuple[TrainState, History]:
    """Gives the forget set a class of its own.

    Raises:
      DivergedError: a loss is not finite.
    """
    shadow = problem.task.model.outputs(states.params)
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
