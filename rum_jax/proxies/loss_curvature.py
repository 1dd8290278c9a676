"""Curvature of the loss in input space (Garg et al., arXiv 2307.05831; docs/parity.md#proxies).

    g = grad_x CE(x),  s = sign(g),  z = h (s + 1e-7) / (|s|_2 + 1e-7)
    curvature = | grad_x [CE(x + z) - CE(x)] |_2

in evaluation mode, per example; x in [0,1]. It rises with memorization. The model is computed in
float32 whatever it is trained in: a step is h / sqrt(pixels) in each pixel, 2e-4 on CIFAR, which in
bfloat16 leaves most pixels where they are.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import batches, stream
from rum_jax.models import Model
from rum_jax.train.fit import Task
from rum_jax.train.gather import gather
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Batch, TrainState

EPSILON = 1e-7


class Curvature(NamedTuple):
    """Attributes:
      curvature: float[M,n].
      gradients: float[M,n,...], grad_x of each example's CE.
      steps: float[M,n,...], z.
    """

    curvature: np.ndarray
    gradients: np.ndarray
    steps: np.ndarray


def _pixel_gradient(model: Model, params: PyTree, model_state: PyTree, batch: Batch,
                    pixels: jax.Array) -> jax.Array:
    """float[B,...]: the gradient of each example's CE at other pixels than those of the batch."""

    def summed(pixels: jax.Array) -> jax.Array:
        moved = dataclasses.replace(batch, pixels=pixels)
        mean = batch_cross_entropy(model, params, model_state, moved, train=False)[0]
        return mean * batch.mask.sum()  # so that each example's gradient is its own

    return jax.grad(summed)(pixels)


@functools.cache
def _curvatures(model: Model) -> Callable:
    def run(images: jax.Array, params: PyTree, model_state: PyTree, plan: tuple,
            h: jax.Array) -> tuple:
        def one_batch(part: tuple) -> tuple:
            batch = gather(model, images, *part)
            gradient_at = functools.partial(_pixel_gradient, model, params, model_state, batch)
            gradient = gradient_at(batch.pixels)
            sign, axes = jnp.sign(gradient), tuple(range(1, gradient.ndim))
            norm = jnp.sqrt(jnp.square(sign).sum(axes, keepdims=True))
            z = h * (sign + EPSILON) / (norm + EPSILON)
            change = gradient_at(batch.pixels + z) - gradient
            return jnp.sqrt(jnp.square(change).sum(axes)), gradient, z

        return jax.lax.map(one_batch, plan)

    return run


def loss_curvature(task: Task, states: TrainState, positions: np.ndarray, h: float,
                   batch_size: int) -> Curvature:
    """Curvature of M models at n examples.

    Args:
      task: network, examples, and where to run.
      states: leading axis M.
      positions: int32[n].
      h: length of the step, in units of pixels in [0,1].
      batch_size: examples at a time; changes no result.
    """
    models = len(states.step)
    index = np.tile(batches(positions, batch_size), (models, 1, 1))
    curvatures = task.map_models(_curvatures(task.model.precise()), states.params,
                                 states.model_state, stream(index, task.labels),
                                 np.full(models, h))
    return Curvature(*(leaf.reshape(models, -1, *leaf.shape[3:])[:, :len(positions)]
                       for leaf in curvatures))
