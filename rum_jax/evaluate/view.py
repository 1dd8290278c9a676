"""What metrics look at, and what they give."""

from typing import Any, NamedTuple

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs]

from rum_jax.core.errors import InputError

SHADOW_MEMBERS, SHADOW_NON_MEMBERS = "shadow_members", "shadow_non_members"


class Measured(NamedTuple):
    """A metric of one model.

    Attributes:
      value: the aggregate.
      per_example: float or bool[n], what it is made of; None for properties of the whole model.
    """

    value: float
    per_example: np.ndarray | None = None


class View(NamedTuple):
    """One model, seen from outside.

    Attributes:
      logits: float[N,C]; boundary expansion adds an output.
      labels: int32[N], as used for training.
      parts: forget, retain, validation, test -> int32[n] ascending positions; and, where they
        are drawn for all models of a case, `shadow_members` and `shadow_non_members`, see
        `evaluate/shadow.py`.
      params: its parameters, or None where no metric needs them.
    """

    logits: np.ndarray
    labels: np.ndarray
    parts: dict[str, np.ndarray]
    params: Any = None

    def probabilities(self, positions: np.ndarray) -> np.ndarray:
        """float64[n,C]. InputError if one is not finite."""
        return finite(scipy.special.softmax(self.logits[positions].astype(np.float64), axis=-1))

    def correct(self, positions: np.ndarray) -> np.ndarray:
        """bool[n], whether the largest logit is the label."""
        return self.logits[positions].argmax(-1) == self.labels[positions]


def finite(probabilities: np.ndarray) -> np.ndarray:
    """The same float[n,C]. InputError naming the first example where one is NaN or infinite."""
    bad = np.flatnonzero(~np.isfinite(probabilities).all(-1))
    if len(bad):
        raise InputError(f"probabilities: of example {bad[0]} are {probabilities[bad[0]]}; "
                         "allowed: finite numbers")
    return probabilities
