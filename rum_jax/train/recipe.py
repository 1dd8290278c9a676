"""Training from scratch: the recipe of original models, oracles and memorization members."""

import dataclasses
import functools
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.data.plans import cosine, per_epoch, shuffled_epochs, stream
from rum_jax.models import Model
from rum_jax.progress import Progress, silent
from rum_jax.train.fit import Plan, Task, fit
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import Context, TrainState, fresh


@dataclasses.dataclass(frozen=True)
class Optimizer:
    """What every SGD run must say (spec section 3).

    Attributes:
      batch_size: examples per step; the last batch of an epoch may be short.
      momentum: of SGD, without dampening or Nesterov.
      weight_decay: on every parameter, BatchNorm and biases included.
    """

    batch_size: int
    momentum: float
    weight_decay: float


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Training from scratch: cosine schedule per epoch from learning_rate to 0."""

    epochs: int
    learning_rate: float
    optimizer: Optimizer


def contexts(models: int, optimizer: Optimizer, hparams: dict[str, float] | None = None,
             grad_mask: object = None) -> Context:
    """The same hyper-parameters for each of M models, as float32[M] arrays.

    Args:
      models: M.
      optimizer: momentum and weight decay.
      hparams: an objective's own hyper-parameters.
      grad_mask: tree like params with leading axis M, or None.
    """

    def full(value: float) -> np.ndarray:
        return np.full(models, value, np.float32)

    own = {name: full(value) for name, value in (hparams or {}).items()}
    return Context(full(optimizer.momentum), full(optimizer.weight_decay), own, grad_mask)


@functools.cache
def _initializer(model: Model) -> Callable:
    def init(seed: jax.Array, role: jax.Array, member: jax.Array) -> TrainState:
        folded = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), role), member)
        return fresh(*model.init(folded))

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
          progress: Progress = silent) -> tuple[TrainState, np.ndarray]:
    """Trains M models from the given fresh states, each on its own examples.

    Args:
      task: network, examples, and where to run.
      positions: int32[M,n], the examples of each model.
      states: leading axis M.
      recipe: epochs, schedule and optimizer.
      orders: for each model a function epoch -> generator of that epoch's order.
      names: what to call each model in messages.
      progress: told the fraction done.

    Returns:
      (states on the host, losses float32[M,T]).

    Raises:
      DivergedError: a loss is not finite.
    """
    size = recipe.optimizer.batch_size
    index = np.stack([shuffled_epochs(own, size, [order(e) for e in range(recipe.epochs)])
                      for own, order in zip(positions, orders, strict=True)])
    rates = per_epoch(cosine(recipe.learning_rate, recipe.epochs), index.shape[1] // recipe.epochs)
    plan = Plan({"examples": stream(index, task.labels)}, np.tile(rates, (len(index), 1)))
    return fit(task, cross_entropy, states, plan, contexts(len(index), recipe.optimizer), names,
               progress)
