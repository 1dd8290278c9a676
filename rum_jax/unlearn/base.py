"""The contract of unlearning algorithms.

    unlearn(problem, states, hparams) -> (states, History)

is a pure function of its arguments over M models (one per seed) at once. Every algorithm

  - leaves the caller's states as they are: they are the next method's start, or a teacher;
  - draws randomness only at (seed, role, problem.step, epoch);
  - returns states with a fresh optimizer state, so that the next algorithm of a chain starts as
    it would on a stored model;
  - takes float hyper-parameters into its program as arrays: new values do not recompile.

A new algorithm is one file that ends in `ALGORITHM = Algorithm(...)` and one line in
`rum_jax/unlearn/__init__.py`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from rum_jax.checks import Check
from rum_jax.data.plans import Stream, per_epoch
from rum_jax.progress import Progress, silent
from rum_jax.randomness import generator
from rum_jax.train.fit import Plan, Task, fit
from rum_jax.train.recipe import Optimizer, contexts
from rum_jax.train.state import Objective, TrainState


class Problem(NamedTuple):
    """What is to be forgotten, from where, with what.

    Attributes:
      task: network, examples, and where to run.
      forget: int32[M,F] ascending positions of the forget set of each model.
      retain: int32[M,R] ascending positions of the retain set of each model.
      seeds: M seeds, the addresses of all randomness.
      step: position in a chain of algorithms, from 0; part of the addresses.
      optimizer: batch size, momentum and weight decay.
      progress: told the fraction done.
    """

    task: Task
    forget: np.ndarray
    retain: np.ndarray
    seeds: tuple[int, ...]
    step: int
    optimizer: Optimizer
    progress: Progress = silent

    @property
    def names(self) -> list[str]:
        """What to call each model in messages."""
        return [f"seed {seed}" for seed in self.seeds]

    def generators(self, role: str, epoch: int) -> list[np.random.Generator]:
        """One generator per model for that role and epoch of this step."""
        return [generator(seed, role, self.step, epoch) for seed in self.seeds]


class History(NamedTuple):
    """What an algorithm did.

    Attributes:
      losses: float32[M,T], the loss of every optimizer step.
      examples: how many example gradients each model took.
    """

    losses: np.ndarray
    examples: int


class Algorithm(NamedTuple):
    """An algorithm and what a config must say to use it.

    Attributes:
      unlearn: see the module's docstring.
      checks: hyper-parameter -> check of its value; exactly these are in a config.
      published: hyper-parameter -> value of the released scripts (spec section 4).
      search: hyper-parameter -> (generator) -> value, what a search draws from.
    """

    unlearn: Callable[[Problem, TrainState, dict[str, Any]], tuple[TrainState, History]]
    checks: dict[str, Check]
    published: dict[str, Any]
    search: dict[str, Callable[[np.random.Generator], Any]]


def descend(problem: Problem, objective: Objective, states: TrainState,
            streams: dict[str, Stream], learning_rate: np.ndarray,
            hparams: dict[str, float] | None = None,
            grad_mask: Any = None) -> tuple[TrainState, History]:
    """Runs SGD from the given states: what every gradient method does in the end.

    Args:
      problem: the algorithm's own argument.
      objective: loss of a step.
      states: leading axis M; only params and model_state are used.
      streams: stream name -> arrays int32[M,T,B], T a multiple of the number of epochs.
      learning_rate: float[E], of each epoch.
      hparams: float hyper-parameters of the objective.
      grad_mask: tree like params, leading axis M, or None.

    Raises:
      DivergedError: a loss is not finite.
    """
    models, steps, _ = next(iter(streams.values())).index.shape
    rates = per_epoch(learning_rate, steps // max(len(learning_rate), 1))
    plan = Plan(streams, np.tile(rates, (models, 1)))
    context = contexts(models, problem.optimizer, hparams, grad_mask)
    states, losses = fit(problem.task, objective, rested(states), plan, context, problem.names,
                         problem.progress)
    examples = sum(int((stream.index[0] >= 0).sum()) for stream in streams.values())
    return rested(states), History(losses, examples)


def rested(states: TrainState) -> TrainState:
    """The same models with a fresh optimizer state."""
    zero = jax.tree.map(np.zeros_like, (states.step, states.opt_state))
    return states.replace(step=zero[0], opt_state=zero[1])
