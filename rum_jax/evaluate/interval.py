"""Means and their confidence intervals over seeds."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats


def summary(per_seed: Sequence[float]) -> dict:
    """{"mean", "ci95", "per_seed"}: the 95% t-interval is mean +- ci95 (spec section 7).

    ci95 = t(0.975, n-1) * std(ddof=1) / sqrt(n); ValueError for fewer than two seeds.
    """
    values, n = np.asarray(per_seed, np.float64), len(per_seed)
    if n < 2:
        raise ValueError(f"an interval needs at least 2 seeds, got {n}")
    half = stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / math.sqrt(n)
    return {"mean": float(values.mean()), "ci95": float(half), "per_seed": values.tolist()}


def paired_difference(first: Sequence[float], second: Sequence[float]) -> dict:
    """The summary of first - second, seed by seed."""
    return summary(np.subtract(first, second).tolist())
