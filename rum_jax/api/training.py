"""Training of a user's own network: on the whole training set, and without the forget set."""

import pathlib
from collections.abc import Sequence

import numpy as np

from rum_jax.api import checks
from rum_jax.api.models import Models
from rum_jax.api.problem import Problem
from rum_jax.api.resume import checkpointing
from rum_jax.proxies import learning_events
from rum_jax.runtime.progress import shown
from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.train.state import with_fresh_optimizer
from rum_jax.unlearn import retrain as exact


def train(problem: Problem, workdir: str | pathlib.Path | None = None) -> Models:
    """Trains the problem's network on the whole training set, once for each seed.

    Args:
      problem: its recipe says how.
      workdir: folder from which an interrupted training resumes; None: it begins anew.

    Returns:
      M models, with the learning events that proxies are made of.

    Raises:
      InputError: the model cannot be made anew.
      rum.DivergedError: a loss is not finite.
    """
    how = problem.recipe.training()
    with shown("train") as progress, stopwatch() as seconds:
        keep = checkpointing(problem, "train", workdir, seconds)
        trained = learning_events.originals(problem.task, problem.train, problem.seeds, how,
                                            progress, keep)
        taken = seconds() + (keep.earlier_seconds if keep else 0)
    return Models(problem, "train", with_fresh_optimizer(trained.states), taken,
                  how.epochs * len(problem.train), {"recipe": problem.recipe.plain()},
                  trained.events)


def retrain(problem: Problem, *, seeds: Sequence[int] | int | None = None,
            workdir: str | pathlib.Path | None = None) -> Models:
    """Oracles: models trained from scratch on the retain set, with the problem's recipe.

    Args:
      problem: what is to be forgotten.
      seeds: of the oracles; None: those of the problem.
      workdir: folder from which an interrupted training resumes; None: it begins anew.

    Returns:
      A model for each seed.

    Raises:
      InputError: the model cannot be made anew.
      rum.DivergedError: a loss is not finite.
    """
    chosen = problem.seeds if seeds is None else checks.seeds(seeds, 1)
    name = exact.ALGORITHM.name
    forget, retain = (np.tile(rows, (len(chosen), 1)) for rows in (problem.forget, problem.retain))
    with shown(name) as progress, stopwatch() as seconds:
        keep = checkpointing(problem, name, workdir, seconds, chosen)
        states, history = exact.oracles(problem.task, forget, retain, chosen,
                                        problem.recipe.training(), progress, keep)
        taken = seconds() + (keep.earlier_seconds if keep else 0)
    return Models(problem, name, states, taken, history.examples,
                  {"recipe": problem.recipe.plain()}, seeds=chosen)
