"""Verdicts on paired differences, from pre-specified tests only.

Each claim has one two-sided paired t-test. The p-values of a family of claims are adjusted by
Holm's method, so that the probability of any false rejection in the family is at most 5%.
"Equivalent" means equivalent within a margin by two one-sided tests (TOST; Schuirmann 1987), whose
p-values are adjusted likewise, as a family of their own. Any other result is "difference not
significant", with the 95% confidence interval. Intervals are not adjusted: one can exclude 0
although the adjusted test is not significant.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.evaluate.interval import bounds, has_variance

ALPHA = 0.05
# Equivalence margin for ToW and its variants: about 1 - ToW of models retrained with other seeds
# on the digits, the noise floor.
MARGIN = 0.02
HIGHER, LOWER, EQUIVALENT = "higher", "lower", "equivalent"
NOT_SIGNIFICANT = "difference not significant"
NO_TEST = "no test"     # the difference is the same for all seeds


class Verdict(NamedTuple):
    """What a test says of a paired difference.

    Attributes:
      word: HIGHER, LOWER, EQUIVALENT, NOT_SIGNIFICANT or NO_TEST.
      p: of the test that gives the word, after Holm; None where there is no test.
      family: how many differences were tested together.
      n: pairs of values.
      text: the word with its test, and what is not excluded.
    """

    word: str
    p: float | None
    family: int
    n: int
    text: str

    @property
    def is_significant(self) -> bool:
        """Whether the difference itself is significant."""
        return self.word in (HIGHER, LOWER)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values of one family, corrected by Holm's method; None, of no test, counts as 1.

    The same values as statsmodels' `multipletests`, which collects garbage in every call (0.1 s).
    """
    raw = np.array([1.0 if p is None else p for p in p_values])
    order = np.argsort(raw, kind="stable")
    factors = np.arange(len(raw), 0, -1)
    corrected = np.empty(len(raw))
    corrected[order] = np.minimum(np.maximum.accumulate(raw[order] * factors), 1.0)
    return [None if p is None else float(value)
            for p, value in zip(p_values, corrected, strict=True)]


def equivalence(differences: Sequence[float], margin: float) -> float | None:
    """p of two one-sided paired t-tests that the mean difference is within +-margin.

    Args:
      differences: float[n], seed by seed.
      margin: > 0, in the unit of the differences.

    Returns:
      The larger of both one-sided p-values; None without variance.
    """
    # slow to import
    from statsmodels.stats.weightstats import (  # pyright: ignore[reportMissingTypeStubs]
        ttost_paired,  # pyright: ignore[reportUnknownVariableType]
    )

    values = np.asarray(differences, np.float64)
    if not has_variance(values, float(max(np.abs(values).max(), margin))):
        return None
    p = float(ttost_paired(values, np.zeros_like(values), -margin, margin)[0])
    return p if math.isfinite(p) else None


def verdicts(differences: Sequence[dict[str, Any]], margin: float | None = None) -> list[Verdict]:
    """What the tests of one family say.

    Args:
      differences: see `interval.paired_difference`; stated before they are looked at, all of
        them, whatever they show.
      margin: of equivalence; None: equivalence is not tested.
    """
    corrected = holm([difference["p"] for difference in differences])
    within = [None] * len(differences) if margin is None else holm(
        [equivalence(difference["per_seed"], margin) for difference in differences])
    return [_verdict(difference, p, same, margin, len(differences))
            for difference, p, same in zip(differences, corrected, within, strict=True)]


def verdict(difference: dict[str, Any], margin: float | None = None) -> Verdict:
    """What the test of a single pre-stated claim says; see `verdicts`."""
    return verdicts([difference], margin)[0]


def _verdict(difference: dict[str, Any], p: float | None, within: float | None,
             margin: float | None, family: int) -> Verdict:
    n: int = difference["n"]
    after = f" after Holm over {family}" if family > 1 else ""
    if p is not None and p < ALPHA:
        word = HIGHER if difference["mean"] > 0 else LOWER
        small = (f", and equivalent within ±{margin:g}, {_p(within)}"
                 if within is not None and within < ALPHA else "")
        return Verdict(word, p, family, n, f"{word} (paired t, {_p(p)}{after}, n = {n}{small})")
    if within is not None and within < ALPHA:
        return Verdict(EQUIVALENT, within, family, n,
                       f"equivalent within ±{margin:g} (two one-sided paired t-tests, "
                       f"{_p(within)}{after}, n = {n})")
    if p is None:
        return Verdict(NO_TEST, None, family, n,
                       f"{NO_TEST}: the difference is the same for all {n} seeds")
    if difference["ci95"] is None:
        return Verdict(NO_TEST, p, family, n, f"{NO_TEST}: identical for all {n} seeds")
    interval = "uncorrected 95% interval" if family > 1 else "95% interval"
    return Verdict(NOT_SIGNIFICANT, p, family, n,
                   f"{NOT_SIGNIFICANT} (paired t, {_p(p)}{after}, n = {n}; {interval}: "
                   f"{not_excluded(difference)})")


def not_excluded(difference: dict[str, Any]) -> str:
    """`-0.150 to +0.045 not excluded`: both ends of the 95% interval."""
    ends = bounds(difference)
    assert ends is not None  # a difference that was tested has an interval
    return f"{ends[0]:+.3f} to {ends[1]:+.3f} not excluded"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
