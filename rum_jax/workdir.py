"""A run's folder: one config, one process at a time."""

import contextlib
import json
import os
import pathlib
from collections.abc import Iterator, Mapping

import filelock

from rum_jax import hosts, own, records
from rum_jax.errors import InputError

CONFIG = "config.json"
LOCK = ".lock"

# Fields that change speed or what is shown, but no result: a run may be resumed with others.
FREE = ("config.engine", "config.rows", "config.sweep", "config.stream", "config.proxies.compared",
        "config.data.path",
        "config.train.checkpoint_epochs",
        *(f"config.campaign.{name}" for name in ("group_size", "worker", "workers",
                                                 "lease_seconds", "reliability", "influence",
                                                 "influence_top", "plan")))
OWN_CODE = "own_code"


@contextlib.contextmanager
def opened(path: str, config: Mapping) -> Iterator[pathlib.Path]:
    """Holds the folder for a run of this config while the context lasts.

    Of several processes the writer holds it, and all get its errors.

    Raises:
      InputError: it cannot be written, belongs to another config or to something else, or
        another process is at work in it.
    """
    folder = pathlib.Path(path)
    with contextlib.ExitStack() as held:
        fault = None
        if hosts.is_writer():
            try:
                held.enter_context(_held(path, folder, config))
            except InputError as error:
                fault = str(error)
        fault = hosts.agreed(fault)
        if fault:
            raise InputError(fault)
        yield folder


@contextlib.contextmanager
def _held(path: str, folder: pathlib.Path, config: Mapping) -> Iterator[None]:
    config = {**config, OWN_CODE: own.digests(config)}
    _check(folder, config)
    config[OWN_CODE] = {**_earlier_code(folder), **config[OWN_CODE]}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        raise InputError(f"--workdir: {path}: another process is at work in this folder; "
                         "wait for it or choose another one") from error
    except OSError as error:
        raise _unwritable(path, error) from error
    with lock:
        try:
            records.write_json(folder / CONFIG, config)
        except OSError as error:
            raise _unwritable(path, error) from error
        yield


def _unwritable(path: str, error: OSError) -> InputError:
    return InputError(f"--workdir: {path}: cannot be written ({error.strerror or error}); choose "
                      "a folder that can")


def _check(folder: pathlib.Path, config: Mapping) -> None:
    """Refuses a folder that holds something else, before anything is written."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputError(f"--workdir: {folder}: is a file; choose a folder")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"--workdir: {folder}: cannot be written (no permission); choose a "
                         "folder that can")
    if not (folder / CONFIG).exists():
        others = sorted(p.name for p in folder.iterdir()
                        if p.name not in (LOCK, CONFIG + ".partial"))
        if others:
            raise InputError(f"--workdir: {folder}: has no {CONFIG} but other files ("
                             f"{', '.join(others[:3])}); choose a new or an empty folder")
        return
    differences = _differences(_stored(folder / CONFIG), config)
    if differences:
        lines = "".join(f"\n  - {line}" for line in differences)
        raise InputError(f"--workdir: {folder}: holds a run of another config; choose another "
                         f"folder, or the same values:{lines}")


def _earlier_code(folder: pathlib.Path) -> dict:
    """Digests of all code that results in a folder have come from."""
    path = folder / CONFIG
    return records.read_json(path).get(OWN_CODE, {}) if path.exists() else {}


def _stored(path: pathlib.Path) -> dict:
    try:
        return flat(records.read_json(path))
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); restore it, or choose another "
                         "--workdir") from error


def _differences(stored: Mapping, config: Mapping) -> list[str]:
    given = flat(json.loads(json.dumps(config)))
    return [f"{name}: there {stored.get(name, 'absent')!r}, here {given.get(name, 'absent')!r}"
            for name in sorted({*stored, *given})
            if stored.get(name) != given.get(name) and not _is_free(name, stored, given)]


def _is_free(name: str, stored: Mapping, given: Mapping) -> bool:
    """Whether a field may differ: code that only one of the two uses is no contradiction."""
    if name.startswith(f"config.{OWN_CODE}."):
        return name not in stored or name not in given
    return any(name == part or name.startswith(f"{part}.") for part in FREE)


def flat(config: Mapping, path: str = "config") -> dict:
    """All values of nested tables under their dotted names."""
    made = {}
    for name, value in config.items():
        inner = f"{path}.{name}"
        made.update(flat(value, inner) if isinstance(value, dict) else {inner: value})
    return made
