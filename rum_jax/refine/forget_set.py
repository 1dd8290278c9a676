"""Choice of the forget set by memorization score (spec section 5)."""

from collections.abc import Callable

import numpy as np

from rum_jax.errors import InputError


def high(scores: np.ndarray, size: int) -> np.ndarray:
    """Places of the highest scores, ties by place."""
    return np.argsort(-scores, kind="stable")[:size]


def low(scores: np.ndarray, size: int) -> np.ndarray:
    """Places of the lowest scores: the end of the same descending order."""
    return np.argsort(-scores, kind="stable")[len(scores) - size:]


def mid(scores: np.ndarray, size: int) -> np.ndarray:
    """Places of the scores nearest to 0.5, equally near ones by descending score."""
    descending = np.argsort(-scores, kind="stable")
    nearest = np.argsort(np.abs(scores[descending] - 0.5), kind="stable")
    return descending[nearest[:size]]


def mix(scores: np.ndarray, size: int) -> np.ndarray:
    """A third each of high, mid and low; size must be a multiple of 3."""
    third = size // 3
    return np.concatenate([part(scores, third) for part in (low, mid, high)])


SELECTIONS: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "low": low, "mid": mid, "high": high, "mix": mix,
}


def select(name: str, scores: np.ndarray, size: int) -> np.ndarray:
    """The forget set of that name and size.

    Args:
      name: a key of SELECTIONS.
      scores: float[n], memorization of the training set; NaN is never chosen.
      size: number of examples.

    Returns:
      int64[size], ascending places in the training set, all different.

    Raises:
      InputError: too few scores are known, or the three parts of a mix overlap.
    """
    known = np.flatnonzero(np.isfinite(scores))
    if len(known) < size:
        raise InputError(f"forget.size is {size}: memorization of only {len(known)} of "
                         f"{len(scores)} examples is known, the others were in, or out of, the "
                         "training set of every model; raise memorization.models")
    chosen = known[np.unique(SELECTIONS[name](scores[known], size))]
    if len(chosen) < size:
        raise InputError(f"forget.size is {size}: {size - len(chosen)} example(s) would be in two "
                         f"of the parts of a {name} forget set; allowed: a smaller size")
    return chosen
