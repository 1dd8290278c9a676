"""The data contract: arrays, ids and splits that every other part works on."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class ImageSpec:
    """What a model must know of its inputs; hashable.

    Attributes:
      shape: (height, width, channels).
      classes: number of classes.
      pixel_max: the uint8 value that means 1.0.
      mean, std: per channel, of pixels in [0,1].
    """

    shape: tuple[int, int, int]
    classes: int
    pixel_max: float
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class Dataset:
    """All examples of a data set in one array; a split is a set of positions in it.

    Attributes:
      images: uint8[N,H,W,C].
      labels: int32[N], as used for training (planted noise included).
      clean_labels: int32[N], as published.
      ids: str[N], stable over runs, machines and splits.
      positions: split name -> int32[n], ascending positions into the arrays.
      spec: shape, classes and pixel statistics.
    """

    images: np.ndarray
    labels: np.ndarray
    clean_labels: np.ndarray
    ids: np.ndarray
    positions: dict[str, np.ndarray]
    spec: ImageSpec

    @property
    def noisy(self) -> np.ndarray:
        """bool[N], True where the label was planted."""
        return self.labels != self.clean_labels

    @property
    def train(self) -> np.ndarray:
        """int32[n] ascending positions of the training set (spec section 1)."""
        return self.positions["train"]
