"""What metrics look at: the outputs of one model for all examples."""

from typing import NamedTuple

import numpy as np
from scipy.special import softmax


class View(NamedTuple):
    """One model, seen from outside.

    Attributes:
      logits: float32[N,C].
      labels: int32[N], as used for training.
      parts: forget, retain, validation, test -> int32[n] ascending positions.
    """

    logits: np.ndarray
    labels: np.ndarray
    parts: dict[str, np.ndarray]

    def confidence(self, positions: np.ndarray) -> np.ndarray:
        """float64[n], the probability given to each example's label."""
        probabilities = softmax(self.logits[positions].astype(np.float64), axis=-1)
        return probabilities[np.arange(len(positions)), self.labels[positions]]
