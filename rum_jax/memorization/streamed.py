"""Atomic writing of files with arrays too large for memory, block by block.

They are written under a temporary name and renamed when complete. `rum_jax.core.records` does the
same for contents that are in memory.
"""

import contextlib
import os
import pathlib
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike

from rum_jax.core.errors import InputError


@contextlib.contextmanager
def archive(path: pathlib.Path) -> Iterator[zipfile.ZipFile]:
    """A compressed .npz to write arrays into; a file that is there is replaced at the end.

    Raises:
      InputError: there is no folder to write into, or a folder of that name.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise InputError(f"{path}: cannot be written; allowed: a file in a folder that is there")
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
                yield opened
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextlib.contextmanager
def folder(path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A folder to write files into, that gets its own name at the end.

    Raises:
      InputError: something of that name is there already, or there is no folder to make it in.
    """
    if not path.parent.is_dir() or (path.exists() and not (path.is_dir() and _empty(path))):
        raise InputError(f"{path}: cannot be made; allowed: a new or empty folder, in a folder "
                         "that is there")
    partial = path.with_name(path.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        yield partial
        partial.replace(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _empty(path: pathlib.Path) -> bool:
    return next(path.iterdir(), None) is None


def add(opened: zipfile.ZipFile, name: str, array: np.ndarray) -> None:
    """Writes an array that is small enough to be held."""
    add_rows(opened, name, array.shape, array.dtype, [array])


def add_rows(opened: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: DTypeLike,
             blocks: Iterable[np.ndarray]) -> None:
    """Writes an array given as blocks of consecutive rows, which together are of that shape."""
    with _entry(opened, name, shape, dtype) as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype).data)


def add_columns(opened: zipfile.ZipFile, name: str, shape: tuple[int, int], dtype: DTypeLike,
                source: pathlib.Path) -> None:
    """Writes an array whose columns, one after another, are the bytes of a file."""
    with _entry(opened, name, shape, dtype, by_columns=True) as file, source.open("rb") as columns:
        shutil.copyfileobj(columns, file, 1 << 20)


def _entry(opened: zipfile.ZipFile, name: str, shape: tuple[int, ...], dtype: DTypeLike,
           by_columns: bool = False) -> IO[bytes]:
    """An open entry of the archive that has the header of an .npy file, and nothing else yet."""
    file = opened.open(f"{name}.npy", "w", force_zip64=True)
    npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(np.dtype(dtype)),
                                      "fortran_order": by_columns, "shape": shape})
    return file
