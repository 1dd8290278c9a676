"""Decoded data sets kept on disk, under the digest of what they were decoded from."""

import functools
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL

from rum_jax import records
from rum_jax.data.arrays import PARTS, Source
from rum_jax.errors import InputError
from rum_jax.progress import say

FORMAT = 1
_ARRAYS = ("images", "labels", "ids", "parts")
_NUMBERS = ("classes", "pixel_max", "mean", "std")


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

    An entry that is broken is made anew. Where the cache cannot be written to, that is said once
    on stderr and the data set is read each time.

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
            total.update(f"\n{content} {os.path.relpath(file, root)}".encode())
    return total.hexdigest()


def _sha256(file: pathlib.Path) -> str:
    try:
        return records.sha256(file)
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from error


def _stored(entry: pathlib.Path) -> Source | None:
    """What is in an entry; None if it is missing, unreadable or inconsistent."""
    try:
        about = records.read_json(entry / "about.json")
        arrays = {name: np.load(entry / f"{name}.npy", allow_pickle=False) for name in _ARRAYS}
        numbers = {name: tuple(value) if isinstance(value, list) else value
                   for name, value in about.items()}
        source = Source(**arrays, **numbers)
        return source if _consistent(source) else None
    except (OSError, ValueError, EOFError, TypeError, AttributeError):
        return None


def _consistent(source: Source) -> bool:
    size, channels = len(source.images), source.images.shape[-1]
    return (source.images.dtype == np.uint8 and source.images.ndim == 4
            and size == len(source.labels) == len(source.ids) == len(source.parts)
            and channels == len(source.mean) == len(source.std)
            and source.labels.dtype == np.int32 and set(source.parts.tolist()) <= set(PARTS))


def _store(entry: pathlib.Path, source: Source) -> None:
    """Writes an entry beside its place and renames it; another process may do the same."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    partial = pathlib.Path(tempfile.mkdtemp(prefix=f"{entry.name}.", suffix=".partial",
                                            dir=entry.parent))
    try:
        for name in _ARRAYS:
            with (partial / f"{name}.npy").open("wb") as file:
                np.save(file, getattr(source, name), allow_pickle=False)
                file.flush()
                os.fsync(file.fileno())
        records.write_json(partial / "about.json",
                           {name: getattr(source, name) for name in _NUMBERS})
        if entry.exists() and _stored(entry) is None:
            shutil.rmtree(entry, ignore_errors=True)
        try:
            partial.rename(entry)
        except OSError:
            if not entry.exists():  # else another process was first
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@functools.cache
def _say_unwritable(folder: pathlib.Path, error: str) -> None:
    say(f"The cache {folder} cannot be written ({error}); data sets are decoded anew in each run. "
        "RUM_JAX_CACHE names another folder.")


@functools.cache
def _say_homeless() -> None:
    say("There is no home folder, so that nothing is remembered; data sets are decoded anew in "
        "each run. RUM_JAX_CACHE names a folder to remember them in.")
