"""From outcomes of members to scores, standard errors and reliability; exact integer counts."""

from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr


class Estimate(NamedTuple):
    """Memorization of n training examples.

    Attributes:
      memorization: float64[n] in [-1,1]; NaN where an example was never in or never out.
      standard_error: float64[n], of the difference of two independent proportions; NaN likewise.
      times_in, times_out: int64[n], how many members were trained with and without it.
    """

    memorization: np.ndarray
    standard_error: np.ndarray
    times_in: np.ndarray
    times_out: np.ndarray


def _share(hits: np.ndarray, times: np.ndarray, missing: float = np.nan) -> np.ndarray:
    return np.divide(hits, times, out=np.full(hits.shape, missing), where=times > 0)


def memorization(included: np.ndarray, correct: np.ndarray,
                 missing: float = np.nan) -> Estimate:
    """Feldman & Zhang's estimator (spec section 5; arXiv 2008.03703, equation 1).

    mem_i = P(correct on i | i in the training set) - P(correct on i | i left out).

    Args:
      included: bool[M,n].
      correct: bool[M,n].
      missing: what stands for the share of an example that was never in, or never out; the
        reference has 0 there, and so reports the other share as if it were memorization.
    """
    times_in = included.sum(0)
    times_out = len(included) - times_in
    share_in = _share((included & correct).sum(0), times_in, missing)
    share_out = _share((~included & correct).sum(0), times_out, missing)
    variance = (_share(share_in * (1 - share_in), times_in)
                + _share(share_out * (1 - share_out), times_out))
    return Estimate(share_in - share_out, np.sqrt(variance), times_in, times_out)


def influence(included: np.ndarray, correct_test: np.ndarray,
              missing: float = np.nan) -> np.ndarray:
    """Influence of each training example on each test example (spec section 5).

    infl_ji = P(correct on j | i in the training set) - P(correct on j | i left out).

    Args:
      included: bool[M,n].
      correct_test: bool[M,t].
      missing: as in `memorization`.

    Returns:
      float32[t,n]; NaN in the columns of examples that were never in or never out.
    """
    times_in = included.sum(0)
    hits_in = correct_test.T.astype(np.float32) @ included.astype(np.float32)
    hits_out = correct_test.sum(0)[:, None] - hits_in
    inside = _share(hits_in, np.broadcast_to(times_in, hits_in.shape), missing)
    outside = _share(hits_out, np.broadcast_to(len(included) - times_in, hits_out.shape),
                     missing)
    return (inside - outside).astype(np.float32)


def split_half_spearman(included: np.ndarray, correct: np.ndarray) -> float:
    """Rank correlation of two estimates, from the even and from the odd members.

    It tells how far a ranking by these scores would change with another set of members; each
    half has only half of them, so it underrates the full estimate. NaN if it is undefined.
    """
    halves = [memorization(included[k::2], correct[k::2]).memorization for k in (0, 1)]
    both = np.isfinite(halves).all(0)
    if both.sum() < 2 or any(np.ptp(half[both]) == 0 for half in halves):
        return float("nan")
    return float(spearmanr(halves[0][both], halves[1][both]).statistic)
