"""Noise in the pixels: makes small and easy data hard enough that much of them is memorized."""

import numpy as np

from rum_jax.core.randomness import generator


def with_noise(images: np.ndarray, ids: np.ndarray, pixel_max: float, deviation: float,
               seed: int) -> np.ndarray:
    """The images with Gaussian noise, independent in each pixel and channel.

    The noise of an image is drawn at (seed, "pixel_noise", id): it is the same in every epoch, and
    whatever other examples are kept. The sum is rounded and clipped to the range of pixels. Models
    normalize noisy images by the mean and standard deviation of the published ones, which are
    constants of the data set.

    Args:
      images: uint8[N,H,W,C], left as they are.
      ids: str[N].
      pixel_max: the uint8 value that means 1.0.
      deviation: standard deviation of the noise, in units of the range of pixels: 0.35 means
        0.35 * pixel_max. 0: none.
      seed: address of the draws.

    Returns:
      uint8[N,H,W,C] of values 0..pixel_max; without noise the given array itself.
    """
    if not deviation:
        return images
    noisy = np.empty_like(images)
    for place, example_id in enumerate(ids.tolist()):
        rng = generator(seed, "pixel_noise", *example_id.encode())
        noise = rng.standard_normal(images.shape[1:], np.float32)
        noisy[place] = (images[place] + deviation * pixel_max * noise).round().clip(0, pixel_max)
    return noisy
