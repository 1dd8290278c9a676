"""Choice of the forget set by memorization score, or by a proxy of it (spec section 5)."""

from collections.abc import Callable

import numpy as np

from rum_jax.errors import InputError

MEMORIZATION_CENTERS = (0.5,)


def proxy_centers(scores: np.ndarray) -> tuple[float, float]:
    """Where the middle of a proxy is: at the median; ties are nearer to the mid-range first."""
    return (float(scores.min() + scores.max()) / 2, float(np.median(scores)))


def _descending(scores: np.ndarray) -> np.ndarray:
    return np.argsort(-scores, kind="stable")


def high(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Places of the highest scores, ties by place."""
    del centers
    return _descending(scores)[:size]


def low(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Places of the lowest scores: the end of the same descending order."""
    del centers
    return _descending(scores)[len(scores) - size:]


def mid(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Places of the scores nearest to the last center, ties to the one before, then descending."""
    order = _descending(scores)
    for center in centers:
        order = order[np.argsort(np.abs(scores[order] - center), kind="stable")]
    return order[:size]


def mix(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """A third each of high, mid and low, in this order.

    If 3 does not divide size, the reference's slices give low the rounded-up third (quirk Q7).
    """
    third = size // 3
    return np.concatenate([high(scores, third, centers), mid(scores, third, centers),
                           low(scores, -(-size // 3), centers)])


# name -> function of (scores float[n], size, centers) -> places in the order of choice.
SELECTIONS: dict[str, Callable[[np.ndarray, int, tuple[float, ...]], np.ndarray]] = {
    "low": low, "mid": mid, "high": high, "mix": mix,
}


def select(name: str, scores: np.ndarray, size: int,
           centers: tuple[float, ...] = MEMORIZATION_CENTERS) -> np.ndarray:
    """The forget set of that name and size.

    Args:
      name: a key of SELECTIONS.
      scores: float[n], memorization of the training set or a proxy; NaN is never chosen.
      size: number of examples; for a mix a multiple of 3.
      centers: what `mid` is near to.

    Returns:
      int64[size], ascending places in the training set, all different.

    Raises:
      InputError: too few scores are known, or the three parts of a mix overlap.
    """
    known = np.flatnonzero(np.isfinite(scores))
    if len(known) < size:
        raise InputError(f"forget.size is {size}: memorization of only {len(known)} of "
                         f"{len(scores)} examples is known, the others were in, or out of, the "
                         "training set of every model; raise campaign.models")
    chosen = known[np.unique(SELECTIONS[name](scores[known], size, centers))]
    if len(chosen) < size:
        raise InputError(f"forget.size is {size}: {size - len(chosen)} example(s) would be in two "
                         f"of the parts of a {name} forget set; allowed: a smaller size")
    return chosen
