"""Settings of XLA: CPU cores as devices, and JAX's persistent compilation cache."""

import os
import pathlib

import jax

MOST_CPU_DEVICES = 256
SLOW_COMPILATION_SECONDS = 0.2  # programs that take longer are remembered
_HOST_DEVICES_FLAG = "xla_force_host_platform_device_count"


def cpu_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def expose_cpu_cores(devices: int, threads: int = 0) -> None:
    """Gives JAX one CPU device per core, or more if requested; call before JAX is used.

    A number set in XLA_FLAGS by the user is left as it is.

    Args:
      devices: number requested, of which at most MOST_CPU_DEVICES count; where it is below the
        number of cores, as 0 is, there is one device per core.
      threads: size of XLA's pool of CPU threads, on which the rounding of matrix products
        depends; 0: the number of cores. XLA takes the number of devices where that is larger.
    """
    if threads:
        os.environ["NPROC"] = str(threads)  # XLA's name for it
    if _HOST_DEVICES_FLAG not in os.environ.get("XLA_FLAGS", ""):
        expected = max(cpu_cores(), min(devices, MOST_CPU_DEVICES))
        jax.config.update("jax_num_cpu_devices", expected)


def enable_compilation_cache(folder: pathlib.Path) -> None:
    """Keeps compiled programs in a folder, for later processes; call before JAX is used."""
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", SLOW_COMPILATION_SECONDS)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)


def on_cpu() -> bool:
    """Whether JAX computes on the CPU."""
    return jax.default_backend() == "cpu"
