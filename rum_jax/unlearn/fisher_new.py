"""Fisher forgetting of Selective Forgetting (Golatkar et al., arXiv 1911.04933).

Released as `fisher_new`.

    F2 = mean over batches of 32 of R of sum_y mean_batch(p_y) * (grad CE to the label y)^2
    variance = alpha * min(1 / (F2 + 1e-8), 1e3), at most 1e2 before alpha for the classifier,
               averaged over a weight's inputs, times 10 for the classifier and for vectors
    p <- p + sqrt(variance) * N(0, 1)

in evaluation mode. The square is that of the batch-mean gradient, which depends on the classes in
the batch (with one class it is half as large as with all on the digits). So by default `batches`
are taken from R in "random" order, drawn at (seed, "hessian", step); "ordered" takes R as it is, as
released, which gives batches of one class where the data are sorted by class. "The classifier" is
any weight whose first PyTorch axis is the number of classes, as in the released code. The released
special case for a forgotten class of CIFAR is left out.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks
from rum_jax.train.objectives import PyTree
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import result_without_steps
from rum_jax.unlearn.fisher import noise
from rum_jax.unlearn.gradients import (
    Gradient,
    Probabilities,
    begin_zero,
    fold_batches,
    in_random_order,
    ordered,
)
from rum_jax.unlearn.shapes import mean_over_inputs, torch_shape
from rum_jax.unlearn.spaces import log_uniform

BATCH_SIZE, EPSILON = 32, 1e-8
BATCHES = ("random", "ordered")
MOST, MOST_CLASSIFIER, FACTOR = 1e3, 1e2, 10


def _add_batch(carry: PyTree, number: jax.Array, gradient: Gradient, batch: Batch,
               probabilities: Probabilities) -> PyTree:
    """Adds sum_y mean(p_y) * (grad CE to y)^2 of one batch."""
    del number
    p = probabilities()
    share = (p * batch.mask[:, None]).sum(0) / batch.mask.sum()

    def add(total: PyTree, y: jax.Array) -> tuple[PyTree, None]:
        labels = jax.lax.full_like(batch.label, y)

        def add_leaf(t: jax.Array, leaf: jax.Array) -> jax.Array:
            return t + share[y] * jnp.square(leaf)

        return jax.tree.map(add_leaf, total, gradient(labels)), None

    return jax.lax.scan(add, carry, jax.lax.iota(int, p.shape[-1]))[0]


def squared_gradients(problem: Problem, states: TrainState, cut: str = "random") -> PyTree:
    """F2: tree like params, leading axis M; `cut` is one of BATCHES."""
    whole = in_random_order(problem) if cut == "random" else problem
    plan = ordered(whole, "retain", BATCH_SIZE)
    total = fold_batches(problem, states, _add_batch, begin_zero, plan)

    def mean(leaf: np.ndarray) -> np.ndarray:
        return leaf / plan.index.shape[1]

    return jax.tree.map(mean, total)


def variance(squares: np.ndarray, classes: int, alpha: float) -> np.ndarray:
    """Variance of the noise of one parameter of one model, broadcastable to its shape."""
    classifier = torch_shape(squares.shape)[0] == classes
    variances = alpha * np.minimum(1 / (squares + EPSILON), MOST_CLASSIFIER if classifier else MOST)
    if squares.ndim > 1:
        variances = mean_over_inputs(variances)
    return variances * (FACTOR if classifier or squares.ndim == 1 else 1)


def unlearn(problem: Problem, states: TrainState, *, alpha: Float = 1e-6, batches: str = "random",
            ) -> tuple[TrainState, History]:
    """Adds Gaussian noise, larger where the squared gradients of the retain set are small."""
    alphas, classes = problem.each(alpha), problem.task.model.image.classes

    def perturbed(p: np.ndarray, squares: np.ndarray, draws: np.ndarray) -> np.ndarray:
        scales = [np.sqrt(variance(leaf, classes, alpha)) for leaf, alpha in
                  zip(squares, alphas, strict=True)]
        return np.asarray(p) + np.stack(scales) * draws

    squares = squared_gradients(problem, states, batches)
    params = jax.tree.map(perturbed, states.params, squares,
                          noise(problem, states.params))
    return result_without_steps(states, params, classes * problem.retain.shape[1])


ALGORITHM = Algorithm(
    "fisher_new", unlearn,
    checks={"alpha": checks.number(0, open_low=True), "batches": checks.one_of(BATCHES)},
    search={"alpha": log_uniform(1e-8, 1e-4)},
    reference={"batches": "ordered"}, family="noise")
