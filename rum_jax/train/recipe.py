"""Training from scratch: the recipe of original models, oracles and memorization members."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core.randomness import DROPOUT, key, key_data
from rum_jax.data.augment import NONE
from rum_jax.data.plans import cosine, multistep, per_epoch, shuffled_epochs, stream
from rum_jax.models import Model
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Fitted, Plan, PyTree, Task, fit
from rum_jax.train.memory import check_plan
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.resume import Checkpointing
from rum_jax.train.state import (
    SGD,
    Context,
    Objective,
    TrainState,
    fresh,
    with_fresh_optimizer,
)


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """What every SGD run must say (docs/parity.md#training).

    Attributes:
      batch_size: examples per step; the last batch of an epoch may be short.
      momentum: of SGD, without dampening or Nesterov.
      weight_decay: on every parameter, BatchNorm and biases included.
      augmentation: of every example at every step, a key of AUGMENTATIONS or NONE.
      name: a key of OPTIMIZERS; AdamW has `momentum` as its first beta and a decoupled decay.
      warmup_epochs: over so many epochs the rate of each step rises linearly to its value.
    """

    batch_size: int
    momentum: float
    weight_decay: float
    augmentation: str = NONE
    name: str = SGD
    warmup_epochs: float = 0.0

    def warmed_up(self, rates: np.ndarray, steps_per_epoch: float) -> np.ndarray:
        """float[M,T] rates of steps, those of the warm-up times (t + 1) / its length, t from 0."""
        length = self.warmup_epochs * steps_per_epoch
        steps = np.arange(1, rates.shape[1] + 1)
        return rates * np.minimum(steps / length, 1) if length else rates

    def augmented(self, words_per_step: Callable[[], np.ndarray]) -> dict[str, np.ndarray]:
        """`Plan.augmentation` from uint32[M,T,2]; nothing is drawn without augmentation."""
        return {} if self.augmentation == NONE else {self.augmentation: words_per_step()}


SCHEDULES = ("cosine", "steps")
STEP_FACTOR = 0.2  # of the rate at each milestone (docs/parity.md#training)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training from scratch.

    Attributes:
      epochs: passes over the training set.
      learning_rate: of the first epoch.
      optimizer: batch size, momentum, weight decay.
      schedule: "cosine", or "steps" of STEP_FACTOR at the milestones; changes once per epoch.
      milestones: epochs.
      period_epochs: of the cosine; 0 stands for `epochs`, so that it ends near 0.
    """

    epochs: int
    learning_rate: float | np.ndarray
    optimizer: Optimizer
    schedule: str = "cosine"
    milestones: tuple[int, ...] = ()
    period_epochs: int = 0

    def rates(self) -> np.ndarray:
        """float64[epochs] relative to learning_rate."""
        if self.schedule == "steps":
            return multistep(self.epochs, self.milestones, STEP_FACTOR)
        return cosine(self.epochs, self.period_epochs or self.epochs)

    def one_epoch(self) -> "Recipe":
        """The same for a single epoch, for trials."""
        return dataclasses.replace(self, epochs=1, schedule="cosine", milestones=())


def period_means(losses: np.ndarray, periods: int | Sequence[int]) -> np.ndarray:
    """float[M,T] losses of steps -> float[M,E], means over the steps of each part.

    Args:
      losses: float[M,T].
      periods: E, of equally long parts; or the number of steps of each part, which add up to T.
    """
    if isinstance(periods, int):
        return losses.reshape(len(losses), periods, -1).mean(-1) if periods else losses[:, :0]
    parts = np.split(losses, np.cumsum(periods)[:-1], axis=1) if len(periods) else []
    return np.stack([part.mean(1) for part in parts], 1) if parts else losses[:, :0]


def each(models: int, value: float | np.ndarray) -> np.ndarray:
    """float64[M] of one value for all models, or of one for each."""
    return np.broadcast_to(np.asarray(value, np.float64), (models,))


def dropout_keys(model: Model, rngs: Callable[[], Sequence[np.random.Generator]]
                 ) -> np.ndarray | None:
    """`Context.key_data` of M models, uint32[M,2], from a new generator of each; None: not needed.

    Args:
      model: the network.
      rngs: called where the network draws at random; no child of these may be taken before.
    """
    return np.stack([key_data(rng, DROPOUT) for rng in rngs()]) if model.draws else None


def contexts(models: int, optimizer: Optimizer, hparams: dict[str, Any] | None = None,
             **extra: PyTree) -> Context:
    """What the steps of M models read, with leading axis M.

    Args:
      models: M.
      optimizer: momentum and weight decay.
      hparams: an objective's own hyper-parameters, a float or float[M] each.
      **extra: grad_mask, update_mask, teacher, key_data: leading axis M.
    """
    def of_each(value: float | np.ndarray) -> Any:  # on the host; steps read JAX's arrays
        return each(models, value)

    per_model = {name: of_each(value) for name, value in (hparams or {}).items()}
    return Context(of_each(optimizer.momentum), of_each(optimizer.weight_decay), per_model,
                   optimizer=optimizer.name, **extra)


@functools.cache
def _initializer(model: Model) -> Callable:
    def init(seed: jax.Array, role: jax.Array, member: jax.Array) -> TrainState:
        return fresh(*model.init(key(seed, role, member)))

    return jax.jit(init)


def initial_states(model: Model, addresses: Sequence[tuple[int, int, int]]) -> TrainState:
    """Fresh states on the host, one for each (seed, role number, member) address.

    One model at a time: a millisecond each, where a program for many takes seconds to compile
    for every new number of them.
    """
    init = _initializer(model)
    states = [init(*(jnp.uint32(part) for part in address)) for address in addresses]
    return jax.tree.map(lambda *leaves: np.stack(leaves), *jax.device_get(states))


def train(task: Task, positions: np.ndarray, states: TrainState, recipe: Recipe,
          orders: Sequence[Callable[[int], np.random.Generator]], names: Sequence[str],
          progress: Progress = silent,
          objective: Objective = cross_entropy,
          stop_when_diverged: bool = True,
          keep: Checkpointing | None = None) -> tuple[Plan, Fitted]:
    """Trains M models from the given fresh states, each on its own examples.

    Args:
      task: network, examples, and where to run.
      positions: int32[M,n], the examples of each model.
      states: leading axis M.
      recipe: epochs, schedule and optimizer.
      orders: for each model a function epoch -> generator of that epoch's order.
      names: what to call each model in messages.
      progress: called with the completed fraction.
      objective: loss over the stream "examples".
      stop_when_diverged: as in `fit`.
      keep: where the state is kept every so many epochs; None: nowhere.

    Returns:
      What was done at each step, and its result.

    Raises:
      DivergedError: a loss is not finite.
      InputError: the plan does not fit into memory.
    """
    size = recipe.optimizer.batch_size
    check_plan(f"training of {names[0]}", len(positions), recipe.epochs, positions.shape[1], size)
    index = np.stack([shuffled_epochs(examples, size, [order(e) for e in range(recipe.epochs)])
                      for examples, order in zip(positions, orders, strict=True)])
    models, steps = index.shape[:2]
    rates = np.outer(each(models, recipe.learning_rate), recipe.rates())
    every, epochs = steps // recipe.epochs, range(recipe.epochs)

    def drawn() -> np.ndarray:
        return np.repeat([[key_data(order(e)) for e in epochs] for order in orders], every, axis=1)

    plan = Plan({"examples": stream(index, task.labels)},
                recipe.optimizer.warmed_up(per_epoch(rates, every), every),
                augmentation=recipe.optimizer.augmented(drawn))
    context = contexts(models, recipe.optimizer, key_data=dropout_keys(
        task.model, lambda: [order(0) for order in orders]))
    return plan, fit(task, objective, with_fresh_optimizer(states, recipe.optimizer.name), plan,
                     context, names, progress, stop_when_diverged, keep and keep.of_epochs(every))
