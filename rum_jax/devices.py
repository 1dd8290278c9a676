"""Devices of a run: CPU cores are devices, too."""

import os
from collections.abc import Mapping

import jax

from rum_jax.errors import InputError
from rum_jax.train.engine import SERIES, Engine, make_engine

MOST_CPU_DEVICES = 256
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


def engine_of(config: Mapping) -> Engine:
    """The engine of a config's `engine` section.

    Raises:
      InputError: more devices than there are.
    """
    asked, available = config["devices"], len(jax.devices())
    if asked > available:
        raise InputError(f"config.engine.devices: is {asked}; allowed: 0..{available}, the "
                         f"{jax.default_backend()} devices there are")
    usable = asked or (min(available, cpu_cores()) if on_cpu() else available)
    strategy = config["strategy"]
    return make_engine(usable, SERIES if strategy == "auto" else strategy,
                       config["steps_per_call"])


def convolution_of(config: Mapping) -> str:
    """The convolution lowering of a config's `engine` section."""
    if config["convolution"] != "auto":
        return config["convolution"]
    return "patches" if on_cpu() else "native"


def on_cpu() -> bool:
    """Whether JAX computes on the CPU."""
    return jax.default_backend() == "cpu"
