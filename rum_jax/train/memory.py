"""Device memory of a training, from shapes alone, before it begins."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import psutil

from rum_jax.core.errors import InputError
from rum_jax.models import Model
from rum_jax.models.convolution import BLOCKED
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.train.fit import Task
from rum_jax.train.mesh import DATA
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import SGD, Batch, Context, TrainState, make_step, shape_of_state

PyTree = Any
GIB, MIB = 2**30, 2**20
# Blocked convolutions need workspace beyond the arrays that are kept for the backward pass: the
# compiler reports 1.3 to 1.7 times the size of these arrays.
BLOCKED_WORKSPACE_FACTOR = 1.75
AT_ONCE = ("vmap", "unroll")  # strategies that step all models of a device at the same time


class Memory(NamedTuple):
    """Bytes on each device.

    Attributes:
      examples: the data set, and a copy of it in batches while models are evaluated.
      states: parameters, momentum and running statistics of the models it holds.
      step: what the forward pass keeps for the backward pass, and the gradient: an upper bound,
        as the compiler shares buffers and fuses operations.
    """

    examples: int
    states: int
    step: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)

    def __str__(self) -> str:
        examples, states, step = map(in_words, self)
        return (f"{in_words(self.total)} a device at most (examples {examples}, models {states}, "
                f"a step {step})")


def in_words(size: int) -> str:
    """Bytes as people write them."""
    return f"{size / GIB:.2f} GiB" if size >= GIB else f"{size / MIB:.1f} MiB"


def predicted(task: Task, models: int, batch_size: int, optimizer: str = SGD) -> Memory:
    """Memory of training so many models together, with batches of that size."""
    engine = task.engine.for_models(models)
    state, batch = _shapes(task.model, _share_of(engine, batch_size), optimizer)

    def backward(state: TrainState, batch: Batch) -> PyTree:
        def loss(params: PyTree) -> jax.Array:
            return _loss(task.model, dataclasses.replace(state, params=params), batch)
        return jax.vjp(loss, state.params)[1]

    kept = jax.eval_shape(backward, state, batch)
    held = engine.padded(models) // engine.rows
    at_once = held if engine.strategy in AT_ONCE else 1
    step = _bytes(kept) + _bytes(state.params)
    if task.model.network.lowering == BLOCKED:
        step = int(BLOCKED_WORKSPACE_FACTOR * step)
    return Memory(2 * task.images.nbytes, held * _bytes(state), at_once * step)


def compiled_step_bytes(task: Task, models: int, batch_size: int, optimizer: str = SGD) -> int:
    """What the compiler says that a step needs besides its arguments; takes a compilation.

    For one model at a time.
    """
    engine = task.engine.for_models(models)
    shapes = _shapes(task.model, _share_of(engine, batch_size), optimizer)
    step, number = make_step(task.model, cross_entropy), jax.ShapeDtypeStruct((), jnp.float32)

    def run(state: TrainState, batch: Batch, rate: jax.Array) -> PyTree:
        keys = jnp.zeros(2, jnp.uint32)
        context = Context(rate, rate, {}, key_data=keys, optimizer=optimizer)
        return step(state, {"examples": batch}, rate, context)

    program = jax.jit(run, donate_argnums=0).lower(*shapes, number).compile()
    analysis = program.memory_analysis()
    assert analysis is not None  # CPUs, GPUs and TPUs have one
    return analysis.temp_size_in_bytes


def available_bytes(task: Task, models: int) -> int:
    """What a device of the writer has for so many models.

    CPU devices share what the machine has left.
    """
    mesh = task.engine.for_models(models).mesh
    devices = [device for device in mesh.devices.reshape(-1)
               if device.process_index == jax.process_index()]
    limits = [stats["bytes_limit"] for device in devices if (stats := device.memory_stats())]
    available = min(limits) if limits else psutil.virtual_memory().available // max(len(devices), 1)
    return distributed.broadcast_from_writer(available)


def plan_bytes(models: int, epochs: int, examples: int, batch_size: int,
               recorded: int = 0) -> int:
    """Memory of the host for the plan of a training: every step of every model, made at once.

    Positions and labels are integers of four bytes, held twice while they are put together;
    losses, rates and keys are a few numbers a step. `recorded` is how many numbers are kept of each
    example at each step.
    """
    steps = epochs * -(-examples // batch_size)
    return models * steps * (2 * (2 + recorded) * 4 * batch_size + 64)


def check_plan(what: str, models: int, epochs: int, examples: int, batch_size: int,
               recorded: int = 0) -> None:
    """Looks, before anything is made, whether the plan of a training fits into the host's memory.

    Args:
      what: name of the training.
      models: trained together.
      epochs: passes over the examples.
      examples: of each model.
      batch_size: of a step.
      recorded: numbers that are kept of each example at each step.

    Raises:
      InputError: it does not fit.
    """
    needed = plan_bytes(models, epochs, examples, batch_size, recorded)
    available = psutil.virtual_memory().available
    # Without a word between the hosts: what is far too much for one is so for all of them.
    if needed > available:
        raise InputError(f"{what}: {epochs:.6g} epochs of {examples} examples for {models} models "
                         f"are a plan of {in_words(needed)}, {in_words(available)} of the host's "
                         "memory are available; allowed: fewer epochs, models or examples")


def check(task: Task, what: str, models: int, batch_size: int, remedy: str,
          optimizer: str = SGD) -> None:
    """Prints the device memory that a training needs, and checks that it fits.

    If the upper bound from shapes exceeds the available memory, the compiler's figure for a step
    decides instead (for the strategies of AT_ONCE the bound does).

    Args:
      task: network, examples, and where to run.
      what: name of the training.
      models: number of models that are trained together.
      batch_size: examples per step.
      remedy: config fields that reduce the memory, for the message.
      optimizer: a key of OPTIMIZERS.

    Raises:
      InputError: it does not fit.
    """
    memory = predicted(task, models, batch_size, optimizer)
    available = available_bytes(task, models)
    say(f"{what}: {memory}; {in_words(available)} available")
    if memory.total <= available:
        return
    if task.engine.strategy in AT_ONCE:
        raise InputError(f"{what}: {memory} are needed, {in_words(available)} available; allowed: "
                         f"less, by config.engine.strategy=series, {remedy}")
    exact = memory._replace(step=compiled_step_bytes(task, models, batch_size, optimizer))
    if exact.total > available:
        raise InputError(f"{what}: {str(exact).replace(' at most', '')} are needed, "
                         f"{in_words(available)} available; allowed: less, by {remedy}")


def _share_of(engine, batch_size: int) -> int:
    share = engine.mesh.shape[DATA]
    return batch_size // share if batch_size % share == 0 else batch_size


def _shapes(model: Model, batch_size: int, optimizer: str) -> tuple[TrainState, Batch]:
    def batch() -> Batch:
        images = jnp.zeros((batch_size, *model.image.shape), jnp.uint8)
        return Batch(model.to_unit(images), jnp.zeros(batch_size, jnp.int32),
                     jnp.zeros(batch_size, bool), jax.random.key(0) if model.draws else None)

    return shape_of_state(model, optimizer=optimizer), jax.eval_shape(batch)


def _loss(model: Model, state: TrainState, batch: Batch) -> jax.Array:
    zero = jnp.zeros(())
    return cross_entropy(model, state.params, state.model_state, {"examples": batch},
                         Context(zero, zero, {}))[0]


def _bytes(tree: PyTree) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))
