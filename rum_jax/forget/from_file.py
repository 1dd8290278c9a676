"""A forget set of the user's own: a file of example ids.

A text file has one id per line; an .npz file has an array `ids`, as `forget.npz` of a run has.
"""

import pathlib

import numpy as np

from rum_jax import records
from rum_jax.checks import shortened
from rum_jax.errors import InputError
from rum_jax.forget.known import REQUESTS, Family, Known
from rum_jax.paths import file_fault, user_path


def read_ids(path: pathlib.Path) -> np.ndarray:
    """str[n], in the order of the file.

    Raises:
      InputError: it cannot be read, or has no ids.
    """
    try:
        if path.suffix == ".npz":
            ids = np.atleast_1d(records.read_arrays(path)["ids"]).ravel().astype(str)
        else:
            ids = np.array(path.read_text().split("\n"))
            ids = np.array([line.strip() for line in ids if line.strip()])
    except KeyError as error:
        raise InputError(f"{path}: has no array `ids`") from error
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({error}); allowed: a text file with one id "
                         "per line, or an .npz file with an array `ids`") from error
    if not len(ids):
        raise InputError(f"{path}: has no ids; allowed: at least one")
    return ids


def places_of(path: pathlib.Path, ids: np.ndarray, known: Known) -> np.ndarray:
    """int64[n]: where those ids are in the training set.

    Raises:
      InputError: an id is there twice, is not in the training set, or is not one of the data set.
    """
    unique, counts = np.unique(ids, return_counts=True)
    if counts.max() > 1:
        raise InputError(f"{path}: the id {unique[counts.argmax()]} is there {counts.max()} "
                         "times; allowed: once")
    order = np.argsort(known.ids)
    found = order[np.minimum(np.searchsorted(known.ids[order], ids), len(order) - 1)]
    wrong = ids[known.ids[found] != ids]
    if not len(wrong):
        return found
    outside = wrong[np.isin(wrong, known.elsewhere)]
    if len(outside):
        earlier = " or were asked for before" if known.fields is REQUESTS else ""
        raise InputError(f"{path}: {len(outside)} id(s) are of examples that are not trained on"
                         f"{earlier}, the first is {outside[0]}; allowed: ids of the training set")
    raise InputError(f"{path}: {len(wrong)} of {len(ids)} id(s) are not in this data set, the "
                     f"first is {wrong[0]}; its ids are like {known.ids[0]}")


def _choose(known: Known, argument: str, size: int) -> np.ndarray:
    path = user_path(argument)
    ids = read_ids(path)
    if size not in (0, len(ids)):
        raise InputError(f"{known.fields.size}: is {size}; allowed with file:{argument}: 0, or "
                         f"{len(ids)}, as many as it has")
    return places_of(path, ids, known)


def _check(argument: str) -> str | None:
    if fault := file_fault(argument):
        return fault if fault.startswith("is ") else f"is {shortened(argument)}; {fault}"
    return None


FAMILY = Family(_choose, _check, all_of_it=True, early=True)
