"""Boundary shrink (Chen et al., CVPR 2023, arXiv 2303.11570; docs/parity.md#unlearning).

    x' = round(255 * clip(x + 0.1 * sign(grad_x CE(T(x), y)), 0, 1)) / 255
    minimize CE over F to the label argmax T(x')

T is the model before unlearning, in evaluation mode and in float32 (in bfloat16, which has no 255
levels, one label of thirty is another on the digits). It is fixed, so each forget example's new
label is found once. In train mode the forget batches move BatchNorm's running statistics
(docs/parity.md#q15).
"""

import dataclasses
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import PADDING, Stream
from rum_jax.models import Model
from rum_jax.train.gather import gather
from rum_jax.train.objectives import PyTree, batch_cross_entropy, cross_entropy
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import RELABELING, Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.gradients import grad, ordered
from rum_jax.unlearn.spaces import integers, log_uniform

ATTACK_STEP, PIXEL_LEVELS = 0.1, 255


def _attacked(model: Model, params: PyTree, model_state: PyTree, batch: Batch) -> jax.Array:
    """x': the pixels of a batch, moved up the loss and rounded to levels of a picture.

    Inputs that are no uint8 images have no range and no levels: they are moved alone.
    """

    def loss(pixels: jax.Array) -> jax.Array:
        return batch_cross_entropy(model, params, model_state,
                                   dataclasses.replace(batch, pixels=pixels), train=False)[0]

    direction = jnp.sign(grad(loss)(batch.pixels))
    if not model.image.pixel_max:
        return batch.pixels + ATTACK_STEP * direction
    moved = jnp.clip(batch.pixels + ATTACK_STEP * direction, 0, 1)
    return jnp.round(moved * PIXEL_LEVELS) / PIXEL_LEVELS


@functools.cache
def _attacker(model: Model) -> Callable[..., jax.Array]:
    """nearest(images, params, model_state, plan) -> int32[T,B] labels of one model."""

    def nearest(images: jax.Array, params: PyTree, model_state: PyTree,
                plan: Stream) -> jax.Array:
        def one_batch(carry: None, part: PyTree) -> tuple[None, jax.Array]:
            batch = gather(model, images, *part)
            attacked = _attacked(model, params, model_state, batch)
            out, _ = model.apply(params, model_state, attacked, batch.mask, train=False)
            return carry, out.logits.argmax(-1).astype(jnp.int32)

        return jax.lax.scan(one_batch, None, plan)[1]

    return nearest


def nearest_labels(problem: Problem, states: TrainState) -> np.ndarray:
    """int32[M,F]: the class across the nearest boundary, for each forget example."""
    plan = ordered(problem, "forget", problem.optimizer.batch_size)
    nearest = problem.task.map_models(_attacker(problem.task.model.precise()), states.params,
                                      states.model_state, plan)
    return nearest.reshape(len(nearest), -1)[:, :problem.forget.shape[1]]


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0) -> tuple[TrainState, History]:
    """Moves each forget example across its nearest boundary.

    Raises:
      DivergedError: a loss is not finite.
    """
    index = epochs_of(problem, "forget", epochs)
    labels = np.zeros((len(index), len(problem.task.labels)), np.int32)
    np.put_along_axis(labels, problem.forget, nearest_labels(problem, states), axis=1)
    chosen = np.stack([row[np.maximum(places, 0)] for row, places in
                       zip(labels, index, strict=True)])
    return descend(problem, cross_entropy, states,
                   {"examples": Stream(index, np.where(index == PADDING, 0, chosen))},
                   rates(problem, epochs, learning_rate, last_epoch_factor))


ALGORITHM = Algorithm(
    "boundary_shrink", unlearn, family=RELABELING,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-5, 0.1)})
