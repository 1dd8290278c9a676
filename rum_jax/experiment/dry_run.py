"""A trial of a config: a few steps of one original model, and what the whole would take."""

import dataclasses
import itertools
import time

import numpy as np
from ml_collections import ConfigDict

from rum_jax.core.randomness import ROLES, generator
from rum_jax.experiment.build import SMALLER, make_task, recipe
from rum_jax.models import parameter_count
from rum_jax.runtime.progress import Progress, say, shown
from rum_jax.train import memory
from rum_jax.train.fit import Task
from rum_jax.train.mesh import DATA
from rum_jax.train.recipe import initial_states, train


def dry_run(config: ConfigDict) -> str:
    """Takes `train.max_steps` steps, at most an epoch, and keeps nothing; returns what was seen.

    Raises:
      InputError: one model does not fit on its devices.
      DivergedError: a loss is not finite.
    """
    dataset, task = make_task(config)
    optimizer = config.optimizer.name
    memory.check(task, "one model", 1, config.train.batch_size, SMALLER, optimizer)
    say(f"{len(config.seeds)} models: "
        f"{memory.predicted(task, len(config.seeds), config.train.batch_size, optimizer)}")
    with shown("trial") as progress:
        losses, seconds = _steps(config, task, dataset.train, progress)
    lines = [f"step {number}: loss {loss:.4f}, {taken:.2f} s"
             for number, (loss, taken) in enumerate(zip(losses, seconds, strict=True))]
    return "\n".join([
        f"{config.model.name}: {parameter_count(task.model):,} parameters, computes in "
        f"{task.model.dtype}, {len(dataset.train):,} training images of {dataset.spec.shape}",
        *lines, *_extrapolated(config, task, len(dataset.train), seconds)])


def _extrapolated(config: ConfigDict, task: Task, examples: int,
                  seconds: list[float]) -> list[str]:
    """Speed, and how long the original models would take; the first step compiles."""
    if len(seconds) < 2:
        return ["one step includes compilation and says nothing of the speed; take two or more"]
    models, size = len(config.seeds), config.train.batch_size
    alone, together = (task.engine.for_models(count) for count in (1, models))
    per_step = float(np.median(seconds[1:]))
    every = -(-examples // size) * config.train.epochs
    rounds = together.padded(models) // together.rows
    slower = alone.mesh.shape[DATA] / together.mesh.shape[DATA]  # fewer devices for each model
    hours = rounds * every * per_step * slower / 3600
    return [f"{size / per_step:,.0f} images/s after the first step, which includes compilation",
            f"{models} original models of {every:,} steps would take about {hours:.2f} h at this "
            "rate; nothing was kept"]


def _steps(config: ConfigDict, task: Task, positions: np.ndarray,
           progress: Progress) -> tuple[list[float], list[float]]:
    """(loss, seconds) of each step, one by one."""
    seed = config.seeds[0]
    drawn = generator(seed, "order", 0, 0).permutation(positions)  # of all classes in any data
    few = drawn[:config.train.max_steps * config.train.batch_size]
    how = recipe(config, config.train).one_epoch()
    one_by_one = task._replace(engine=dataclasses.replace(task.engine, steps_per_call=1))
    states = initial_states(task.model, [(seed, ROLES["init"], 0)])
    times = [time.monotonic()]

    def timed_progress(fraction: float) -> None:
        times.append(time.monotonic())
        progress(fraction)

    _, fitted = train(one_by_one, few[None], states, how,
                      [lambda epoch: generator(seed, "order", 0, epoch)], [f"seed {seed}"],
                      timed_progress)
    seconds = [after - before for before, after in itertools.pairwise(times)]
    return fitted.losses[0].tolist(), seconds
