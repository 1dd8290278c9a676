"""Trains a stack of models along their batch plans."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import Stream
from rum_jax.models import Model
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train import placement
from rum_jax.train.engine import Engine, over_models
from rum_jax.train.gather import gather
from rum_jax.train.log import Log
from rum_jax.train.placement import OnDevices
from rum_jax.train.resume import Checkpointing, FitCheckpoint
from rum_jax.train.state import Context, Objective, TrainState, make_step

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

    def map_models(self, function: Callable[..., PyTree], *stacked: PyTree,
                   shared: tuple[PyTree, ...] = ()) -> PyTree:
        """Runs a function of the images for M models at once, wherever the engine runs them.

        Args:
          function: (images uint8[N,H,W,C], *shared, *one model's part of each stacked) -> tree.
            Must be the same object on every call, as it addresses the compiled program.
          stacked: trees with leading axis M, on the host, on devices or `OnDevices`; None has no
            leaves.
          shared: trees that all models are given whole.

        Returns:
          The results with leading axis M, on the host.
        """
        models = placement.number_of_models(*stacked)
        engine = self.engine.for_models(models)
        run = over_models(engine, function, shared=1 + len(shared))
        results = run(placement.resident(engine, self.images),
                      *(placement.replicate(engine, tree) for tree in shared),
                      *(placement.put(engine, tree, models) for tree in stacked))
        return placement.get(results, models)

    def put(self, tree: PyTree) -> OnDevices:
        """A tree with leading axis M, put where the programs of M models look for it."""
        models = placement.number_of_models(tree)
        engine = self.engine.for_models(models)
        return OnDevices(engine, placement.put(engine, tree, models), models)


class Plan(NamedTuple):
    """Everything that is decided before the first step.

    Attributes:
      streams: stream name -> Stream with arrays int32[M,T,B].
      learning_rate: float[M,T].
      schedules: hyper-parameters of the objective that change, name -> float[M,T].
      augmentation: key of AUGMENTATIONS -> uint32[M,T,2], the key_data of each step's epoch.
    """

    streams: dict[str, Stream]
    learning_rate: np.ndarray
    schedules: dict[str, np.ndarray] = {}
    augmentation: dict[str, np.ndarray] = {}


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


@functools.cache
def _runner(model: Model, objective: Objective) -> Callable:
    """run(images, steps, state, plan, context) -> Fitted, without axis M, for one model."""
    step = make_step(model, objective)

    def run(images: jax.Array, steps: jax.Array, state: TrainState, plan: Plan,
            context: Context) -> Fitted:
        def at(i: jax.Array, state: TrainState) -> tuple[TrainState, jax.Array, PyTree]:
            key_data = {name: values[i] for name, values in plan.augmentation.items()}
            batches = {name: gather(model, images, s.index[i], s.label[i], key_data)
                       for name, s in plan.streams.items()}
            scheduled = {name: values[i] for name, values in plan.schedules.items()}
            now = dataclasses.replace(context, hparams={**context.hparams, **scheduled})
            return step(state, batches, plan.learning_rate[i], now)

        def body(i: jax.Array, carry: tuple) -> tuple:
            state, *kept = carry
            state, *outputs = at(i, state)
            return state, *jax.tree.map(lambda rows, row: rows.at[i].set(row), kept, outputs)

        length = len(plan.learning_rate)
        _, *shapes = jax.eval_shape(at, jnp.int32(0), state)
        kept = jax.tree.map(lambda leaf: jnp.zeros((length, *leaf.shape), leaf.dtype), shapes)
        return Fitted(*jax.lax.fori_loop(0, steps, body, (state, *kept)))

    return run


def _chunk(plan: Plan, start: int, end: int, length: int) -> Plan:
    """Steps start..end-1 of a plan, padded at the end to so many."""

    def cut(leaf: np.ndarray) -> np.ndarray:
        part = leaf[:, start:end]
        missing = length - part.shape[1]
        return np.pad(part, [(0, 0), (0, missing)] + [(0, 0)] * (part.ndim - 2))

    return jax.tree.map(cut, plan)


def fit(task: Task, objective: Objective, states: TrainState, plan: Plan, context: Context,
        names: Sequence[str], progress: Progress = silent,
        stop_when_diverged: bool = True, keep: Checkpointing | None = None) -> Fitted:
    """Runs every step of the plan for every model.

    The losses of a call of the program are fetched after the next one was started, so the
    devices do not wait for the host.

    Args:
      task: network, examples, and where to run.
      objective: the loss of a step.
      states: host or device arrays with leading axis M; not changed.
      plan: what each model sees at each step.
      context: hyper-parameters, leading axis M.
      names: what to call each of the M models in messages.
      progress: called with the completed fraction, in (0,1], after every call of the program.
      stop_when_diverged: whether a loss that is not finite raises DivergedError; if False,
        training continues.
      keep: where and how often checkpoints are written; training resumes from the last one. The
        objective must then record one array, or nothing.

    Raises:
      DivergedError: a loss is not finite; names the model and the (zero-based) step.
      InputError: the checkpoint belongs to another plan or model.
    """
    begun = keep.load(plan, task.model, context.optimizer) if keep else None
    log = Log(names, plan.learning_rate.shape[1], stop_when_diverged, progress, begun)
    start = task.put(begun.states if begun else states)
    reached = _run(task, objective, start, plan, context, log, begun.steps if begun else 0, keep)
    return Fitted(reached.get(), log.losses(), log.record())


def fit_on_devices(task: Task, objective: Objective, states: OnDevices, plan: Plan,
                   context: Context, names: Sequence[str],
                   stop_when_diverged: bool = True) -> tuple[OnDevices, np.ndarray]:
    """As `fit`, for states that stay on the devices, for the next of many short fits.

    Args:
      task, objective, plan, context, names, stop_when_diverged: see `fit`.
      states: as `Task.put` gives them; they are overwritten and cannot be used afterwards.

    Returns:
      The states, and the losses float[M,T].

    Raises:
      DivergedError: a loss is not finite.
    """
    log = Log(names, plan.learning_rate.shape[1], stop_when_diverged, silent, None)
    return _run(task, objective, states, plan, context, log), log.losses()


def _run(task: Task, objective: Objective, states: OnDevices, plan: Plan, context: Context,
         log: Log, step: int = 0, keep: Checkpointing | None = None) -> OnDevices:
    """The states after the plan's steps from `step` on; those given are overwritten."""
    engine, models, total = states.engine, states.models, plan.learning_rate.shape[1]
    run = over_models(engine, _runner(task.model, objective), shared=2, donate=1)
    images = placement.resident(engine, task.images)
    contexts = placement.put(engine, context, models)
    while step < total:
        stop = keep.next_stop(step, total) if keep else total
        end = min(step + engine.steps_per_call, stop)
        part = placement.put(engine, _chunk(plan, step, end, engine.steps_per_call), models)
        fitted = run(images, np.int32(end - step), states.calls, part, contexts)
        states = dataclasses.replace(states, calls=[call.states for call in fitted])
        log.add(step, end, [call[1:] for call in fitted])
        if keep and end == stop < total:
            reached = FitCheckpoint(end, states.get(), log.losses(), log.record())
            keep.save(plan, task.model, reached)
        step = end
    return states
