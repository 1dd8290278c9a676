"""Parts of a data set: some of its classes, the first examples of each."""

import numpy as np

from rum_jax.data.arrays import Source
from rum_jax.errors import InputError


def check_classes(classes: tuple[int, ...], source: Source) -> tuple[int, ...]:
    """The published numbers of the classes to keep, in their new order; () means all.

    Raises:
      InputError: a number outside the data set's, one that is named twice, or a single one.
    """
    known = len(source.classes)
    if not classes:
        return tuple(range(known))
    if any(not 0 <= number < known for number in classes):
        raise InputError(f"config.data.classes: is {classes}; allowed: numbers from 0 to "
                         f"{known - 1}")
    if len(set(classes)) < len(classes):
        raise InputError(f"config.data.classes: is {classes}; allowed: no class twice")
    if len(classes) < 2:
        raise InputError(f"config.data.classes: is {classes}; allowed: at least two, or () for "
                         "all")
    return tuple(classes)


def renumbered(labels: np.ndarray, classes: tuple[int, ...]) -> np.ndarray:
    """int32[N]: place of each label int[N] in `classes`, -1 where it is not among them."""
    table = np.full(max(int(labels.max()), *classes) + 1, -1, np.int32)
    table[list(classes)] = np.arange(len(classes))
    return table[labels]


def kept(labels: np.ndarray, parts: np.ndarray, classes: int, train_per_class: int,
         test_per_class: int) -> np.ndarray:
    """Ascending positions of the examples that stay.

    Args:
      labels: int32[N], as `renumbered` makes them: those of -1 go.
      parts: str[N], in the order of `Source`, so that the first are those with the lowest ids.
      classes: number of classes.
      train_per_class: the first so many of each class of the training part; 0 keeps all.
      test_per_class: the same for the validation part and for the test part.

    Raises:
      InputError: more than the smallest class has.
    """
    stays = labels >= 0
    limits = {"train": ("train_per_class", train_per_class),
              "validation": ("test_per_class", test_per_class),
              "test": ("test_per_class", test_per_class)}
    for part, (field, limit) in limits.items():
        inside = np.flatnonzero((parts == part) & (labels >= 0))
        if limit and inside.size:
            stays[inside] = _first(labels[inside], classes, limit, part, field)
    return np.flatnonzero(stays)


def _first(labels: np.ndarray, classes: int, limit: int, part: str, field: str) -> np.ndarray:
    """bool[n], True at the first `limit` examples of each class."""
    counts = np.bincount(labels, minlength=classes)
    if limit > counts.min():
        raise InputError(f"config.data.{field}: is {limit}; allowed: 0 to {counts.min()}, the "
                         f"size of the smallest class in the {part} part")
    order = np.argsort(labels, kind="stable")
    rank = np.empty(len(labels), np.int64)
    rank[order] = np.arange(len(labels)) - (np.cumsum(counts) - counts)[labels[order]]
    return rank < limit
