"""Fisher forgetting (Golatkar et al., arXiv 1911.04933; released as `fisher`).

    F = mean over R of (d log p_y / dp + 1e-8)^2
    p <- p + min(sqrt(alpha / F), 1e-3) * N(0, 1)

in evaluation mode. The noise is ten times larger where the last axis of the PyTorch weight has
length 10, which is the classifier's bias for 10 classes but not its kernel (docs/parity.md#q25,
kept).
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from rum_jax.core import checks
from rum_jax.train.objectives import PyTree
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import result_without_steps
from rum_jax.unlearn.gradients import (
    Gradient,
    Probabilities,
    begin_zero,
    fold_batches,
    of_model,
    ordered,
    unraveled,
)
from rum_jax.unlearn.shapes import torch_shape
from rum_jax.unlearn.spaces import log_uniform

LARGEST_DEVIATION, FACTOR = 1e-3, 10
EPSILON = 1e-8


def _add_square(carry: PyTree, number: jax.Array, gradient: Gradient, batch: Batch,
                probabilities: Probabilities) -> PyTree:
    """Adds the square of one example's d log p_y / dp = -gradient of its CE."""
    del number, probabilities

    def add(total: jax.Array, leaf: jax.Array) -> jax.Array:
        return total + jnp.square(-leaf + EPSILON)

    return jax.tree.map(add, carry, gradient(batch.label))


def diagonal(problem: Problem, states: TrainState) -> PyTree:
    """F: tree like params, leading axis M."""
    total = fold_batches(problem, states, _add_square, begin_zero, ordered(problem, "retain", 1))

    def mean(leaf: np.ndarray) -> np.ndarray:
        return leaf / problem.retain.shape[1]

    return jax.tree.map(mean, total)


def noise(problem: Problem, params: PyTree) -> PyTree:
    """Standard normal draws, tree like params with leading axis M."""
    draws: list[PyTree] = []
    for m, rng in enumerate(problem.generators("perturb", 0)):
        flat, unravel = ravel_pytree(of_model(params, m))
        draws.append(unraveled(unravel, rng.standard_normal(len(flat)).astype(flat.dtype)))
    return jax.tree.map(lambda *leaves: np.stack(leaves), *draws)


def deviation(fisher: np.ndarray, alpha: float) -> np.ndarray:
    """Standard deviation of the noise of one parameter of one model, float[...]."""
    with np.errstate(divide="ignore"):
        scale = np.minimum(np.sqrt(alpha / fisher), LARGEST_DEVIATION)
    return scale * (FACTOR if torch_shape(fisher.shape)[-1] == 10 else 1)


def unlearn(problem: Problem, states: TrainState, *, alpha: Float = 1e-8,
            ) -> tuple[TrainState, History]:
    """Adds Gaussian noise, larger where the Fisher information of the retain set is small."""
    alphas = problem.each(alpha)

    def perturbed(p: np.ndarray, fisher: np.ndarray, draws: np.ndarray) -> np.ndarray:
        scales = np.stack([deviation(leaf, alpha) for leaf, alpha in
                           zip(fisher, alphas, strict=True)])
        return np.asarray(p) + scales * draws

    params = jax.tree.map(perturbed, states.params, diagonal(problem, states),
                          noise(problem, states.params))
    return result_without_steps(states, params, problem.retain.shape[1])


ALGORITHM = Algorithm(
    "fisher", unlearn, checks={"alpha": checks.number(0, open_low=True)},
    family="noise", search={"alpha": log_uniform(1e-10, 1e-4)})
