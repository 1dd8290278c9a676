"""Influence unlearning with WoodFisher (Izzo et al., arXiv 2002.10077; Singh & Alistarh,
arXiv 2004.14340; released as `wfisher`).

    v = n_F / (n_F + n_R) * (grad CE(F) - grad CE(R))
    o = g_0, k = v; then for the gradients g_1, g_2, ... of single retain examples
        t = o.g_i ;  k <- k - (k.g_i) / (N + t) * o ;  o <- o - t / (N + t) * o
    theta <- theta + alpha * k

in evaluation mode, with N = 1000 and 1002 retain examples, and in float32 whatever the model is
trained in (in bfloat16 the recursion's k is off by 18% on the digits). o stays parallel to g_0, so
k is not a true inverse-Fisher product (docs/parity.md#q17, kept). Running statistics stay as they
are.

The hyper-parameter `examples` selects the retain examples: "random" draws them at (seed,
"hessian", step); "first" takes the first of R, as released, which in data sorted by class belong
to a few classes.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks
from rum_jax.train.objectives import PyTree
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import result_without_steps
from rum_jax.unlearn.gradients import (
    Gradient,
    Probabilities,
    fold_batches,
    in_random_order,
    mean_gradient,
    ordered,
    zeros_like,
)
from rum_jax.unlearn.spaces import log_uniform

N = 1000
MOST_EXAMPLES = N + 2
EXAMPLES = ("random", "first")


def _dot(a: PyTree, b: PyTree) -> jax.Array | int:
    """The scalar product; the integer 0 of trees without leaves."""
    return sum(jnp.vdot(x, y, precision=jax.lax.Precision.HIGHEST)
               for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _begin(params: PyTree, right_hand_side: PyTree) -> tuple[PyTree, PyTree]:
    return right_hand_side, zeros_like(params)


def _recursion(carry: tuple[PyTree, PyTree], number: jax.Array, gradient: Gradient, batch: Batch,
               probabilities: Probabilities) -> tuple[PyTree, PyTree]:
    """One example: k and o after it."""
    del probabilities
    (k, o), g = carry, gradient(batch.label)
    t = _dot(o, g)
    first = number == 0
    k_factor = jnp.where(first, 0.0, _dot(k, g) / (N + t))

    def next_k(k_leaf: jax.Array, o_leaf: jax.Array) -> jax.Array:
        return k_leaf - k_factor * o_leaf

    def next_o(o_leaf: jax.Array, g_leaf: jax.Array) -> jax.Array:
        return jnp.where(first, g_leaf, o_leaf - t / (N + t) * o_leaf)

    return jax.tree.map(next_k, k, o), jax.tree.map(next_o, o, g)


def directions(problem: Problem, states: TrainState,
               examples: str = "random") -> tuple[PyTree, PyTree]:
    """(v, k): trees like params with leading axis M; `examples` is one of EXAMPLES."""
    problem = problem._replace(task=problem.task._replace(model=problem.task.model.precise()))
    size = problem.optimizer.batch_size
    share = problem.forget.shape[1] / (problem.forget.shape[1] + problem.retain.shape[1])
    forget, retain = (mean_gradient(problem, states, ordered(problem, part, size))
                      for part in ("forget", "retain"))

    def difference(f: np.ndarray, r: np.ndarray) -> np.ndarray:
        return share * (f - r)

    v = jax.tree.map(difference, forget, retain)
    whole = in_random_order(problem) if examples == "random" else problem
    few = whole._replace(retain=whole.retain[:, :MOST_EXAMPLES])
    k, _ = fold_batches(problem, states, _recursion, _begin, ordered(few, "retain", 1), v)
    return v, k


def unlearn(problem: Problem, states: TrainState, *, alpha: Float = 1.0, examples: str = "random",
            ) -> tuple[TrainState, History]:
    """Adds alpha times the estimated influence of F to the parameters."""
    _, k = directions(problem, states, examples)
    scale = problem.each(alpha)

    def moved(p: np.ndarray, leaf: np.ndarray) -> np.ndarray:
        return np.asarray(p) + scale.reshape(-1, *[1] * (leaf.ndim - 1)) * leaf

    params = jax.tree.map(moved, states.params, k)
    seen = problem.forget.shape[1] + problem.retain.shape[1]
    return result_without_steps(states, params, seen + min(problem.retain.shape[1], MOST_EXAMPLES))


ALGORITHM = Algorithm(
    "influence", unlearn,
    checks={"alpha": checks.number(0, open_low=True), "examples": checks.one_of(EXAMPLES)},
    search={"alpha": log_uniform(0.1, 100)},
    reference={"examples": "first"}, family="influence function")
