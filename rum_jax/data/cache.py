"""Decoded data sets kept on disk, under the digest of what they were decoded from.

An entry has a file for each array, `about.json`, and `sha256.json` with the digests of all of
them: whatever is not as it was written is noticed, and decoded anew.
"""

import functools
import hashlib
import json
import os
import pathlib
import secrets
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import PIL

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import PARTS, Source
from rum_jax.runtime.progress import say

FORMAT = 2
_ARRAYS = ("images", "labels", "ids", "parts")
_NUMBERS = ("classes", "pixel_max", "mean", "std")
_ABOUT, _DIGESTS = "about.json", "sha256.json"


def cache_folder() -> pathlib.Path | None:
    """Where things are kept that can be made anew: $RUM_JAX_CACHE, or ~/.cache/rum_jax.

    It may not exist yet, and it may be impossible to write to. None: there is no home folder.
    """
    chosen = os.environ.get("RUM_JAX_CACHE")
    try:
        return pathlib.Path(chosen or "~/.cache/rum_jax").expanduser()
    except RuntimeError:
        return None


def cached(key: dict, root: pathlib.Path, files: Sequence[pathlib.Path],
           read: Callable[[], Source]) -> Source:
    """What `read` returns, from the cache if it was read before from the same files.

    A damaged entry is reported on stderr and replaced. If the cache cannot be written to, or an
    entry cannot be read for lack of permission, this is reported once and `read` is called in
    each run.

    Args:
      key: JSON values that say how the files are read.
      root: the folder of the data set; where it is does not count.
      files: all files that `read` looks at; their names below the root and their content count.
      read: decodes them; may raise InputError.
    """
    cache = cache_folder()
    if cache is None:
        _say_homeless()
        return read()
    entry = cache / "data" / digest(key, root, files)
    source = _stored(entry)
    if source is None:
        source = read()
        try:
            _store(entry, source)
        except OSError as error:
            _say_unwritable(cache, str(error))
    return source


def digest(key: dict, root: pathlib.Path, files: Sequence[pathlib.Path]) -> str:
    """SHA-256 of the key, of the versions of format and decoder, and of all files.

    Raises:
      InputError: a file that cannot be read.
    """
    total = hashlib.sha256(json.dumps([FORMAT, PIL.__version__, key], sort_keys=True).encode())
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        ordered = sorted(files)
        for file, content in zip(ordered, pool.map(_sha256, ordered), strict=True):
            total.update(f"\n{content} ".encode() + os.fsencode(os.path.relpath(file, root)))
    return total.hexdigest()


def _sha256(file: pathlib.Path) -> str:
    try:
        return records.sha256(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error


def _stored(entry: pathlib.Path) -> Source | None:
    """What is in an entry; None if it is missing, not readable, or not what was written."""
    if not os.path.exists(entry):  # also where that cannot be found out; writing says why
        return None
    try:
        if fault := _fault(entry):
            say(f"The cache entry {entry} is damaged ({fault}); the data set is decoded anew.")
            return None
        about = records.read_json(entry / _ABOUT)
        arrays = {name: np.load(entry / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        numbers: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in about.items()}
        source = Source(**arrays, **numbers)
        return source if _consistent(source) else None
    except PermissionError as error:
        _say_unreadable(entry, error.strerror)
    except (OSError, ValueError, EOFError, TypeError, AttributeError) as error:
        say(f"The cache entry {entry} is damaged ({type(error).__name__}); the data set is decoded "
            "anew.")
    return None


def _fault(entry: pathlib.Path) -> str | None:
    """What of an entry is not as it was written; PermissionError if it cannot be read."""
    try:
        written = records.read_json(entry / _DIGESTS)
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        return f"{_DIGESTS}: {type(error).__name__}"
    names = [_ABOUT, *(f"{name}.npy" for name in _ARRAYS)]
    if not isinstance(written, dict) or sorted(written) != sorted(names):
        return f"{_DIGESTS} does not name all files"
    for name in names:
        if not (entry / name).is_file():
            return f"{name} is missing"
        if records.sha256(entry / name) != written[name]:
            return f"{name} is not what was written"
    return None


def _consistent(source: Source) -> bool:
    size, channels = len(source.images), source.images.shape[-1]
    return (source.images.dtype == np.uint8 and source.images.ndim == 4
            and size == len(source.labels) == len(source.ids) == len(source.parts)
            and channels == len(source.mean) == len(source.std)
            and source.labels.dtype == np.int32 and set(source.parts.tolist()) <= set(PARTS))


def _store(entry: pathlib.Path, source: Source) -> None:
    """Writes an entry beside its place and renames it; another process may do the same.

    Who may read the folder of the entries may read the entry, whatever the umask.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    partial = entry.with_name(f"{entry.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir()
        for name in _ARRAYS:
            with (partial / f"{name}.npy").open("wb") as file:
                np.save(file, getattr(source, name), allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        records.write_json(partial / _ABOUT, {name: getattr(source, name) for name in _NUMBERS})
        records.write_json(partial / _DIGESTS, {file.name: records.sha256(file)
                                                for file in partial.iterdir()})
        _open_to_readers(partial)
        if _is_damaged(entry):
            shutil.rmtree(entry, ignore_errors=True)
        try:
            partial.rename(entry)
        except OSError:
            if not entry.exists():  # else another process was first
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _is_damaged(entry: pathlib.Path) -> bool:
    """Whether an entry is there, can be read, and is not what was written."""
    try:
        return entry.exists() and _fault(entry) is not None
    except OSError:
        return False


def _open_to_readers(partial: pathlib.Path) -> None:
    """Gives an entry the permissions to read of the folder around it."""
    allowed = partial.parent.stat().st_mode & 0o755 | 0o700
    for file in partial.iterdir():
        file.chmod(allowed & 0o644)
    partial.chmod(allowed)


@functools.cache
def _say_unreadable(entry: pathlib.Path, error: str) -> None:
    say(f"The cache entry {entry} cannot be read ({error}); the data set is decoded anew in each "
        "run. Its owner can give permission to read it, or RUM_JAX_CACHE names another folder.")


@functools.cache
def _say_unwritable(folder: pathlib.Path, error: str) -> None:
    say(f"The cache {folder} cannot be written ({error}); data sets are decoded anew in each run. "
        "RUM_JAX_CACHE names another folder.")


@functools.cache
def _say_homeless() -> None:
    say("There is no home folder, so that nothing is remembered; data sets are decoded anew in "
        "each run. RUM_JAX_CACHE names a folder to remember them in.")
