"""Evaluation-mode outputs of a stack of models for every example."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.models import Model
from rum_jax.train import engine as engines
from rum_jax.train.fit import Task
from rum_jax.train.mesh import split_batch
from rum_jax.train.state import TrainState

BATCH_SIZE = 256


@functools.cache
def _predictor(model: Model, output: str) -> Callable:
    """predict(images, params, model_state) -> that field of Outputs, [N,...], of one model."""

    def predict(images: jax.Array, params, model_state) -> jax.Array:
        def one_batch(batch: jax.Array) -> jax.Array:
            pixels, mask = model.to_unit(split_batch(batch)), jnp.ones(len(batch), bool)
            out, _ = model.apply(params, model_state, pixels, mask, train=False)
            return getattr(out, output)

        made = jax.lax.map(one_batch, images)
        return made.reshape(-1, made.shape[-1])

    return predict


def predict(task: Task, states: TrainState) -> np.ndarray:
    """Logits float[M,N,C] of M models for all N examples, with running statistics."""
    return _outputs(task, states, "logits")


def embed(task: Task, states: TrainState) -> np.ndarray:
    """Penultimate features float[M,N,D] of M models for all N examples."""
    return _outputs(task, states, "features")


def _outputs(task: Task, states: TrainState, output: str) -> np.ndarray:
    examples, models = len(task.images), len(states.step)
    engine = task.engine.for_models(models)
    missing = -examples % BATCH_SIZE
    padded = np.pad(task.images, [(0, missing)] + [(0, 0)] * 3)
    run = engines.over_models(engine, _predictor(task.model, output), shared=1)
    batched = engines.replicate(engine, padded.reshape(-1, BATCH_SIZE, *padded.shape[1:]))
    made = run(batched, *(engines.put(engine, jax.device_get(part), models)
                          for part in (states.params, states.model_state)))
    return engines.get(made, models)[:, :examples]
