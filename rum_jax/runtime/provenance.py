"""Where a result comes from: versions, devices, commit, command."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import resource
import subprocess
import sys
import time

import jax
import psutil

from rum_jax import __version__
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.runtime import distributed

PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "ml_collections",
            "numpy", "scipy", "scikit-learn", "matplotlib", "pillow", "tensorflow-datasets")


def provenance() -> dict:
    """Versions, devices, commit and command of this process, as JSON values."""
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": ["python", *_program(), *sys.argv[1:]],
        "commit": _commit(),
        "python": platform.python_version(),
        # That of the code; the metadata of an editable install may be older.
        "versions": {"rum_jax": __version__,
                     **{name: importlib.metadata.version(name) for name in PACKAGES}},
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cpu_count": os.cpu_count(),
        "backend": jax.default_backend(),
        "devices": [device.device_kind for device in jax.devices()],
        "processes": jax.process_count(),
    }


def cost() -> dict:
    """What this process took so far.

    `wall_seconds` (imports included), `cpu_seconds` of all its threads, `peak_memory_bytes`.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"wall_seconds": time.time() - _started(),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "peak_memory_bytes": used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)}


def _started() -> float:
    """When this process began, in seconds since 1970, as far as the system tells."""
    return psutil.Process().create_time()


def _cpu() -> str:
    """What the system calls its processor."""
    path = pathlib.Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _program() -> list[str]:
    """What Python was told to run: a module or a script."""
    main = sys.modules["__main__"].__spec__
    return ["-m", main.name] if main else [sys.argv[0]]


def _commit() -> str | None:
    """Commit of the source tree, with "+changes" if it was edited; None outside a git clone."""
    here = pathlib.Path(__file__).resolve().parents[1]
    if not (here.parent / ".git").exists():
        return None
    try:
        head = _git(here, "rev-parse", "HEAD")
        return head + ("+changes" if _git(here, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(folder: pathlib.Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(folder), *arguments], check=True, text=True,
                          capture_output=True)
    return done.stdout.strip()


def _earlier(path: pathlib.Path) -> list[dict]:
    """What earlier processes wrote; InputError: it is not that."""
    if not path.exists():
        return []
    try:
        earlier = records.read_json(path)
        if not isinstance(earlier, list) or not all(isinstance(entry, dict) for entry in earlier):
            raise ValueError("it is no list of processes")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); restore it, or move it elsewhere: no "
                         "result depends on it") from error
    return earlier


def record(workdir: pathlib.Path) -> dict:
    """Adds this process to `provenance.json`, which lists all that worked in the folder.

    Returns:
      This process's provenance, with the earlier ones under "earlier_processes".
    """
    path, current = workdir / "provenance.json", provenance()
    earlier = distributed.broadcast_from_writer(_earlier(path) if distributed.is_writer() else None)
    if distributed.is_writer():
        records.write_json(path, [*earlier, current])
    return {**current, "earlier_processes": earlier}
