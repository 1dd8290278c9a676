"""Trains a stack of models along their batch plans."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import PADDING, Stream
from rum_jax.models import Model
from rum_jax.train import engine as engines
from rum_jax.train.engine import Engine
from rum_jax.train.state import Batch, Context, Objective, TrainState, make_step

PyTree = Any


class Plan(NamedTuple):
    """Everything that is decided before the first step.

    Attributes:
      streams: stream name -> Stream with arrays int32[M,T,B].
      learning_rate: float32[M,T].
    """

    streams: dict[str, Stream]
    learning_rate: np.ndarray


class DivergedError(FloatingPointError):
    """A loss that is not finite.

    Attributes:
      model: position on the model axis.
      step: zero-based step in the plan.
    """

    def __init__(self, model: int, step: int, loss: float):
        super().__init__(f"loss is {loss} at model {model}, step {step}")
        self.model, self.step, self.loss = model, step, loss


@functools.lru_cache(maxsize=None)
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


def _check_finite(losses: np.ndarray, first_step: int) -> None:
    if not np.isfinite(losses).all():
        step, model = np.argwhere(~np.isfinite(losses.T))[0]
        raise DivergedError(int(model), first_step + int(step), float(losses[model, step]))


def fit(engine: Engine, model: Model, objective: Objective, images: jax.Array,
        states: TrainState, plan: Plan, context: Context,
        progress: Callable[[int], None] = lambda steps: None) -> tuple[TrainState, np.ndarray]:
    """Runs every step of the plan for every model.

    Args:
      engine: where and how the models run.
      model: the network.
      objective: the loss of a step.
      images: uint8[N,H,W,C], on the host or replicated over the devices.
      states: host or device arrays with leading axis M; not changed.
      plan: what each model sees at each step.
      context: hyper-parameters, leading axis M.
      progress: called with the number of steps done since the last call.

    Returns:
      (states on the host, losses float32[M,T]).

    Raises:
      DivergedError: a loss is not finite; names the model and the step.
    """
    models, total = plan.learning_rate.shape
    run = engines.over_models(engine, _runner(model, objective), shared=2, donate=1)
    images = engines.replicate(engine, images)
    states, context = engines.put(engine, jax.device_get(states)), engines.put(engine, context)
    losses = []
    for start in range(0, total, engine.steps_per_call):
        steps = min(engine.steps_per_call, total - start)
        part = engines.put(engine, _chunk(plan, start, engine.steps_per_call))
        states, loss = run(images, np.int32(steps), states, part, context)
        losses.append(np.asarray(loss)[:models, :steps])
        _check_finite(losses[-1], start)
        progress(steps)
    return engines.get(states, models), np.concatenate(losses, axis=1)
