"""Losses shared by training and unlearning; each matches `state.Objective`."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from rum_jax.models import Model
from rum_jax.train.state import Aux, Batch, Context

PyTree = Any


def mean_over_examples(values: jax.Array, mask: jax.Array) -> jax.Array:
    """Mean of float[B] over the unmasked entries; 0 for an empty batch."""
    return jnp.sum(values * mask) / jnp.maximum(jnp.sum(mask), 1)


def batch_cross_entropy_and_logits(
        model: Model, params: PyTree, model_state: PyTree, batch: Batch,
        train: bool) -> tuple[jax.Array, jax.Array, PyTree]:
    """Mean cross entropy of a batch, its logits float[B,C], and the new model state."""
    out, model_state = model.apply(params, model_state, batch.pixels, batch.mask, train,
                                   batch.key)
    losses = optax.softmax_cross_entropy_with_integer_labels(out.logits, batch.label)
    return mean_over_examples(losses, batch.mask), out.logits, model_state


def batch_cross_entropy(model: Model, params: PyTree, model_state: PyTree, batch: Batch,
                        train: bool) -> tuple[jax.Array, PyTree]:
    """Mean cross entropy (CE) of a batch, float[], and the new model state."""
    loss, _, model_state = batch_cross_entropy_and_logits(model, params, model_state, batch,
                                                          train)
    return loss, model_state


def cross_entropy(model: Model, params: PyTree, model_state: PyTree, batches: dict[str, Batch],
                  context: Context) -> tuple[jax.Array, Aux]:
    """CE over the stream "examples", in train mode."""
    del context
    loss, model_state = batch_cross_entropy(model, params, model_state, batches["examples"],
                                            train=True)
    return loss, Aux(model_state)
