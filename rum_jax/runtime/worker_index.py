"""Which of a campaign's workers this process is: from the config, or from what started it."""

from collections.abc import Mapping
from typing import NamedTuple

from rum_jax.core.checks import LARGEST, shortened
from rum_jax.core.errors import InputError

FROM_SCHEDULER = -1  # config.campaign.worker: the number that the scheduler assigns, or 0
# All variables that are read here; no one but the scheduler may set them.
VARIABLES = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP",
             "SLURM_ARRAY_TASK_COUNT", "SLURM_PROCID", "SLURM_NTASKS", "JOB_COMPLETION_INDEX",
             "JOB_COMPLETIONS", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")


class Worker(NamedTuple):
    """A worker's number, from 0, and how many there are."""

    index: int
    count: int


def worker_of(campaign: Mapping, environment: Mapping[str, str], joined: bool) -> Worker:
    """The worker that this process is, or is a part of.

    The config's `campaign.worker` and `campaign.workers` come first, each by itself; then the
    task of a SLURM array, of a SLURM step, the completion index of a Kubernetes Job
    (JOB_COMPLETIONS must be set to say how many), the rank of Open MPI; else 0 of 1.

    Args:
      campaign: that section of the config.
      environment: of this process.
      joined: whether this process is one of several that work as one
        (`distributed.initialize`); their own numbers then say nothing.

    Raises:
      InputError: a number that is not one of them.
    """
    index, count = campaign["worker"], campaign["workers"]
    if index == FROM_SCHEDULER or not count:
        worker, source = _scheduled(environment, joined)
        if index == FROM_SCHEDULER:
            if count and worker.index >= count:
                raise InputError(f"{source}: is {worker.index}; allowed with "
                                 f"config.campaign.workers={count}: 0..{count - 1}")
            return Worker(worker.index, count or worker.count)
        count = max(worker.count, index + 1)
    if index >= count:
        raise InputError(f"config.campaign.worker: is {index}; allowed with "
                         f"config.campaign.workers={count}: 0..{count - 1}")
    return Worker(index, count)


def _scheduled(environment: Mapping[str, str], joined: bool) -> tuple[Worker, str]:
    """The worker by the scheduler's variables, and the variable of its number ("": none)."""
    if "SLURM_ARRAY_TASK_ID" in environment:
        return _array_task(environment), "SLURM_ARRAY_TASK_ID"
    if joined:
        return Worker(0, 1), ""
    for name, size in (("SLURM_PROCID", "SLURM_NTASKS"),
                       ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"),
                       ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")):
        if name in environment:
            index = _number(environment, name, 0)
            count = _number(environment, size, 1) if size in environment else index + 1
            if index >= count:
                raise InputError(f"{name}: is {index}; allowed with {size}={count}: "
                                 f"0..{count - 1}, or config.campaign.worker and workers")
            return Worker(index, count), name
    return Worker(0, 1), ""


def _array_task(environment: Mapping[str, str]) -> Worker:
    """The place of a task among those of its array, whose numbers are a range, with any step."""
    task = _number(environment, "SLURM_ARRAY_TASK_ID", 0)
    first, step = (_number(environment, f"SLURM_ARRAY_TASK_{name}", low)
                   if f"SLURM_ARRAY_TASK_{name}" in environment else low
                   for name, low in (("MIN", 0), ("STEP", 1)))
    name = "SLURM_ARRAY_TASK_COUNT"
    index, off = divmod(task - first, step)
    count = _number(environment, name, 1) if name in environment else index + 1
    if off or not 0 <= index < count:
        raise InputError(
            f"SLURM_ARRAY_TASK_ID: is {task}; allowed with {count} task(s) from {first} in steps "
            f"of {step}: {first}..{first + step * (count - 1)}; an array must be one range, such "
            f"as --array=0-{count - 1}, or each task has its own config.campaign.worker and "
            "config.campaign.workers")
    return Worker(index, count)


def _number(environment: Mapping[str, str], name: str, low: int) -> int:
    """The integer that a variable has, which is at least `low`."""
    text = environment[name]
    if text.isascii() and text.isdecimal() and low <= int(text[:20]) <= LARGEST:
        return int(text)
    raise InputError(f"{name}: is {shortened(text)}; allowed: an integer >= {low}, or "
                     "config.campaign.worker and workers")
