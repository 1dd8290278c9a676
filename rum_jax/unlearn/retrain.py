"""Retraining from scratch on the retain set: exact unlearning, the oracle (spec section 3).

The initial parameters are those of the original model of the same seed; the order of examples is
its own. Cosine schedule over `epochs` (spec quirk Q21: the period is the number of epochs run).
"""

import functools

import numpy as np

from rum_jax import checks
from rum_jax.randomness import ROLES, generator
from rum_jax.train.recipe import Recipe, initial_states, train
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, History, Problem, rested


def _order(seed: int, step: int, epoch: int) -> np.random.Generator:
    return generator(seed, "retrain_order", step, epoch)


def unlearn(problem: Problem, states: TrainState, hparams: dict) -> tuple[TrainState, History]:
    """Trains new models on the retain set; the given states are not looked at.

    Raises:
      DivergedError: a loss is not finite.
    """
    del states
    task, recipe = problem.task, Recipe(hparams["epochs"], hparams["learning_rate"],
                                        problem.optimizer)
    new = initial_states(task.model, [(seed, ROLES["init"], 0) for seed in problem.seeds])
    orders = [functools.partial(_order, seed, problem.step) for seed in problem.seeds]
    trained, losses = train(task, problem.retain, new, recipe, orders, problem.names,
                            problem.progress)
    return rested(trained), History(losses, recipe.epochs * problem.retain.shape[1])


ALGORITHM = Algorithm(
    unlearn,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True)},
    published={"epochs": 30, "learning_rate": 0.1},
    search={})
