"""The workdir of a study, locked for one run at a time.

A field of the config may be changed until a stage that depends on it is finished: every finished
stage records what it was made from (`stage_cache.Origin`).
"""

import contextlib
import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import filelock

from rum_jax.config.content import DIGEST, Content, code_digests, content_of
from rum_jax.core import records
from rum_jax.core.checks import shortened
from rum_jax.core.errors import MOST_DIFFERENCES, InputError, listed
from rum_jax.core.paths import user_path
from rum_jax.runtime import distributed
from rum_jax.storage import stage_cache

CONFIG = "config.json"
LOCK = ".lock"
KINDS = STUDY, CAMPAIGN, OVER_REPLICATES = (
    "one study", "a memorization campaign", "a study over replicates")
SWEEP_STAGES = "sweep/"  # prefix of stages that have seeds and hyper-parameters of their own
ALWAYS = ("original", "retrain", "retrain_again")  # rows of every study


@contextlib.contextmanager
def opened(path: str, config: Mapping) -> Iterator[pathlib.Path]:
    """Holds the folder for a run of this config while the context lasts.

    Of several processes the writer holds it, and all get its errors.

    Raises:
      InputError: it cannot be written, has finished stages that were made from other values or
        other files, has something else in it, or another process is at work in it.
    """
    folder = user_path(path)
    with contextlib.ExitStack() as held:
        fault = None
        if distributed.is_writer():
            try:
                held.enter_context(_held(path, folder, config))
            except InputError as error:
                fault = str(error)
        fault = distributed.broadcast_from_writer(fault)
        if fault:
            raise InputError(fault)
        yield folder


@contextlib.contextmanager
def _held(path: str, folder: pathlib.Path, config: Mapping) -> Iterator[None]:
    _check(folder, config)
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
    if (folder / CONFIG).exists():
        _check_kind(folder)
    elif others := sorted(p.name for p in folder.iterdir()
                          if p.name not in (LOCK, CONFIG + ".partial")):
        raise InputError(f"--workdir: {folder}: has no {CONFIG} but other files ("
                         f"{', '.join(others[:3])}); choose a new or an empty folder")
    faults = list(dict.fromkeys(changes(folder, config)))
    if faults:
        raise InputError(f"--workdir: {folder}: {made_from_others(faults)}, or delete the folders "
                         "of these stages to make them anew.")


def kind_of(folder: pathlib.Path) -> str:
    """One of KINDS: what a folder's config.json is of.

    Raises:
      InputError: it cannot be read.
    """
    path = folder / CONFIG
    try:
        fields = records.read_json(path)
        if fields.get("campaign", {}).get("alone") is True:
            return CAMPAIGN
        return OVER_REPLICATES if fields.get("replicates") else STUDY
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}: {error}); restore it, "
                         "or choose another --workdir") from error


def _check_kind(folder: pathlib.Path) -> None:
    """Refuses the folder of a campaign, or of a study over replicates."""
    kind = kind_of(folder)
    if kind == CAMPAIGN:
        raise InputError(f"--workdir: {folder}: holds {kind}; choose another folder, and name its "
                         "memorization.npz with --config.memorization.scores")
    if kind == OVER_REPLICATES:
        raise InputError(f"--workdir: {folder}: holds {kind}, and this config has no replicates; "
                         "choose another folder")


def made_from_others(faults: list[str]) -> str:
    """What is wrong with a folder whose stages differ so from a config, and what to do."""
    return (f"has stages that were made from something else:{listed(faults, MOST_DIFFERENCES)}\n"
            "Restore these, or use another --workdir")


def changes(folder: pathlib.Path, config: Mapping) -> Iterator[str]:
    """Config fields and code files whose contents differ from what finished stages record."""
    finished = stage_cache.finished_names(folder)  # of the writer alone
    if not finished:
        return
    content = content_of(config)
    rows = {*ALWAYS, *config["rows"], *config["stream"]["rows"]}
    for name in finished:
        origin = stage_cache.read_done(folder / stage_cache.STAGES / name)["made_from"]
        if name.startswith(SWEEP_STAGES) or (origin["row"] and origin["row"] not in rows):
            continue
        for field, there in origin["values"].items():
            if field.startswith("config.") and there != content.values.get(field, "absent"):
                yield _change(field, there, content, f"stages/{name}", origin["files"])
        yield from _changed_code(origin, f"stages/{name}")


def _changed_code(origin: Mapping, stage: str) -> Iterator[str]:
    """Files of the user's own that a row names and that have other contents now."""
    for path, here in code_digests(origin["row"]).items():
        there = origin["files"].get(path)
        if there not in (None, here):
            yield _changed_file(f"config.rows: {origin['row']}", path, there, here, stage)


def _change(field: str, there: Any, content: Content, stage: str, files: Mapping) -> str:
    """A field whose value is another than when a stage was made, in words."""
    here = content.values.get(field, "absent")
    now = content.files.get(field, {})
    if now and _without_digests(there) == _without_digests(here):
        changed = [path for path, digest in now.items() if digest not in str(there)]
        path = next(iter(changed), next(iter(now)))
        return _changed_file(field, path, files.get(path, "another"), now[path], stage)
    return f"{field}: there {shortened(there)}, here {shortened(here)} (read by {stage})"


def _changed_file(field: str, path: str, there: str, here: str, stage: str) -> str:
    return (f"{field}: {path}: its content is not what {stage} was made from (SHA-256 there "
            f"{_short(there)}, here {_short(here)})")


def _short(digest: str) -> str:
    return digest.removeprefix(DIGEST)[:12]


def _without_digests(value: Any) -> str:
    return re.sub(rf"{DIGEST}[0-9a-f]+", DIGEST, str(value))
