"""A forget set of the user's own: a file of examples, see `rum_jax.forget.id_file`."""

import pathlib

import numpy as np

from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError
from rum_jax.core.paths import file_fault, user_path
from rum_jax.forget.id_file import read, shown
from rum_jax.forget.selection import IDS, POSITIONS, REQUESTS, Family, SelectionContext

FILE = "file"   # the family, as in file:ids.txt
_FIELD = "config.forget.file_ids"


def indices_of(path: pathlib.Path, entries: np.ndarray, context: SelectionContext) -> np.ndarray:
    """int64[n]: indices of those examples among the context's.

    Args:
      path: of the file, for messages.
      entries: str[n] ids, int[n] positions, or bool[P] over the P published training examples.
      context: of the training set; `context.file_ids` says what the entries are.

    Raises:
      InputError: an example is there twice, is not in the training set, or is not one of the
        data set.
    """
    if context.file_ids == POSITIONS:
        return _of_positions(path, _positions(path, entries, context), context)
    if entries.dtype == bool:
        raise InputError(f"{path}: is a mask of booleans; allowed with {_FIELD}={IDS}: ids; "
                         f"{_FIELD}={POSITIONS} takes a mask of the published training examples")
    ids = entries.astype(str)
    _check_once(path, "id", ids)
    order = np.argsort(context.ids)
    indices = order[np.minimum(np.searchsorted(context.ids[order], ids), len(order) - 1)]
    wrong = ids[context.ids[indices] != ids]
    if not len(wrong):
        return indices
    outside = wrong[np.isin(wrong, context.elsewhere)]
    if len(outside):
        raise InputError(f"{path}: {len(outside)} id(s) are of examples that are not trained on"
                         f"{_earlier(context)}, the first is {shown(outside[0])}; allowed: ids of "
                         "the training set")
    hint = (f"; where they are positions in the published training part, set {_FIELD}={POSITIONS}"
            if all(map(_is_integer, ids)) else "")
    raise InputError(f"{path}: {len(wrong)} of {len(ids)} id(s) are not in this data set, the "
                     f"first is {shown(wrong[0])}; its ids are like {context.ids[0]}{hint}")


def _positions(path: pathlib.Path, entries: np.ndarray, context: SelectionContext) -> np.ndarray:
    """int64[n] positions in the published training part."""
    size = context.published_size
    if entries.dtype == bool:
        if len(entries) != size:
            raise InputError(f"{path}: is a mask of {len(entries)}; allowed: {size}, one for each "
                             "published training example")
        return np.flatnonzero(entries)
    wrong = [entry for entry in entries.tolist() if not _is_integer(entry) or int(entry) >= size]
    if wrong:
        raise InputError(f"{path}: has {shown(wrong[0])}; allowed with {_FIELD}={POSITIONS}: "
                         f"integers from 0 to {size - 1}, positions in the published training "
                         "part")
    return np.array([int(entry) for entry in entries.tolist()], np.int64)


def _of_positions(path: pathlib.Path, positions: np.ndarray,
                  context: SelectionContext) -> np.ndarray:
    if not len(positions):
        raise InputError(f"{path}: is a mask that is nowhere True; allowed: at least one")
    _check_once(path, "position", positions)
    published = context.published
    assert published is not None  # where positions are taken, they are known
    index = np.full(context.published_size, -1, np.int64)
    index[published] = np.arange(len(published))
    outside = positions[index[positions] < 0]
    if len(outside):
        raise InputError(f"{path}: {len(outside)} position(s) are of examples that are not trained "
                         f"on{_earlier(context)}, the first is {outside[0]}; allowed: those of the "
                         "training set")
    return index[positions]


def _check_once(path: pathlib.Path, what: str, values: np.ndarray) -> None:
    unique, counts = np.unique(values, return_counts=True)
    if counts.max() > 1:
        raise InputError(f"{path}: the {what} {shown(unique[counts.argmax()])} is there "
                         f"{counts.max()} times; allowed: once")


def _earlier(context: SelectionContext) -> str:
    return " or were asked for before" if context.fields is REQUESTS else ""


def _is_integer(value: object) -> bool:
    text = str(value)
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _choose(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    path = user_path(argument)
    entries = read(path, {*context.ids.tolist(), *context.elsewhere.tolist()}, context.file_ids)
    indices = indices_of(path, entries, context)
    if size not in (0, len(indices)):
        raise InputError(f"{context.fields.size}: is {size}; allowed with file:{argument}: 0, or "
                         f"{len(indices)}, as many as it has")
    return indices


def _check(argument: str) -> str | None:
    if fault := file_fault(argument):
        return fault if fault.startswith("is ") else f"is {shortened(argument)}; {fault}"
    return None


FAMILY = Family(_choose, _check, size_optional=True, needs_only_data=True)
