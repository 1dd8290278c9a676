"""How much the strata of a proxy have in common with those of memorization, at equal ranks."""

import numpy as np
import scipy

from rum_jax.evaluate.interval import estimates
from rum_jax.refine.contract import SUBSETS

LOW, MID, HIGH = SUBSETS
CENTER = 0.5    # of memorization, which `mid` is around


def overlaps(values: np.ndarray, memorization: np.ndarray, size: int) -> dict[str, dict]:
    """Level -> share of memorization's stratum that is in the proxy's stratum of the same ranks.

    A stratum is a range of `size` ranks: the first for `low`, the last for `high`, and for `mid`
    those of the examples with memorization nearest to 0.5. Only the ranks of a proxy matter, not
    its scale. Tied examples share their ranks equally. The expected number of common examples is
    divided by the largest possible one given memorization's ties, so that a proxy that ranks as
    memorization does has an overlap of 1, however it orders these ties.

    Args:
      values: float[S,n], the proxy of each of S >= 2 seeds.
      memorization: float[n], NaN where it is not known.
      size: of each stratum; there are no overlaps where fewer examples are known.

    Returns:
      For each level a summary, and `chance`: the expected overlap of a random ranking.
    """
    known = np.isfinite(memorization) & np.isfinite(values).all(0)
    if not 0 < size <= known.sum():
        return {}
    by_level: dict[str, dict] = {}
    for level, first in starts(memorization[known], size).items():
        expected = membership(memorization[known], first, size)
        most = (expected ** 2).sum()
        shares = [float((expected * membership(of_seed[known], first, size)).sum() / most)
                  for of_seed in values]
        by_level[level] = {**estimates(shares), "chance": float(size ** 2 / known.sum() / most)}
    return by_level


def starts(memorization: np.ndarray, size: int) -> dict[str, int]:
    """Level -> rank, from 0, of the first example of its stratum of memorization, float[n]."""
    ascending = np.sort(memorization)
    nearest = np.argsort(np.abs(ascending - CENTER), kind="stable")[:size]
    return {LOW: 0, MID: int(min(nearest.min(), len(ascending) - size)),
            HIGH: len(ascending) - size}


def membership(scores: np.ndarray, first: int, size: int) -> np.ndarray:
    """float[n]: the share of each example in the ranks first to first + size - 1.

    1 or 0 for an example without ties; examples that tie share what their ranks have there.
    """
    begin = scipy.stats.rankdata(scores, method="min") - 1
    end = scipy.stats.rankdata(scores, method="max")
    inside = np.minimum(end, first + size) - np.maximum(begin, first)
    return np.clip(inside, 0, None) / (end - begin)
