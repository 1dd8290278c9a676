"""What the choice of a forget set, or of its subsets, may look at."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rum_jax.core.checks import Check
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Dataset

MEMORIZATION, ENTANGLEMENT = "memorization", "entanglement"
IDS, POSITIONS = "ids", "positions"
FILE_IDS = (IDS, POSITIONS)  # what a file of examples may hold
FIRST = "first"
TIES = ("random", FIRST)  # what equal scores are ordered by: a draw, or the order of the data


class Fields(NamedTuple):
    """What a message calls the fields of the config that name sets, and say their size."""

    names: str
    size: str


SETS = Fields("config.forget.sets", "config.forget.size")
REQUESTS = Fields("config.stream.requests", "config.stream.size")


class SelectionContext(NamedTuple):
    """The n training examples, and what one original model makes of them.

    Attributes:
      positions: int32[n] ascending, of these examples in the data.
      ids: str[n].
      labels: int32[n], as trained on.
      noisy: bool[n], whether the label was injected.
      class_numbers: published number of each class.
      elsewhere: ids of examples of the data set that are not in the training set.
      score: name -> float64[n]: `memorization`, a proxy of it, or `entanglement` (minus the
        distance to the mean of all features); NaN where it is not known. Higher means more
        strongly memorized, or more entangled, for every name.
      features: () -> float[n,D], penultimate features of the original model.
      generator: () -> a new generator, always in the same state, for choices that draw.
      fields: of the config, for messages.
      file_ids: what files of examples hold: IDS, or POSITIONS in the published training part.
      published: int[n], those positions of the training examples, from 0 in the order of the
        published training part (CIFAR: 0..49999); None where they are not known.
      published_size: number of examples of that part.
      ties: name of a score -> int64[n], the order of examples with equal scores; see `tie_order`.
    """

    positions: np.ndarray
    ids: np.ndarray
    labels: np.ndarray
    noisy: np.ndarray
    class_numbers: tuple[int, ...]
    elsewhere: np.ndarray
    score: Callable[[str], np.ndarray]
    features: Callable[[], np.ndarray]
    generator: Callable[[], np.random.Generator]
    fields: Fields = SETS
    file_ids: str = IDS
    published: np.ndarray | None = None
    published_size: int = 0
    ties: Callable[[str], np.ndarray] | None = None

    def tie_order(self, score: str) -> np.ndarray:
        """int64[n] distinct sort keys: among equal scores the example with the lowest is first.

        Studies draw them; without `ties` they are the order of the examples.
        """
        return np.arange(len(self.ids)) if self.ties is None else self.ties(score)


def selection_context(dataset: Dataset, score: Callable[[str], np.ndarray],
                      features: Callable[[], np.ndarray],
                      generator: Callable[[], np.random.Generator],
                      ties: Callable[[str], np.ndarray] | None = None,
                      file_ids: str = IDS) -> SelectionContext:
    """What is known of the training set of a data set.

    Args:
      dataset: N examples.
      score, features, ties: as in `SelectionContext`, but of all N examples.
      generator, file_ids: see there.
    """
    train = dataset.train
    return SelectionContext(
        train, dataset.ids[train], dataset.labels[train], dataset.noisy[train],
        dataset.class_numbers, np.delete(dataset.ids, train), lambda name: score(name)[train],
        lambda: features()[train], generator, file_ids=file_ids,
        published=dataset.source_index[train], published_size=dataset.train_size,
        ties=None if ties is None else lambda name: ties(name)[train])


def untrained(dataset: Dataset, file_ids: str = IDS) -> SelectionContext:
    """What is known before any model is trained; InputError where more is asked for."""

    def unknown(*_: str) -> np.ndarray:
        raise InputError("is not known before models are trained")

    return selection_context(dataset, unknown, unknown, lambda: np.random.default_rng(0),
                             file_ids=file_ids)


class Family(NamedTuple):
    """Forget sets of one kind, written `family:argument` in a config.

    Attributes:
      choose: (context, argument, size) -> int64[size], indices of the context's examples, all
        different. Raises InputError where there is no such set.
      check: of the argument, before anything is computed.
      size_optional: whether size 0 is allowed; it selects all examples that the argument names.
      needs_only_data: whether the choice needs no model, so that it is checked before training.
      scores: argument -> names of the scores that the choice looks at.
    """

    choose: Callable[[SelectionContext, str, int], np.ndarray]
    check: Check
    size_optional: bool = False
    needs_only_data: bool = False
    scores: Callable[[str], tuple[str, ...]] = lambda argument: ()
