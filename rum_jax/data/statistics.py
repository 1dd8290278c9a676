"""Mean and standard deviation of pixels: as published where they are, else computed."""

import numpy as np

Statistics = tuple[tuple[float, ...], tuple[float, ...]]

# Name of the data set -> (mean, std) per channel, of pixels in [0,1] (docs/parity.md#data).
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
