"""What a group of members leaves behind, and its file: all that scores are computed from.

A file is self-contained: it says of which campaign it is, and has for every member its training
subset (as bits), which training and test examples it gets right (as bits), and by what margin.
"""

import io
import json
import re
import zipfile
import zlib
from typing import NamedTuple

import numpy as np

from rum_jax.core.errors import InputError

MARGIN_UNIT = 1 / 256  # nats; 16 bits reach to +-128
_BITS = ("included", "correct_train", "correct_test")
_NAME = re.compile(r"(\d{5,})-(\d{5,})\.npz")


class Group(NamedTuple):
    """What m members contribute; n training and t test examples, E epochs.

    Attributes:
      members: int64[m], their numbers, ascending.
      included: bool[m,n], which training examples each was trained on.
      correct_train: bool[m,n], whether it predicts the training label of each of them.
      correct_test: bool[m,t], whether it predicts the label of each test example.
      margin_train: int16[m,n], log p - log(1 - p) of the probability p that it gives to the
        training label, in MARGIN_UNIT nats; clipped.
      margin_test: int16[m,t], likewise.
      losses: float32[m,E], mean training loss of each epoch.
    """

    members: np.ndarray
    included: np.ndarray
    correct_train: np.ndarray
    correct_test: np.ndarray
    margin_train: np.ndarray
    margin_test: np.ndarray
    losses: np.ndarray

    def take(self, rows: slice | np.ndarray) -> "Group":
        """Some of the members."""
        return Group(*(array[rows] for array in self))


def margins(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """int16[...,n] of logits float[...,n,C] and labels int[n]; see `Group.margin_train`.

    log p - log(1 - p) is the label's logit minus the log-sum-exp of the others: no rounding to 1.
    """
    logits = logits.astype(np.float64)
    label_logit = np.take_along_axis(
        logits, np.broadcast_to(labels, logits.shape[:-1])[..., None], -1)
    others = logits.copy()
    np.put_along_axis(others, np.broadcast_to(labels, logits.shape[:-1])[..., None], -np.inf, -1)
    largest = others.max(-1, keepdims=True)
    rest = largest + np.log(np.exp(others - largest).sum(-1, keepdims=True))
    units = np.rint((label_logit - rest)[..., 0] / MARGIN_UNIT)
    limits = np.iinfo(np.int16)
    return np.clip(units, limits.min, limits.max).astype(np.int16)


def name_of(first: int, last: int) -> str:
    """Name of the file of members first..last."""
    return f"{first:05d}-{last:05d}.npz"


def members_of(name: str) -> range | None:
    """The members whose file has that name; None for other files."""
    match = _NAME.fullmatch(name)
    return range(int(match[1]), int(match[2]) + 1) if match else None


def encode(group: Group, about: dict) -> bytes:
    """The file of a group: arrays, and what is known about its making as JSON."""
    arrays = {**group._asdict(), "sizes": np.array([group.included.shape[1],
                                                    group.correct_test.shape[1]])}
    for name in _BITS:
        arrays[name] = np.packbits(arrays[name], axis=1)
    content = io.BytesIO()
    np.savez_compressed(content, about=np.array(json.dumps(about)), **arrays)
    return content.getvalue()


def decode(content: bytes, where: str) -> tuple[Group, dict]:
    """What `encode` wrote.

    Raises:
      InputError: the file is damaged; names it and says how to mend that.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
        about, sizes = json.loads(str(arrays.pop("about"))), arrays.pop("sizes")
        for name, size in zip(_BITS, (sizes[0], sizes[0], sizes[1]), strict=True):
            arrays[name] = np.unpackbits(arrays[name], axis=1, count=size).astype(bool)
        group = Group(**arrays)
        _check(group, where)
    except (OSError, EOFError, ValueError, KeyError, TypeError, NotImplementedError,
            IndexError, RuntimeError, SyntaxError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{where}: is damaged ({type(error).__name__}: {error}); delete it and "
                         "run the same command again to train its models anew") from error
    return group, about


def _check(group: Group, where: str) -> None:
    expected = members_of(where.rpartition("/")[2])
    if expected is None or not np.array_equal(group.members, np.array(expected)):
        raise ValueError("it does not hold the models that its name says")
    if len({len(array) for array in group}) > 1:
        raise ValueError("its arrays are of different lengths")
