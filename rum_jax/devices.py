"""Devices of a run: CPU cores are devices, too."""

import math
import os
import pathlib
from collections.abc import Mapping, Sequence

import jax

from rum_jax.config.schema import AUTO
from rum_jax.core.errors import InputError
from rum_jax.models.convolution import BLOCKED
from rum_jax.runtime import distributed
from rum_jax.train.engine import SERIES, Engine, make_engine

MOST_CPU_DEVICES = 256
SLOW_COMPILATION_SECONDS = 0.2  # programs that take longer are remembered
_HOST_DEVICES_FLAG = "xla_force_host_platform_device_count"


def cpu_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def expose_cpu_cores(devices: int, threads: int = 0) -> None:
    """Makes each core a device (or as many devices as asked for); call before JAX is used.

    A number set in XLA_FLAGS by the user is left as it is.

    Args:
      devices: how many are asked for; 0: one per core.
      threads: size of XLA's pool of CPU threads, on which the rounding of matrix products
        depends; 0: the number of cores. XLA takes the number of devices where that is larger.
    """
    if threads:
        os.environ["NPROC"] = str(threads)  # XLA's name for it
    if _HOST_DEVICES_FLAG not in os.environ.get("XLA_FLAGS", ""):
        wanted = max(cpu_cores(), min(devices, MOST_CPU_DEVICES))
        jax.config.update("jax_num_cpu_devices", wanted)


def remember_programs(folder: pathlib.Path) -> None:
    """Keeps compiled programs in a folder, for later processes; call before JAX is used."""
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", SLOW_COMPILATION_SECONDS)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def engine_of(config: Mapping, batch_sizes: Sequence[int]) -> Engine:
    """The engine of a config's `engine` section, for training batches of these sizes.

    Raises:
      InputError: more devices than there are, or they cannot be shared as asked.
    """
    asked, available = config["devices"], len(jax.devices())
    if asked > available:
        raise InputError(f"config.engine.devices: is {asked}; allowed: 0..{available}, the "
                         f"{jax.default_backend()} devices there are")
    if distributed.several() and asked not in (0, available):
        raise InputError(f"config.engine.devices: is {asked}; allowed with several processes: 0, "
                         f"all of the {available} devices of them together")
    usable = asked or (min(available, cpu_cores()) if on_cpu() and not distributed.several()
                       else available)
    share = config["data_devices"] or (1 if on_cpu() else 0)
    if share and usable % share:
        raise InputError(f"config.engine.data_devices: is {share}; allowed: a divisor of the "
                         f"{usable} devices that are used")
    strategy = config["strategy"]
    return make_engine(usable, SERIES if strategy == AUTO else strategy,
                       config["steps_per_call"], share, math.gcd(*batch_sizes))


def convolution_of(config: Mapping, long: bool = False) -> str:
    """The convolution lowering of a config's `engine` section.

    On CPUs that is chosen automatically by what it is for: the one that computes fastest for
    `long` trainings, and for the many short phases of a small study the one whose programs compile
    in half the time.
    """
    if config["convolution"] != AUTO:
        return config["convolution"]
    if not on_cpu():
        return "native"
    return BLOCKED if long else "patches"


def dtype_of(asked: str) -> str:
    """The type that a model computes in, from a config's `model.dtype`."""
    if asked != AUTO:
        return asked
    return "float32" if on_cpu() else "bfloat16"


def on_cpu() -> bool:
    """Whether JAX computes on the CPU."""
    return jax.default_backend() == "cpu"
