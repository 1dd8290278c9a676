"""Reads users' .npz and .npy files; every fault of a file raises `Unreadable`."""

import pathlib
from collections.abc import Collection, Mapping

import numpy as np

_NPZ, _NPY = (b"PK\x03\x04", b"PK\x05\x06"), b"\x93NUMPY"


class Unreadable(ValueError):
    """A file cannot be read; the message is the reason alone, without the file's name."""


def kind_of(path: pathlib.Path) -> str:
    """`npz`, `npy` or "" by the first bytes of a file, whatever it is called.

    Raises:
      Unreadable: it cannot be opened.
    """
    try:
        with path.open("rb") as file:
            first = file.read(6)
    except OSError as error:
        raise Unreadable(error.strerror or type(error).__name__) from error
    return "npz" if first.startswith(_NPZ) else "npy" if first == _NPY else ""


def read_npz(path: pathlib.Path, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
    """Name -> array of an .npz file; with `names`, only those of them that the file has.

    Raises:
      Unreadable: it is another kind of file, holds Python objects, or is damaged.
    """
    kind = kind_of(path)
    if kind == "npy":
        raise Unreadable("it is a single array (.npy), without a name; np.savez(file, name=array) "
                         "writes an .npz file")
    if not kind:
        raise Unreadable("it is no .npz file, as np.savez writes it")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file if names is None or name in names}
    except Exception as error:  # zip, zlib and numpy raise errors of many kinds
        raise Unreadable(_reason(error)) from error


def names_in(path: pathlib.Path) -> list[str]:
    """Names of the arrays of an .npz file; Unreadable as `read_npz`."""
    read_npz(path, ())
    with np.load(path, allow_pickle=False) as file:
        return list(file)


def read_npy(path: pathlib.Path, mapped: bool = False) -> np.ndarray:
    """The array of an .npy file; `mapped`: it stays on the disk until it is used.

    Raises:
      Unreadable: it is another kind of file, holds Python objects, or is damaged.
    """
    kind = kind_of(path)
    if kind != "npy":
        raise Unreadable("it is an .npz file, not a single array (.npy)" if kind else
                         "it is no .npy file, as np.save writes it")
    try:
        return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    except Exception as error:  # numpy raises errors of many kinds
        raise Unreadable(_reason(error)) from error


def first_of(arrays: Mapping[str, np.ndarray], names: Collection[str]) -> str | None:
    """The first of some names that is there; None: none is."""
    return next((name for name in names if name in arrays), None)


def _reason(error: Exception) -> str:
    if "allow_pickle" in str(error) or "Python objects" in str(error):  # the latter where mapped
        return ("it holds Python objects, which could run any code when they are read; allowed: "
                "arrays of numbers and of texts")
    return f"it is damaged or incomplete ({type(error).__name__})"
