"""Trains a stack of models along their batch plans."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import PADDING, Stream
from rum_jax.errors import RunError
from rum_jax.models import Model
from rum_jax.progress import Progress, silent
from rum_jax.train import engine as engines
from rum_jax.train.engine import Engine
from rum_jax.train.state import Batch, Context, Objective, TrainState, make_step

PyTree = Any


class Task(NamedTuple):
    """What models are trained on, and where.

    Attributes:
      engine: devices and strategy.
      model: the network.
      images: uint8[N,H,W,C].
      labels: int32[N].
    """

    engine: Engine
    model: Model
    images: np.ndarray
    labels: np.ndarray


class Plan(NamedTuple):
    """Everything that is decided before the first step.

    Attributes:
      streams: stream name -> Stream with arrays int32[M,T,B].
      learning_rate: float32[M,T].
    """

    streams: dict[str, Stream]
    learning_rate: np.ndarray


class DivergedError(RunError):
    """A training loss became NaN or infinite."""


@functools.cache
def _runner(model: Model, objective: Objective) -> Callable:
    """run(images, steps, state, plan, context) -> (state, losses float32[T]) for one model."""
    step = make_step(model, objective)

    def gather(images: jax.Array, index: jax.Array, label: jax.Array) -> Batch:
        mask = index != PADDING
        return Batch(model.to_unit(images[jnp.maximum(index, 0)]), label, mask)

    def run(images: jax.Array, steps: jax.Array, state: TrainState, plan: Plan,
            context: Context) -> tuple[TrainState, jax.Array]:
        def body(i: jax.Array, carry: tuple) -> tuple:
            state, losses = carry
            batches = {name: gather(images, s.index[i], s.label[i])
                       for name, s in plan.streams.items()}
            state, loss = step(state, batches, plan.learning_rate[i], context)
            return state, losses.at[i].set(loss)

        losses = jnp.zeros(plan.learning_rate.shape, jnp.float32)
        return jax.lax.fori_loop(0, steps, body, (state, losses))

    return run


def _chunk(plan: Plan, start: int, length: int) -> Plan:
    """Steps start..start+length-1 of a plan, padded at the end to the full length."""

    def cut(leaf: np.ndarray) -> np.ndarray:
        part = leaf[:, start:start + length]
        missing = length - part.shape[1]
        return np.pad(part, [(0, 0), (0, missing)] + [(0, 0)] * (part.ndim - 2))

    return jax.tree.map(cut, plan)


def _check_finite(losses: np.ndarray, first_step: int, names: Sequence[str]) -> None:
    if not np.isfinite(losses).all():
        step, model = np.argwhere(~np.isfinite(losses.T))[0]
        raise DivergedError(f"loss is {losses[model, step]} at {names[model]}, step "
                            f"{first_step + step}; a smaller learning rate usually helps")


def fit(task: Task, objective: Objective, states: TrainState, plan: Plan, context: Context,
        names: Sequence[str], progress: Progress = silent) -> tuple[TrainState, np.ndarray]:
    """Runs every step of the plan for every model.

    Args:
      task: network, examples, and where to run.
      objective: the loss of a step.
      states: host or device arrays with leading axis M; not changed.
      plan: what each model sees at each step.
      context: hyper-parameters, leading axis M.
      names: what to call each of the M models in messages.
      progress: told the fraction of the work done, in (0,1], after every call of the program.

    Returns:
      (states on the host, losses float32[M,T]).

    Raises:
      DivergedError: a loss is not finite; names the model and the (zero-based) step.
    """
    models, total = plan.learning_rate.shape
    engine = task.engine.for_models(models)
    run = engines.over_models(engine, _runner(task.model, objective), shared=2, donate=1)
    images = engines.replicate(engine, task.images)
    states, context = engines.put(engine, jax.device_get(states)), engines.put(engine, context)
    losses = []
    for start in range(0, total, engine.steps_per_call):
        steps = min(engine.steps_per_call, total - start)
        part = engines.put(engine, _chunk(plan, start, engine.steps_per_call))
        states, loss = run(images, np.int32(steps), states, part, context)
        losses.append(np.asarray(loss)[:models, :steps])
        _check_finite(losses[-1], start, names)
        progress((start + steps) / total)
    return engines.get(states, models), np.concatenate(losses, axis=1)
