"""Parts of a data set: some of its classes, the first examples of each."""

from collections.abc import Mapping, Sequence

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source
from rum_jax.runtime.progress import listed, say


def check_classes(classes: tuple[int, ...], source: Source) -> tuple[int, ...]:
    """The published numbers of the classes to keep, in their new order.

    () means all that have an example; that others have none is said.

    Raises:
      InputError: a number outside the data set's, one that is named twice, or fewer than two
        classes.
    """
    count = len(source.classes)
    if not classes:
        return _used(source)
    if any(not 0 <= number < count for number in classes):
        raise InputError(f"config.data.classes: is {classes}; allowed: numbers from 0 to "
                         f"{count - 1}")
    if len(set(classes)) < len(classes):
        raise InputError(f"config.data.classes: is {classes}; allowed: no class twice")
    if len(classes) < 2:
        raise InputError(f"config.data.classes: is {classes}; allowed: at least two, or () for "
                         "all")
    return tuple(classes)


def _used(source: Source) -> tuple[int, ...]:
    """Numbers of the classes that have an example; says which have none."""
    used = np.unique(source.labels)
    missing = np.setdiff1d(np.arange(len(source.classes)), used)
    if len(used) < 2:
        raise InputError(f"config.data: all examples are of class {used[0]}; allowed: at least "
                         "two classes with examples")
    if missing.size:
        say(f"config.data: class(es) {listed(missing.tolist())} have no example and are left out; "
            f"the other {len(used)} are numbered anew from 0 inside, and keep their published "
            f"numbers ({listed(used.tolist())}) as names, as in class:{used[0]}.")
    return tuple(used.tolist())


def check_examples(labels: np.ndarray, positions: Mapping[str, np.ndarray],
                   numbers: Sequence[int]) -> None:
    """Checks that each class has training examples; reports those without test or validation ones.

    Args:
      labels: int32[N], as published, numbered anew.
      positions: of the splits.
      numbers: published number of each class.

    Raises:
      InputError: classes without a training example.
    """
    counts = {split: np.bincount(labels[part], minlength=len(numbers))
              for split, part in positions.items()}
    missing = {split: [numbers[place] for place in np.flatnonzero(count == 0).tolist()]
               for split, count in counts.items()}
    if missing["train"] and len(positions["train"]):
        elsewhere = [split for split in ("validation", "test")
                     if any(counts[split][numbers.index(n)] for n in missing["train"])]
        where = f" (all theirs are for {' and '.join(elsewhere)})" if elsewhere else ""
        raise InputError(f"config.data: class(es) {listed(missing['train'])} have no training "
                         f"example{where}; allowed: at least one for each class; set "
                         "config.data.classes without them, or smaller "
                         "config.data.validation_fraction and config.data.test_fraction")
    for split in ("test", "validation"):
        if missing[split] and len(positions[split]):
            sizes = [int(counts["train"][numbers.index(n)]) for n in missing[split]]
            say(f"config.data: class(es) {listed(missing[split])} have no {split} example "
                f"(training examples: {listed(sizes)}); {split} accuracy says nothing of them.")


def report_classes_lost_to_noise(noisy: np.ndarray, numbers: Sequence[int]) -> None:
    """Says which classes no training example has as its label once noise is injected.

    Args:
      noisy: int32[n] labels of the training set.
      numbers: published number of each class.
    """
    gone = np.flatnonzero(np.bincount(noisy, minlength=len(numbers)) == 0)
    if gone.size and noisy.size:
        say(f"config.data.label_noise_fraction: injected labels leave no training example of "
            f"class(es) {listed([numbers[place] for place in gone.tolist()])}.")


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
