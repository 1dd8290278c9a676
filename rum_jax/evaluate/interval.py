"""Means, their confidence intervals and paired differences, over seeds or over examples."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs]

LEVEL = 0.95
SEEDS, EXAMPLES, COPIES = "seeds", "examples", "copies of one estimate"
ROUNDING = 1e-12    # of the largest value: what subtraction and means leave of equal values


def summary(per_seed: Sequence[float], over: str = SEEDS) -> dict[str, Any]:
    """{"mean", "ci95", "per_seed", "n", "over"}: the 95% t-interval is mean +- ci95.

    ci95 = t(0.975, n-1) * std(ddof=1) / sqrt(n).

    Args:
      per_seed: float[n], the values.
      over: what the values differ in. COPIES: all of them are one estimate, so that they say
        nothing about how it varies; ci95 is None and n is 1.

    Raises:
      ValueError: fewer than two values, unless they are copies.
    """
    values, n = np.asarray(per_seed, np.float64), len(per_seed)
    if over == COPIES and n:
        return {"mean": float(values.mean()), "ci95": None, "per_seed": values.tolist(), "n": 1,
                "over": over}
    if n < 2:
        raise ValueError(f"an interval needs at least 2 seeds, got {n}")
    half = scipy.special.stdtrit(n - 1, 0.5 + LEVEL / 2) * values.std(ddof=1) / math.sqrt(n)
    return {"mean": float(values.mean()), "ci95": float(half), "per_seed": values.tolist(), "n": n,
            "over": over}


def estimates(per_seed: Sequence[float]) -> dict[str, Any]:
    """The summary of continuous estimates; those that are all equal are copies of one estimate.

    For values such as mean memorization of a forget set, which cannot be equal for two seeds
    unless both seeds have the same examples and scores.
    """
    return summary(per_seed, SEEDS if len(set(per_seed)) > 1 else COPIES)


def has_variance(values: Sequence[float] | np.ndarray, scale: float) -> bool:
    """Whether values differ by more than rounding; scale: largest of what they were made from."""
    return bool(np.ptp(np.asarray(values, np.float64)) > ROUNDING * max(scale, 1e-300))


def paired_difference(first: Sequence[float] | np.ndarray,
                      second: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """The summary of first - second, seed by seed, and "p" of the two-sided paired t-test.

    Without variance there is neither an interval nor a test: ci95 is None, and p is 1 where all
    differences are 0, otherwise None, as equal differences of a few seeds are no evidence that
    others would be equal, too.
    """
    left, right = np.asarray(first, np.float64), np.asarray(second, np.float64)
    differences = left - right
    scale = float(np.abs([left, right]).max(initial=0.0))
    statistics = summary(differences.tolist())
    if has_variance(differences, scale):
        n = len(differences)
        t = differences.mean() / (differences.std(ddof=1) / math.sqrt(n))
        p = float(2 * scipy.special.stdtr(n - 1, -abs(t)))
        return {**statistics, "p": p if math.isfinite(p) else None}
    zero = bool(np.abs(differences).max() <= ROUNDING * scale)
    return {**statistics, "ci95": None, "p": 1.0 if zero else None}


def bounds(value: Mapping[str, Any]) -> tuple[float, float] | None:
    """Both ends of the 95% interval of a summary; None where there is no interval."""
    if value["ci95"] is None:
        return None
    return value["mean"] - value["ci95"], value["mean"] + value["ci95"]


def auroc(positive: Sequence[float] | np.ndarray,
          negative: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """The area under the ROC curve and its 95% interval over examples, as a summary.

    The variance is that of DeLong, DeLong and Clarke-Pearson (1988), ties counted as one half.
    ci95 is None where it is 0 or cannot be had: a perfect separation of these examples does not
    say how well others are separated.

    Args:
      positive: float[m], scores of the examples that should be high.
      negative: float[k], scores of all others.
    """
    high, low = np.asarray(positive, np.float64), np.asarray(negative, np.float64)
    m, k = len(high), len(low)
    ranks = scipy.stats.rankdata(np.concatenate([high, low]))
    of_high = (ranks[:m] - scipy.stats.rankdata(high)) / k
    of_low = 1 - (ranks[m:] - scipy.stats.rankdata(low)) / m
    area = float(of_high.mean())
    variance = (of_high.var(ddof=1) / m + of_low.var(ddof=1) / k) if min(m, k) > 1 else 0.0
    half = scipy.special.ndtri(0.5 + LEVEL / 2) * math.sqrt(variance)
    return {"mean": area, "ci95": half if half > 0 else None, "per_seed": [area], "n": m + k,
            "over": EXAMPLES}
