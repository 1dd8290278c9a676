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
      learning_rate: float[M,T].
      schedules: hyper-parameters of the objective that change, name -> float[M,T].
    """

    streams: dict[str, Stream]
    learning_rate: np.ndarray
    schedules: dict[str, np.ndarray] = {}


class Fitted(NamedTuple):
    """What a fit gives.

    Attributes:
      states: on the host, leading axis M.
      losses: float[M,T].
      record: the objective's records, leading axes [M,T]; None for most objectives.
    """

    states: TrainState
    losses: np.ndarray
    record: PyTree


class DivergedError(RunError):
    """A training loss became NaN or infinite."""


@functools.cache
def _runner(model: Model, objective: Objective) -> Callable:
    """run(images, steps, state, plan, context) -> Fitted, without axis M, for one model."""
    step = make_step(model, objective)

    def gather(images: jax.Array, index: jax.Array, label: jax.Array) -> Batch:
        mask = index != PADDING
        return Batch(model.to_unit(images[jnp.maximum(index, 0)]), label, mask)

    def run(images: jax.Array, steps: jax.Array, state: TrainState, plan: Plan,
            context: Context) -> Fitted:
        def at(i: jax.Array, state: TrainState) -> tuple[TrainState, jax.Array, PyTree]:
            batches = {name: gather(images, s.index[i], s.label[i])
                       for name, s in plan.streams.items()}
            scheduled = {name: values[i] for name, values in plan.schedules.items()}
            now = context.replace(hparams={**context.hparams, **scheduled})
            return step(state, batches, plan.learning_rate[i], now)

        def body(i: jax.Array, carry: tuple) -> tuple:
            state, *kept = carry
            state, *made = at(i, state)
            return state, *jax.tree.map(lambda all_, one: all_.at[i].set(one), kept, made)

        length = len(plan.learning_rate)
        _, *one = jax.eval_shape(at, jnp.int32(0), state)
        kept = jax.tree.map(lambda leaf: jnp.zeros((length, *leaf.shape), leaf.dtype), one)
        return Fitted(*jax.lax.fori_loop(0, steps, body, (state, *kept)))

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
        names: Sequence[str], progress: Progress = silent,
        stop_when_diverged: bool = True) -> Fitted:
    """Runs every step of the plan for every model.

    Args:
      task: network, examples, and where to run.
      objective: the loss of a step.
      states: host or device arrays with leading axis M; not changed.
      plan: what each model sees at each step.
      context: hyper-parameters, leading axis M.
      names: what to call each of the M models in messages.
      progress: told the fraction of the work done, in (0,1], after every call of the program.
      stop_when_diverged: False: a model whose loss is not finite goes on with what it has.

    Raises:
      DivergedError: a loss is not finite; names the model and the (zero-based) step.
    """
    models, total = plan.learning_rate.shape
    engine = task.engine.for_models(models)
    run = engines.over_models(engine, _runner(task.model, objective), shared=2, donate=1)
    images = engines.replicate(engine, task.images)
    states = engines.put(engine, jax.device_get(states), models)
    context = engines.put(engine, context, models)
    losses, records = [], []
    for start in range(0, total, engine.steps_per_call):
        steps = min(engine.steps_per_call, total - start)
        part = engines.put(engine, _chunk(plan, start, engine.steps_per_call), models)
        made = run(images, np.int32(steps), states, part, context)
        states = [one.states for one in made]
        loss, record = jax.tree.map(lambda leaf, n=steps: leaf[:, :n],
                                    engines.get([one[1:] for one in made], models))
        losses.append(loss)
        records.append(record)
        if stop_when_diverged:
            _check_finite(losses[-1], start, names)
        progress((start + steps) / total)
    joined = jax.tree.map(lambda *leaves: np.concatenate(leaves, axis=1), *records)
    return Fitted(engines.get(states, models), np.concatenate(losses, axis=1), joined)
