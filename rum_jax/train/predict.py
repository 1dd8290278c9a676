"""Evaluation-mode outputs of a stack of models for every example."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import batches
from rum_jax.models import Model
from rum_jax.train.fit import Task
from rum_jax.train.mesh import split_batch
from rum_jax.train.placement import OnDevices
from rum_jax.train.state import PyTree, TrainState

BATCH_SIZE = 256


@functools.cache
def _predictor(model: Model, output: str) -> Callable:
    """predict(images, index, params, model_state) -> that field of Outputs, [T*B,...].

    For one model; index is int32[T,B].
    """

    def predict(images: jax.Array, index: jax.Array, params, model_state) -> jax.Array:
        def one_batch(places: jax.Array) -> jax.Array:
            batch = images[split_batch(places)]
            pixels, mask = model.to_unit(batch), jnp.ones(len(batch), bool)
            out, _ = model.apply(params, model_state, pixels, mask, train=False)
            return getattr(out, output)

        outputs = jax.lax.map(one_batch, index)
        return outputs.reshape(-1, outputs.shape[-1])

    return predict


def predict(task: Task, states: TrainState | OnDevices) -> np.ndarray:
    """Logits float[M,N,C] of M models for all N examples, with running statistics.

    Args:
      task: network, examples, and where to run.
      states: leading axis M; or as `Task.put` gives them, where they stay.
    """
    return _outputs(task, states, "logits")


def embed(task: Task, states: TrainState) -> np.ndarray:
    """Penultimate features float[M,N,D] of M models for all N examples."""
    return _outputs(task, states, "features")


def _outputs(task: Task, states: TrainState | OnDevices, output: str) -> np.ndarray:
    examples = len(task.images)
    index = np.maximum(batches(np.arange(examples), BATCH_SIZE), 0)
    variables = _variables(states)
    outputs = task.map_models(_predictor(task.model, output), *variables, shared=(index,))
    return outputs[:, :examples]


def _variables(states: TrainState | OnDevices) -> tuple[PyTree, PyTree]:
    """(params, model_state), where the states are."""
    if isinstance(states, OnDevices):
        return states.map(lambda tree: tree.params), states.map(lambda tree: tree.model_state)
    return states.params, states.model_state
