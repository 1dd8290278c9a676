"""Retraining from scratch on the retain set: exact unlearning, the oracle.

The initial parameters are those of the original model of the same seed; the order of examples is
its own. The cosine's period is `period_epochs`, 0 for the number of epochs run: the released code
takes that of the original model (docs/parity.md#q21, kept with both equal). With schedule "steps"
the rate is multiplied by 0.2 at the milestones, as released for CIFAR-100.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rum_jax.core import checks
from rum_jax.core.randomness import ROLES
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Task
from rum_jax.train.recipe import SCHEDULES, Recipe, initial_states, train
from rum_jax.train.resume import Checkpointing
from rum_jax.train.state import TrainState, with_fresh_optimizer
from rum_jax.unlearn.apply import apply
from rum_jax.unlearn.base import Algorithm, Float, History, Problem, UnlearnOptimizer


def hparams_of(train: Mapping[str, Any]) -> dict[str, Any]:
    """Hyper-parameters with which oracles are retrained: those of the original models.

    Args:
      train: the section `train` of a config.
    """
    return {"epochs": train["epochs"], "learning_rate": train["learning_rate"],
            "schedule": train["schedule"], "milestones": tuple(train["milestones"]),
            "period_epochs": 0}


def oracles(task: Task, forget: np.ndarray, retain: np.ndarray, seeds: tuple[int, ...],
            recipe: Recipe, progress: Progress = silent,
            keep: Checkpointing | None = None) -> tuple[TrainState, History]:
    """Models trained without their forget sets, as the original models were trained.

    Args:
      task: network, examples, and where to run.
      forget, retain: int32[M,F], int32[M,R] positions of each model.
      seeds: of the M models.
      recipe: of the originals.
      progress: called with the completed fraction.
      keep: see `Problem.keep`.

    Raises:
      DivergedError: a loss is not finite.
      InputError: names every fault of the sets.
    """
    optimizer = UnlearnOptimizer(**dataclasses.asdict(recipe.optimizer))
    problem = Problem(task, forget, retain, seeds, 0, optimizer, progress=progress, keep=keep)
    return apply(ALGORITHM, problem, None, hparams_of(dataclasses.asdict(recipe)))


def _orders(problem: Problem) -> list[Callable[[int], np.random.Generator]]:
    """For each model epoch -> generator."""
    return [lambda epoch, seed=seed: problem.generator_of(seed, "retrain_order", epoch)
            for seed in problem.seeds]


def unlearn_from(problem: Problem, states: TrainState,
                 recipe: Recipe) -> tuple[TrainState, History]:
    """Trains the given, fresh models on the retain set."""
    _, fitted = train(problem.task, problem.retain, states, recipe, _orders(problem),
                      problem.names, problem.progress,
                      stop_when_diverged=problem.stop_when_diverged, keep=problem.keep)
    return (with_fresh_optimizer(fitted.states),
            History(fitted.losses, recipe.epochs * problem.retain.shape[1], recipe.epochs))


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 30, learning_rate: Float = 0.1,
            schedule: str = "cosine", milestones: tuple[int, ...] = (), period_epochs: int = 0,
            ) -> tuple[TrainState, History]:
    """Trains new models on the retain set; the given states are not looked at.

    Raises:
      DivergedError: a loss is not finite.
    """
    del states
    new = initial_states(problem.task.model,
                         [(seed, ROLES["init"], 0) for seed in problem.seeds])
    return unlearn_from(problem, new, Recipe(epochs, learning_rate, problem.optimizer, schedule,
                                             milestones, period_epochs))


ALGORITHM = Algorithm(
    "retrain", unlearn, family="retraining",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            "schedule": checks.one_of(SCHEDULES),
            "milestones": checks.sequence(checks.integer(1), at_least=0),
            "period_epochs": checks.integer(0)})
