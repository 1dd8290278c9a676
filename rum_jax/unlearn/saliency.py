"""Weight saliency masks (Fan et al., arXiv 2310.12508; spec section 4, SalUn mask).

saliency = | sum over batches of F of grad CE(batch) |, in evaluation mode, at the given model.

Published behaviour where the released RUM code differs: the mask keeps the *largest* saliencies
(spec quirk Q1), no optimizer steps are taken while gradients are summed (Q1b), and the model is
the current one of a chain (Q33).
"""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from rum_jax.data.plans import PADDING, Stream, batches, stream
from rum_jax.models import Model
from rum_jax.train import engine as engines
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import Problem


@functools.cache
def _summed_gradients(model: Model) -> Callable:
    """grads(images, params, model_state, stream) -> |summed gradient| tree of one model."""

    def grads(images: jax.Array, params: PyTree, model_state: PyTree, forget: Stream) -> PyTree:
        def loss(params: PyTree, index: jax.Array, label: jax.Array) -> jax.Array:
            pixels = model.to_unit(images[jnp.maximum(index, 0)])
            batch = Batch(pixels, label, index != PADDING)
            return batch_cross_entropy(model, params, model_state, batch, train=False)[0]

        def add(total: PyTree, batch: Stream) -> tuple[PyTree, None]:
            return jax.tree.map(jnp.add, total, jax.grad(loss)(params, *batch)), None

        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, params), forget)
        return jax.tree.map(jnp.abs, total)

    return grads


def saliency(problem: Problem, states: TrainState) -> PyTree:
    """Tree like params, float32 with leading axis M: how strongly F pulls at each weight."""
    task, models = problem.task, len(problem.seeds)
    engine = task.engine.for_models(models)
    index = np.stack([batches(own, problem.optimizer.batch_size) for own in problem.forget])
    run = engines.over_models(engine, _summed_gradients(task.model), shared=1)
    result = run(engines.replicate(engine, task.images), engines.put(engine, states.params),
                 engines.put(engine, states.model_state),
                 engines.put(engine, stream(index, task.labels)))
    return engines.get(result, models)


def largest(saliencies: PyTree, fraction: float) -> PyTree:
    """Mask of one model: 1 at the int(fraction * weights) largest values over all parameters.

    Args:
      saliencies: tree of float[...], one model.
      fraction: of all weights, in [0,1].

    Returns:
      The same tree of float32 0 and 1; ties are broken by place, later weights first kept.
    """
    flat, unravel = ravel_pytree(jax.tree.map(np.asarray, saliencies))
    rank = np.argsort(np.argsort(np.asarray(flat), kind="stable"), kind="stable")
    kept = rank >= len(rank) - int(fraction * len(rank))
    return jax.device_get(unravel(kept.astype(np.float32)))
