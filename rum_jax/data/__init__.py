"""Data sets by name, with fixed splits, stable ids and planted label noise."""

from collections.abc import Callable

import numpy as np

from rum_jax.data import digits
from rum_jax.data.arrays import Dataset, ImageSpec
from rum_jax.data.splits import plant_label_noise, stratified

# name -> function returning (images uint8[N,H,W,C], labels int32[N], ids str[N], spec).
DATASETS: dict[str, Callable[[], tuple[np.ndarray, np.ndarray, np.ndarray, ImageSpec]]] = {
    "digits": digits.load,
}


def load(name: str, validation_fraction: float, test_fraction: float,
         label_noise_fraction: float, seed: int) -> Dataset:
    """The data set of that name, split and with label noise planted in its training set.

    Args:
      name: a key of DATASETS.
      validation_fraction, test_fraction: of each class.
      label_noise_fraction: of the training set.
      seed: address of split and noise; other seeds of a study do not change them.
    """
    images, labels, ids, spec = DATASETS[name]()
    positions = stratified(labels, validation_fraction, test_fraction, seed)
    noisy = plant_label_noise(labels, positions["train"], label_noise_fraction, spec.classes, seed)
    return Dataset(images, noisy, labels, ids, positions, spec)
