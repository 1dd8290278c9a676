"""Mean and standard deviation of pixels: as published where they are, else computed."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from rum_jax.data.arrays import Dataset
from rum_jax.errors import InputError

Statistics = tuple[tuple[float, ...], tuple[float, ...]]

# Name of the data set -> (mean, std) per channel, of pixels in [0,1] (spec section 1).
PUBLISHED: dict[str, Statistics] = {
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762)),
    "tiny_imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "svhn_cropped": ((0.4377, 0.4438, 0.4728), (0.1201, 0.1231, 0.1052)),
}
_CHUNK = 4096


def statistics(name: str, images: np.ndarray, train: np.ndarray) -> Statistics:
    """(mean, std) per channel of a data set.

    Args:
      name: a key of PUBLISHED, or any other: then they are computed from the training images.
      images: uint8[N,H,W,C].
      train: bool[N], which of them are training images.
    """
    return PUBLISHED[name] if name in PUBLISHED else computed(images, np.flatnonzero(train))


def computed(images: np.ndarray, positions: np.ndarray) -> Statistics:
    """(mean, std) per channel of images uint8[N,H,W,C] / 255 at positions int[n], in float64.

    They come from exact counts of each pixel value. A channel of one value only, or of none, has
    std 1, so that it can be divided by.
    """
    channels = images.shape[-1]
    counts = np.zeros((channels, 256), np.int64)
    for start in range(0, len(positions), _CHUNK):
        chunk = images[positions[start:start + _CHUNK]]
        for channel in range(channels):
            counts[channel] += np.bincount(chunk[..., channel].reshape(-1), minlength=256)
    values = np.arange(256) / 255
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    mean = share @ values
    deviation = np.sqrt((share * (values - mean[:, None]) ** 2).sum(1))
    return tuple(mean.tolist()), tuple(np.where(deviation > 0, deviation, 1.0).tolist())


def with_given(dataset: Dataset, train: Mapping) -> Dataset:
    """The data set with the mean and std that given models were trained with.

    Args:
      dataset: as it is loaded.
      train: the config's section, with `from_files_mean` and `from_files_std`, one value for each
        channel or one for all, of pixels in [0,1]; () leaves the data set's own.

    Raises:
      InputError: one of them alone, another number of values, or no given models.
    """
    given = {name: tuple(train[f"from_files_{name}"]) for name in ("mean", "std")}
    if not any(given.values()):
        return dataset
    channels, found = dataset.spec.shape[-1], {}
    for name, values in given.items():
        field = f"config.train.from_files_{name}"
        if len(values) not in (1, channels):
            allowed = "1 value" if channels == 1 else f"1 value or {channels}, one a channel"
            raise InputError(f"{field}: has {len(values)} value(s); allowed: {allowed}, and of "
                             "from_files_mean and from_files_std both or none")
        if not train["from_files"]:
            raise InputError(f"{field}: is {values}; allowed without config.train.from_files: ()")
        found[name] = tuple(map(float, values * channels if len(values) == 1 else values))
    return dataclasses.replace(dataset, spec=dataclasses.replace(dataset.spec, **found))
