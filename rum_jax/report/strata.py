"""How much the strata of a proxy have in common with those of memorization, at equal ranks."""

import numpy as np
import scipy

from rum_jax.evaluate.interval import summary
from rum_jax.refine.contract import SUBSETS

LOW, MID, HIGH = SUBSETS
CENTER = 0.5    # of memorization, which `mid` is around


def overlaps(values: np.ndarray, memorization: np.ndarray, size: int) -> dict[str, dict]:
    """Level -> share of memorization's stratum that is in the proxy's at the same ranks.

    `low` and `high` are the first and the last ranks, and `mid` those of the examples whose
    memorization is nearest to 0.5: where a proxy's own middle lies does not matter, only whom it
    ranks there. Examples that tie share the places that they take up together. The expected number
    of common examples is divided by the most that there can be with memorization's ties, so that
    every proxy that ranks as memorization does has an overlap of 1, whether it has these ties, too,
    or orders them in some way.

    Args:
      values: float[S,n], the proxy of each of S >= 2 seeds.
      memorization: float[n], NaN where it is not known.
      size: of each stratum; there are no overlaps where fewer examples are known.

    Returns:
      A summary for each level, and its `chance`: the overlap of a proxy without any order.
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
        by_level[level] = {**summary(shares), "chance": float(size ** 2 / known.sum() / most)}
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
