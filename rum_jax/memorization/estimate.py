"""From counts over members to scores, standard errors and reliability."""

from typing import NamedTuple

import numpy as np
import scipy

from rum_jax.memorization.tally import CONFIDENCE_ONE, Tally

Pair = tuple[np.ndarray, np.ndarray]  # with and without an example


class Estimate(NamedTuple):
    """Memorization of n training examples.

    Attributes:
      memorization: float64[n] in [-1,1]; NaN where an example was never in or never out.
      standard_error: float64[n], plus-four, see `plus_four`: never 0; NaN likewise.
      times_in, times_out: int64[n], how many members were trained with and without it.
    """

    memorization: np.ndarray
    standard_error: np.ndarray
    times_in: np.ndarray
    times_out: np.ndarray


def share(hits: np.ndarray, times: np.ndarray, missing: float = np.nan) -> np.ndarray:
    """hits / times, and `missing` where times is 0; float64 of their common shape."""
    return np.divide(hits, times, out=np.full(hits.shape, missing), where=times > 0)


def _difference(times: tuple[np.ndarray, np.ndarray], sums: tuple[np.ndarray, np.ndarray],
                squares: tuple[np.ndarray, np.ndarray], missing: float = np.nan) -> Estimate:
    """Mean with minus mean without, from counts, sums and sums of squares (with, without)."""
    means = [share(total, count, missing) for total, count in zip(sums, times, strict=True)]
    return Estimate(means[0] - means[1], plus_four(times, sums, squares)[1], *times)


def plus_four(times: Pair, sums: Pair, squares: Pair | None = None) -> Pair:
    """Center and standard error of the plus-four interval (Agresti & Caffo 2000).

    Of the difference of two independent shares, or means of values in [0,1]. To the outcomes of
    each, one 0 and one 1 are added: so the error is not 0 where a few outcomes are all equal, and
    the center is nearer to 0 than the difference itself. See `interval` for the ends.

    Args:
      times: how many outcomes, with and without, each int[n].
      sums: of the outcomes, likewise.
      squares: of their squares; None: outcomes are 0 or 1.

    Returns:
      (float64[n], float64[n]); NaN where there is no outcome with, or none without.
    """
    means, variances = _plus_four_parts(times, sums, squares)
    known = np.minimum(*times) > 0
    return (np.where(known, means[0] - means[1], np.nan),
            np.where(known, np.sqrt(variances[0] + variances[1]), np.nan))


def _plus_four_parts(times: Pair, sums: Pair, squares: Pair | None
                     ) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Means, and their variances, with and without the example; see `plus_four`."""
    more = [np.asarray(count) + 2 for count in times]
    means = [(total + 1) / count for total, count in zip(sums, more, strict=True)]
    variances = [((square + 1) / count - np.square(mean)) / count
                 for square, mean, count in zip(squares or sums, means, more, strict=True)]
    return means, variances


def interval(times: Pair, sums: Pair, level: float = 0.95) -> Pair:
    """Ends of the plus-four interval of memorization at that level, each float64[n] in [-1,1].

    Its quantile is Student's with Welch's degrees of freedom: with the normal one the interval
    covers as little as 93% at some shares of few models, with this one nowhere less than 95%.

    Args:
      times: models with and without each example, each int[n].
      sums: how many of them are right, likewise.
      level: the share of such intervals that cover the true difference, at least.
    """
    center, error = plus_four(times, sums)
    _, variances = _plus_four_parts(times, sums, None)
    freedom = np.square(variances[0] + variances[1]) / sum(
        np.square(variance) / (np.asarray(count) + 1)
        for variance, count in zip(variances, times, strict=True))
    half = scipy.stats.t.ppf((1 + level) / 2, freedom) * error
    return np.maximum(center - half, -1), np.minimum(center + half, 1)


def of_tally(tally: Tally) -> Estimate:
    """Feldman & Zhang's estimator (docs/parity.md#forget-sets; arXiv 2008.03703, equation 1).

    mem_i = P(correct on i | i in the training set) - P(correct on i | i left out).
    """
    return _of_counts(tally.members.sum(), tally.times_in.sum(0), tally.hits_in.sum(0),
                      tally.hits_out.sum(0))


def soft_of_tally(tally: Tally) -> Estimate:
    """The same of the members' confidence in the label, in place of whether they predict it."""
    times_in = tally.times_in.sum(0)
    scale = float(CONFIDENCE_ONE)
    return _difference(
        (times_in, tally.members.sum() - times_in),
        (tally.confidence_in / scale, tally.confidence_out / scale),
        (tally.squares_in / scale**2, tally.squares_out / scale**2))


def margin_of_tally(tally: Tally, unit: float) -> np.ndarray:
    """float64[n]: mean margin with the example minus mean margin without, of units of `unit`."""
    times_in = tally.times_in.sum(0)
    return unit * (share(tally.margin_in, times_in)
                   - share(tally.margin_out, tally.members.sum() - times_in))


def memorization(included: np.ndarray, correct: np.ndarray,
                 missing: float = np.nan) -> Estimate:
    """`of_tally` from the outcomes of all members at once.

    Args:
      included: bool[M,n].
      correct: bool[M,n].
      missing: what stands for the share of an example that was never in, or never out; the
        reference has 0 there, and so reports the other share as if it were memorization.
    """
    return _of_counts(len(included), included.sum(0), (included & correct).sum(0),
                      (~included & correct).sum(0), missing)


def _of_counts(members: int, times_in: np.ndarray, hits_in: np.ndarray, hits_out: np.ndarray,
               missing: float = np.nan) -> Estimate:
    hits = hits_in, hits_out
    return _difference((times_in, members - times_in), hits, hits, missing)


class Agreement(NamedTuple):
    """Correlation of two estimates over the examples that both know; NaN if it is undefined."""

    pearson: float
    spearman: float


def split_half(tally: Tally) -> Agreement:
    """Agreement of two estimates, from the even and from the odd members.

    It tells how far scores (pearson), or a ranking by them (spearman), would change with another
    set of members; each half has only half of them, so it underrates the full estimate. Examples
    with nearly equal scores, as the many that are not memorized at all, lower the second alone.
    """
    halves = [_of_counts(*(part[k] for part in (tally.members, tally.times_in, tally.hits_in,
                                                tally.hits_out))).memorization for k in (0, 1)]
    both = np.isfinite(halves).all(0)
    if both.sum() < 3 or any(np.ptp(half[both]) == 0 for half in halves):
        return Agreement(float("nan"), float("nan"))
    first, second = (half[both] for half in halves)
    return Agreement(float(np.corrcoef(first, second)[0, 1]),
                     float(scipy.stats.spearmanr(first, second).statistic))


def full_reliability(pearson: float) -> float:
    """Expected correlation of two estimates with all members, from that of two halves.

    NaN where the halves do not correlate. Spearman and Brown's formula; it takes the errors of
    members as independent, and holds for Pearson's correlation only.
    """
    return 2 * pearson / (1 + pearson) if pearson > 0 else float("nan")


def models_needed(pearson: float, models: int, reliability: float) -> float:
    """How many members two estimates must have each to correlate so well (Spearman-Brown).

    Args:
      pearson: correlation of two halves of `models` members.
      models: how many there are in both halves together.
      reliability: wanted correlation, in (0,1).

    Returns:
      A number of members; infinite if the halves do not correlate, NaN if that is not known.
    """
    if not pearson > 0:
        return float("nan") if np.isnan(pearson) else float("inf")
    return models / 2 * reliability * (1 - pearson) / (pearson * (1 - reliability))
