"""Several processes, one run: each computes on its own devices, one of them writes.

All processes run the same program on the same values, so they agree on everything but files. The
workdir must be on a file system that all of them see. Only the writer looks up which files exist
there; `broadcast_from_writer` sends the answer to the others.
"""

import json
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils

from rum_jax.core.errors import RunError

AUTO = "auto"
CONNECT_SECONDS = 300
PEER_TIMEOUT_SECONDS = 30  # for missing heartbeats, and to wait for the others at shutdown


def initialize(coordinator: str, processes: int, process: int) -> None:
    """Joins the other processes of a run; call before JAX is used.

    Args:
      coordinator: "host:port" of process 0; AUTO where JAX can find out by itself (SLURM, Open
        MPI, Kubernetes, TPU pods; the other two are then ignored); "" for a run of one process.
      processes: how many there are.
      process: number of this one, from 0.

    Raises:
      RunError: the others did not come, or cannot be found.
    """
    if not coordinator:
        return
    given = {} if coordinator == AUTO else {
        "coordinator_address": coordinator, "num_processes": processes, "process_id": process}
    try:
        jax.distributed.initialize(**given, initialization_timeout=CONNECT_SECONDS,
                                   heartbeat_timeout_seconds=PEER_TIMEOUT_SECONDS,
                                   shutdown_timeout_seconds=PEER_TIMEOUT_SECONDS)
    except (RuntimeError, ValueError) as error:
        raise RunError(f"--coordinator: {coordinator}: the processes of the run did not meet "
                       f"({str(error).splitlines()[0]}); all must be started with the same "
                       "--coordinator and --processes, each with its own --process") from error


def is_multiprocess() -> bool:
    """Whether this process is one of several; does not start JAX."""
    return jax.distributed.is_initialized() and jax.process_count() > 1


def is_writer() -> bool:
    """Whether this process writes the run's files and shows its progress."""
    return not is_multiprocess() or jax.process_index() == 0


def broadcast_from_writer(value: Any) -> Any:
    """The writer's JSON value, in all processes; they wait for each other."""
    if not is_multiprocess():
        return value
    content = np.frombuffer(json.dumps(value).encode(), np.uint8)
    length = int(multihost_utils.broadcast_one_to_all(np.int32(len(content))))
    buffer = np.resize(content, length)  # only the writer's is used
    return json.loads(bytes(np.asarray(multihost_utils.broadcast_one_to_all(buffer), np.uint8)))


def barrier(name: str) -> None:
    """Returns when all processes have come to this point."""
    if is_multiprocess():
        multihost_utils.sync_global_devices(name)
