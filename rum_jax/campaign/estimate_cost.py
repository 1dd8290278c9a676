"""What a campaign would take, from a few steps on the device: before it is paid for."""

import dataclasses
import time

import numpy as np
from ml_collections import ConfigDict

from rum_jax.config.schema import AUTO
from rum_jax.core.randomness import ROLES, generator
from rum_jax.experiment.build import check_group_memory, make_task, recipe
from rum_jax.memorization.group import MARGIN_UNIT
from rum_jax.memorization.members import subset_size
from rum_jax.runtime.progress import part, shown
from rum_jax.runtime.worker_index import Worker
from rum_jax.runtime.xla import on_cpu
from rum_jax.train import memory
from rum_jax.train.engine import STRATEGIES
from rum_jax.train.fit import Task
from rum_jax.train.predict import predict
from rum_jax.train.recipe import initial_states, train

STEPS = 8  # of each model, timed twice after the call that compiles
FEW = 4    # models of a device that are enough to time strategies which run them in turn


def plan(config: ConfigDict, worker: Worker) -> str:
    """Times a group of models with each strategy and says what the whole campaign takes.

    Raises:
      InputError: a group does not fit into memory.
    """
    dataset, task = make_task(config)
    check_group_memory(config, task)
    tried = _strategies(config)
    speeds, examples = {}, len(dataset.train)
    with shown("plan") as progress:
        for place, strategy in enumerate(tried):
            variant = task._replace(engine=dataclasses.replace(
                task.engine, strategy=strategy, steps_per_call=STEPS))
            speeds[strategy] = _models_per_hour(config, variant, dataset.train)
            part(progress, place, len(tried))(1.0)
    chosen = task.engine.strategy
    hours = config.campaign.models / speeds[chosen] / worker.count
    group = min(config.campaign.group_size, config.campaign.models)
    needed = memory.predicted(task, group, config.train.batch_size, config.optimizer.name)
    return "\n".join([
        f"{config.campaign.models:,} models of {config.model.name}, each "
        f"{_steps(config, examples):,} steps of {config.train.batch_size} on "
        f"{_subset(config, examples):,} of {examples:,} examples, in groups of {group}",
        f"speed:    {speeds[chosen]:,.0f} models per hour on {_devices(task)}",
        f"time:     {hours:.2f} h with {worker.count} worker(s) like this one, compilation not "
        "counted",
        *_replicates(config, hours),
        f"storage:  {_storage(config, dataset)}",
        f"memory:   {needed}",
        f"strategy: {chosen}, {_why(config, speeds, chosen)}",
        "measured: " + ", ".join(f"{name} {speed:,.0f}" for name, speed in speeds.items())
        + " models per hour",
        "nothing was kept"])


def _replicates(config: ConfigDict, hours: float) -> list[str]:
    """What all data seeds of a study over replicates take, in a line; hours: of one."""
    campaigns = len(config.replicates) + len(config.tuning.replicates)
    if not config.replicates:
        return []
    return [f"in all:   {hours * campaigns:.2f} h for {campaigns} such campaigns, of "
            f"{len(config.replicates)} replicates and {len(config.tuning.replicates)} data seeds "
            "of the search; searches, oracles and methods not counted"]


def _strategies(config: ConfigDict) -> list[str]:
    """All strategies; lockstep is left out on CPUs unless it is the one that is asked for."""
    requested = config.engine.strategy
    return [name for name in STRATEGIES
            if name == requested or not (on_cpu() and name == "vmap") and name != "unroll"]


def _models_per_hour(config: ConfigDict, task: Task, positions: np.ndarray) -> float:
    """Speed of a group, training and scoring; the first call compiles and does not count."""
    models = min(config.campaign.group_size, config.campaign.models, FEW * task.engine.rows)
    seconds = _seconds_of_steps(config, task, positions, models)
    states = initial_states(task.model, [(0, ROLES["member_init"], k) for k in range(models)])
    predict(task, states)
    start = time.monotonic()
    predict(task, states)
    scoring = time.monotonic() - start
    group = seconds * _steps(config, len(positions)) / STEPS + scoring
    return 3600 * models / group


def _seconds_of_steps(config: ConfigDict, task: Task, positions: np.ndarray,
                      models: int) -> float:
    """The faster of two calls of STEPS steps of so many models."""
    how = recipe(config, config.memorization).one_epoch()
    few = np.resize(positions, STEPS * config.train.batch_size).astype(np.int32)
    taken = []
    for _ in range(3):
        states = initial_states(task.model, [(0, ROLES["member_init"], k) for k in range(models)])
        start = time.monotonic()
        train(task, np.tile(few, (models, 1)), states, how,
              [lambda epoch, k=k: generator(0, "member_order", k, epoch) for k in range(models)],
              [f"member {k}" for k in range(models)], stop_when_diverged=False)
        taken.append(time.monotonic() - start)
    return min(taken[1:])


def _subset(config: ConfigDict, examples: int) -> int:
    return subset_size(config.memorization.subset_fraction, examples)


def _steps(config: ConfigDict, examples: int) -> int:
    every = -(-_subset(config, examples) // config.train.batch_size)
    return every * config.memorization.epochs


def _devices(task: Task) -> str:
    devices = task.engine.mesh.devices.reshape(-1)
    return f"{len(devices)} x {devices[0].device_kind}"


def _storage(config: ConfigDict, dataset) -> str:
    """At most: margins compress by about a third."""
    n, t = len(dataset.train), len(dataset.positions["test"])
    each = 2 * (n + t) + (2 * n + t) / 8
    return (f"{memory.in_words(each * config.campaign.models)} at most: {each / 1000:,.0f} kB a "
            f"model, bits of subset and correctness and margins in {MARGIN_UNIT:g} nats")


def _why(config: ConfigDict, speeds: dict[str, float], chosen: str) -> str:
    best = max(speeds, key=speeds.__getitem__)
    if config.engine.strategy != AUTO:
        reason = "as config.engine.strategy says"
    else:
        reason = "as its program is the same for any number of models"
    if best == chosen:
        return f"{reason}; none is faster"
    gain = speeds[best] / speeds[chosen] - 1
    return f"{reason}; {best} is {gain:.0%} faster here: --config.engine.strategy={best}"
