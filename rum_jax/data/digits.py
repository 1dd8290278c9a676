"""scikit-learn's digits: 1,797 real 8x8 images shipped inside that package, no download."""

from typing import Any

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source

# Mean and standard deviation of all 1,797 images, pixels in [0,1].
MEAN, STD = (0.3053,), (0.3760,)


def load(path: str = "", detail: str = "") -> Source:
    """All images, uint8[N,8,8,1] of values 0..16, as one part "train".

    Args:
      path, detail: must be empty; for the signature that all data sets share.

    Raises:
      InputError: a path is given.
    """
    if path or detail:
        raise InputError(f"config.data.path: is {path!r}; allowed for digits: '', as scikit-learn "
                         "brings them along")
    from sklearn.datasets import load_digits  # slow to import

    digits: Any = load_digits()
    images = digits.images.astype(np.uint8)[..., None]
    ids = np.array([f"digits_{i:05d}" for i in range(len(images))])
    return Source(images, digits.target.astype(np.int32), ids, np.full(len(images), "train"),
                  tuple(str(digit) for digit in range(10)), 16.0, MEAN, STD)
