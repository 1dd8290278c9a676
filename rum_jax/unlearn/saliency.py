"""Weight saliency masks (Fan et al., arXiv 2310.12508; docs/parity.md#q1).

    saliency = | grad CE(F) |, in evaluation mode

The released code adds up the gradients of batch means, in which the examples of a last, short batch
weigh more than the others. The released RUM code also takes an SGD step, up the loss, after each
batch, so that it sums gradients along a trajectory (docs/parity.md#q1b). Option `saliency_steps`
does both.
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from rum_jax.data.plans import PADDING, Stream, batches, stream
from rum_jax.models import Model
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.recipe import contexts
from rum_jax.train.state import Batch, Context, TrainState, fresh, sgd
from rum_jax.unlearn.base import Float, Problem
from rum_jax.unlearn.gradients import grad, of_model, unraveled, zeros_like

KEEP = ("largest", "smallest")
MODELS = ("current", "original")
Carry = tuple[PyTree, PyTree, PyTree]  # (sum, params, opt_state)


def _add_share(share: jax.Array | int, total: jax.Array, leaf: jax.Array) -> jax.Array:
    return total + share * leaf


@functools.cache
def _summed_gradients(model: Model, steps: bool) -> Callable[..., tuple[PyTree, PyTree]]:
    """grads(images, params, model_state, stream, rate, context) -> (saliencies, moved params)."""

    def grads(images: jax.Array, params: PyTree, model_state: PyTree, forget: Stream,
              rate: jax.Array, context: Context) -> tuple[PyTree, PyTree]:
        def loss(params: PyTree, index: jax.Array, label: jax.Array) -> jax.Array:
            pixels = model.to_unit(images[jnp.maximum(index, 0)])
            batch = Batch(pixels, label, index != PADDING)
            return -batch_cross_entropy(model, params, model_state, batch, train=False)[0]

        optimizer = sgd(rate, context)

        def add(carry: Carry, batch: Stream) -> tuple[Carry, None]:
            total, params, opt_state = carry
            slope = grad(loss)(params, *batch)
            share = 1 if steps else (batch.index != PADDING).sum() / (forget.index != PADDING).sum()
            total = jax.tree.map(functools.partial(_add_share, share), total, slope)
            if steps:
                updates, opt_state = optimizer.update(slope, opt_state, params)
                params = jax.tree.map(jnp.add, params, updates)
            return (total, params, opt_state), None

        zero = zeros_like(params)
        opt_state = fresh(params, model_state).opt_state
        (total, moved, _), _ = jax.lax.scan(add, (zero, params, opt_state), forget)
        return jax.tree.map(jnp.abs, total), moved

    return grads


def saliency(problem: Problem, states: TrainState, steps: bool,
             learning_rate: Float) -> tuple[PyTree, PyTree]:
    """Absolute gradient of CE(F); with `steps`, absolute sum of batch gradients of SGD ascent.

    Args:
      problem: forget sets, in the order of their positions.
      states: leading axis M.
      steps: whether the model moves while gradients are summed.
      learning_rate: of those steps, a number or float[M].

    Returns:
      (saliencies, params after the steps), trees like params with leading axis M.
    """
    task, models = problem.task, len(problem.seeds)
    index = np.stack([batches(positions, problem.optimizer.batch_size)
                      for positions in problem.forget])
    return task.map_models(_summed_gradients(task.model, steps), states.params,
                           states.model_state, stream(index, task.labels),
                           problem.each(learning_rate), contexts(models, problem.optimizer))


def select(saliencies: PyTree, fraction: float, keep: str) -> PyTree:
    """Mask of one model: 1 at the int(fraction * weights) largest (or smallest) saliencies.

    Args:
      saliencies: tree of float[...], one model.
      fraction: of all weights, in [0,1].
      keep: "largest" or "smallest".

    Returns:
      The same tree of 0 and 1; ties are broken by place, the earlier one ranks lower.
    """
    flat, unravel = ravel_pytree(saliencies)
    rank = np.argsort(np.argsort(np.asarray(flat), kind="stable"), kind="stable")
    count = int(fraction * len(rank))
    kept = rank < count if keep == "smallest" else rank >= len(rank) - count
    return unraveled(unravel, kept.astype(flat.dtype))


def masks(problem: Problem, states: TrainState, fraction: Float, keep: str, steps: bool,
          learning_rate: Float, model: str) -> PyTree:
    """The masks of M models, tree like params with leading axis M.

    Args:
      problem: forget sets.
      states: leading axis M.
      fraction: of the weights that are kept, in [0,1].
      keep: which ones, a value of KEEP.
      steps, learning_rate: see `saliency`.
      model: whose saliencies, a value of MODELS.
    """
    start = states
    if model == "original" and problem.original is not None:
        start = problem.original
    saliencies, _ = saliency(problem, start, steps, learning_rate)
    selected = [select(of_model(saliencies, m), share, keep)
                for m, share in enumerate(problem.each(fraction))]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *selected)
