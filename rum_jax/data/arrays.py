"""The data contract: arrays, ids and splits that every other part works on."""

import dataclasses
import re

import numpy as np

from rum_jax.core.errors import InputError

PARTS = ("train", "validation", "test")
# Control characters, line breaks, bytes that were not UTF-8, and a byte order mark at the start.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\ufeff")


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """What a model must know of its inputs; hashable.

    Attributes:
      shape: (height, width, channels); of inputs that are no images, of any rank.
      classes: number of classes.
      pixel_max: the uint8 value that means 1.0; 0: inputs are floats, used as they are.
      mean, std: per channel, of pixels in [0,1].
    """

    shape: tuple[int, ...]
    classes: int
    pixel_max: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set as published, ordered by part (train, validation, test) and by id inside it.

    Attributes:
      images: uint8[N,H,W,C].
      labels: int32[N] in 0..len(classes)-1.
      ids: str[N], no two the same, each as `id_fault` allows.
      parts: str[N], each of PARTS; "train" alone where the publisher made no split.
      classes: name of each class.
      pixel_max: the uint8 value that means 1.0.
      mean, std: per channel, of pixels in [0,1].
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    parts: np.ndarray
    classes: tuple[str, ...]
    pixel_max: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def has(self, part: str) -> bool:
        """Whether the publisher set such a part aside."""
        return bool((self.parts == part).any())


@dataclasses.dataclass(frozen=True)
class Dataset:
    """All examples of a data set in one array; a split is a set of positions in it.

    Attributes:
      images: uint8[N,H,W,C].
      labels: int32[N], as used for training (injected noise included).
      clean_labels: int32[N], as published, numbered anew where classes were selected.
      ids: str[N], stable over runs, machines and splits.
      positions: split name -> int32[n], ascending positions into the arrays.
      spec: shape, classes and pixel statistics.
      source_index: int32[N], place of each example in its own part of the whole published data
        set (`Source`), whatever was left out of it since; for CIFAR's training images the
        publisher's index 0..49999.
      train_size: number of examples in the published training part (CIFAR: 50,000).
      class_numbers: published number of each class.
      class_names: name of each class.
    """

    images: np.ndarray
    labels: np.ndarray
    clean_labels: np.ndarray
    ids: np.ndarray
    positions: dict[str, np.ndarray]
    spec: ImageSpec
    source_index: np.ndarray
    train_size: int
    class_numbers: tuple[int, ...]
    class_names: tuple[str, ...]

    @property
    def noisy(self) -> np.ndarray:
        """bool[N], True where the label was injected."""
        return self.labels != self.clean_labels

    @property
    def train(self) -> np.ndarray:
        """int32[n] ascending positions of the training set (docs/parity.md#data)."""
        return self.positions["train"]

    def at_positions(self, values: np.ndarray) -> np.ndarray:
        """float64[...,N] from values [...,n] of the training set: NaN outside of it."""
        placed = np.full((*values.shape[:-1], len(self.ids)), np.nan)
        placed[..., self.train] = values
        return placed


def make_source(title: str, source: Source) -> Source:
    """Puts the examples in order, calls a lone validation part "test", and checks the whole.

    Args:
      title: the data set or file in messages.
      source: its examples in any order.

    Raises:
      InputError: ids that repeat or that no file of ids can hold, labels outside the classes,
        fewer than two classes, or no training examples.
    """
    parts = source.parts
    if source.has("validation") and not source.has("test"):
        parts = np.where(parts == "validation", "test", parts)
    _check(title, source)
    rank = np.select([parts == part for part in PARTS], range(len(PARTS)))
    order = np.lexsort((source.ids, rank))
    in_order = (order[1:] > order[:-1]).all()
    return dataclasses.replace(
        source, images=source.images if in_order else source.images[order],
        labels=source.labels[order].astype(np.int32), ids=source.ids[order], parts=parts[order])


def id_fault(example_id: str) -> str | None:
    """Why a text file of ids, one on each line, cannot hold an id; None: it can."""
    if not example_id:
        return "is empty"
    if _UNWRITABLE.search(example_id):
        return "has characters that a line of text cannot hold"
    return "has spaces at its ends" if example_id != example_id.strip() else None


def _check(title: str, source: Source) -> None:
    classes = len(source.classes)
    if classes < 2:
        raise InputError(f"{title}: has {classes} class(es); allowed: at least two")
    if not source.has("train"):
        raise InputError(f"{title}: has no training examples; allowed: at least one")
    unique, counts = np.unique(source.ids, return_counts=True)
    if len(unique) < len(source.ids):
        raise InputError(f"{title}: the id {str(unique[counts.argmax()])!r} occurs {counts.max()} "
                         "times; allowed: once")
    for example_id in unique.tolist():
        if fault := id_fault(example_id):
            raise InputError(f"{title}: the id {example_id!r} {fault}; allowed: texts without line "
                             "breaks and control characters, and without spaces at their ends")
    outside = np.flatnonzero((source.labels < 0) | (source.labels >= classes))
    if outside.size:
        first = outside[0]
        raise InputError(f"{title}: example {source.ids[first]} has label {source.labels[first]}; "
                         f"allowed: 0 to {classes - 1}")
