"""Which of a campaign's workers this process is: from the config, or from what started it."""

from collections.abc import Mapping
from typing import NamedTuple

from rum_jax.errors import InputError

FOUND = -1  # config.campaign.worker: as the scheduler says


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
      joined: whether this process is one of several that work as one (`hosts.join`); their own
        numbers then say nothing.

    Raises:
      InputError: a number that is not one of them.
    """
    found, source = _scheduled(environment, joined)
    index = found.index if campaign["worker"] == FOUND else campaign["worker"]
    count = campaign["workers"] or max(found.count, index + 1)
    if index >= count:
        name = "config.campaign.worker" if campaign["worker"] != FOUND else source
        raise InputError(f"{name}: is {index}; allowed with config.campaign.workers={count}: "
                         f"0..{count - 1}")
    return Worker(index, count)


def _scheduled(environment: Mapping[str, str], joined: bool) -> tuple[Worker, str]:
    """What the scheduler says, and the name of the variable it says it in."""
    def number(name: str) -> int:
        try:
            return int(environment[name])
        except ValueError as error:
            raise InputError(f"{name}: is {environment[name]!r}; allowed: an integer, or "
                             "config.campaign.worker and workers") from error

    if "SLURM_ARRAY_TASK_ID" in environment:
        name = "SLURM_ARRAY_TASK_ID"
        first = number("SLURM_ARRAY_TASK_MIN") if "SLURM_ARRAY_TASK_MIN" in environment else 0
        count = number("SLURM_ARRAY_TASK_COUNT") if "SLURM_ARRAY_TASK_COUNT" in environment else 1
        return Worker(number(name) - first, count), name
    if joined:
        return Worker(0, 1), ""
    for name, size in (("SLURM_PROCID", "SLURM_NTASKS"),
                       ("JOB_COMPLETION_INDEX", "JOB_COMPLETIONS"),
                       ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")):
        if name in environment:
            return Worker(number(name), number(size) if size in environment else 1), name
    return Worker(0, 1), ""
