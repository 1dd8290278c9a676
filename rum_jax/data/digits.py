"""scikit-learn's digits: 1,797 real 8x8 images shipped inside that package, no download."""

import numpy as np
from sklearn.datasets import load_digits

from rum_jax.data.arrays import ImageSpec

# Mean and standard deviation of all 1,797 images, pixels in [0,1].
SPEC = ImageSpec(shape=(8, 8, 1), classes=10, pixel_max=16.0, mean=(0.3053,), std=(0.3760,))


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, ImageSpec]:
    """Returns (images uint8[N,8,8,1] of values 0..16, labels int32[N], ids str[N], spec)."""
    digits = load_digits()
    images = digits.images.astype(np.uint8)[..., None]
    ids = np.array([f"digits_{i:05d}" for i in range(len(images))])
    return images, digits.target.astype(np.int32), ids, SPEC
