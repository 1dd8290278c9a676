"""Power of the tests that decide claims, and the replicates that a power needs.

All powers are exact for independent normal effects of replicates with a known standard deviation.
Tests of a family are taken at alpha / comparisons (Bonferroni), which Holm's method never falls
below: powers after Holm are at least as high. The power of superiority is that of Student's paired
t-test (noncentral t; Cohen 1988, Statistical Power Analysis, chapter 2). The power of
non-inferiority and of equivalence is that for a true effect of 0: a noncentral t probability, and
for TOST an integral over the distribution of the sample's standard deviation (Phillips 1990,
J. Pharmacokinetics and Biopharmaceutics 18:137-144), by Gauss-Legendre quadrature.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs]

from rum_jax.claims.contrast import (
    EQUIVALENCE,
    LEAST_REPLICATES,
    NON_INFERIORITY,
    SUPERIORITY,
    Contrast,
)
from rum_jax.claims.verdict import Decision
from rum_jax.evaluate.hypothesis_tests import ALPHA

POWER = 0.8                     # what a design should have
MOST_REPLICATES = 1_000_000     # that `needed` counts to
CERTAIN = 1e6                   # shift of t, in standard errors, at which every test rejects
NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)


class Power(NamedTuple):
    """What a design can show.

    Attributes:
      contrast: what is compared.
      n: replicates.
      sd: standard deviation of the effects of replicates, in the unit of the metric.
      comparisons: tests that are corrected together.
      power: of the contrast's own test: superiority for a true difference of the margin,
        non-inferiority and equivalence at the margin for a true effect of 0.
      detectable: what has a power of POWER with these replicates: the smallest difference, or for
        non-inferiority and equivalence the smallest margin.
      needed: replicates that give the margin a power of POWER; None: over MOST_REPLICATES.
      power_equivalence: of TOST for a true effect of 0; None for non-inferiority.
    """

    contrast: Contrast
    n: int
    sd: float
    comparisons: int
    power: float
    detectable: float
    needed: int | None
    power_equivalence: float | None


def power(effect: float, sd: float, n: int, comparisons: int = 1) -> float:
    """Power of the two-sided paired t-test at ALPHA / comparisons.

    Args:
      effect: true mean difference.
      sd: > 0, standard deviation of the differences, in the same unit.
      n: replicates, >= 2.
      comparisons: tests that are corrected together, >= 1.

    Raises:
      ValueError: an argument is out of range.
    """
    _refuse(sd, n, comparisons)
    t, shift = _critical(n, ALPHA / comparisons / 2), effect / sd * math.sqrt(n)
    return _above(t, n, shift) + _above(t, n, -shift)


def power_non_inferiority(margin: float, sd: float, n: int, comparisons: int = 1) -> float:
    """Power of the one-sided test of an effect above -margin, for a true effect of 0.

    Arguments and errors as for `power`, with a margin in place of the effect.
    """
    _refuse(sd, n, comparisons)
    t, shift = _critical(n, ALPHA / comparisons), margin / sd * math.sqrt(n)
    return _above(t, n, shift)


def power_equivalence(margin: float, sd: float, n: int, comparisons: int = 1) -> float:
    """Power of TOST within +-margin, for a true effect of 0.

    Arguments and errors as for `power`, with a margin in place of the effect.
    """
    _refuse(sd, n, comparisons)
    return tost_power(margin, 0.0, sd / math.sqrt(n), n - 1, ALPHA / comparisons)


def tost_power(margin: float, effect: float, error: float, df: int, alpha: float) -> float:
    """P(TOST rejects), each one-sided test at alpha.

    The mean is normal and, independently, df * (s / error)^2 is chi-squared; TOST rejects where
    the absolute mean < margin - t * s. Integrated over the quantiles of s up to margin / t.

    Args:
      margin: > 0.
      effect: true mean difference.
      error: > 0, true standard error of the estimated mean.
      df: degrees of freedom of s, the estimate of the standard error.
      alpha: level of each of the two tests.
    """
    t = float(scipy.special.stdtrit(df, 1 - alpha))
    limit = float(scipy.special.chdtr(df, df * (margin / (t * error)) ** 2))
    s = np.sqrt(scipy.special.gammaincinv(df / 2, limit * (NODES + 1) / 2) * 2 / df)
    upper = scipy.special.ndtr((margin - effect) / error - t * s)
    lower = scipy.special.ndtr(-(margin + effect) / error + t * s)
    return float(limit / 2 * (WEIGHTS * np.maximum(upper - lower, 0)).sum())


POWERS: dict[str, Callable[[float, float, int, int], float]] = {
    SUPERIORITY: power, NON_INFERIORITY: power_non_inferiority, EQUIVALENCE: power_equivalence}


def detectable(sd: float, n: int, power: float = POWER, comparisons: int = 1,
               test: str = SUPERIORITY) -> float:
    """The smallest difference, or margin of another test, with that power; errors as `power`."""
    _refuse(sd, n, comparisons)

    def short(ratio: float) -> float:
        return POWERS[test](ratio, 1.0, n, comparisons) - power

    high = 1.0
    while short(high) < 0:
        high *= 2
    return sd * float(scipy.optimize.brentq(short, 0.0, high))


def needed(effect: float, sd: float, power: float = POWER, comparisons: int = 1,
           test: str = SUPERIORITY) -> int | None:
    """The fewest replicates, at least three, with that power; errors as `power`.

    Args:
      effect: true difference, not 0; for other tests the margin.
      sd: > 0, standard deviation of the effects of replicates.
      power: in (ALPHA, 1).
      comparisons: tests that are corrected together.
      test: one of `contrast.TESTS`.

    Returns:
      None where MOST_REPLICATES are not enough.
    """
    def enough(n: int) -> bool:
        return POWERS[test](effect, sd, n, comparisons) >= power

    low, high = LEAST_REPLICATES - 1, LEAST_REPLICATES
    while not enough(high):
        if high > MOST_REPLICATES:
            return None
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def planned(sd: float, n: int, contrast: Contrast, comparisons: int = 1) -> Power:
    """What n replicates can show, with the standard deviation of a pilot study; errors as `power`.

    Args:
      sd: > 0, of the effects of replicates in the pilot study.
      n: replicates of the design.
      contrast: what is compared; its margin is what should be shown.
      comparisons: contrasts of its family with the same kind of test.
    """
    test, margin = contrast.test, contrast.margin
    return Power(
        contrast, n, sd, comparisons, POWERS[test](margin, sd, n, comparisons),
        detectable(sd, n, POWER, comparisons, test), needed(margin, sd, POWER, comparisons, test),
        None if test == NON_INFERIORITY else power_equivalence(margin, sd, n, comparisons))


def attained(decisions: Sequence[Decision]) -> list[Power | None]:
    """What the design of each decision could show, with the standard deviation that was seen.

    It is the power for the margin, never for the effect that was seen, which is a function of the
    p-value and says nothing more (Hoenig and Heisey 2001, American Statistician 55:19-24).

    Args:
      decisions: of all contrasts, so that those that are corrected together can be counted.

    Returns:
      One for each decision; None where the effects of its replicates do not vary.
    """
    families = [(decision.contrast.family, decision.contrast.test) for decision in decisions]
    return [None if decision.interval is None else
            planned(decision.sd, decision.n, decision.contrast, families.count(family))
            for decision, family in zip(decisions, families, strict=True)]


def _above(t: float, n: int, shift: float) -> float:
    """P(noncentral t of n replicates > t): 0 or 1 beyond CERTAIN, where scipy gives NaN."""
    if abs(shift) > CERTAIN:
        return float(shift > 0)
    return float(scipy.stats.nct.sf(t, n - 1, shift))


def _critical(n: int, alpha: float) -> float:
    """What t of n replicates exceeds with probability alpha."""
    return float(scipy.special.stdtrit(n - 1, 1 - alpha))


def _refuse(sd: float, n: int, comparisons: int) -> None:
    if not (0 < sd < math.inf and n >= 2 and comparisons >= 1):
        raise ValueError(f"sd is {sd}, n is {n}, comparisons is {comparisons}; allowed: sd > 0, "
                         "n >= 2, comparisons >= 1")
