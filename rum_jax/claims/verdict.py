"""Verdicts on contrasts, from the tests that were stated for them.

Tests are paired t-tests of the effects of R replicates, of the negated effects where the direction
is "less". p-values are adjusted by Holm's method over the contrasts of a family that have the same
kind of test; those of equivalence (TOST) are adjusted as a family of their own. With ALPHA = 0.05:

- Superiority: "supported" if the two-sided test rejects and the effect has the stated direction,
  "refuted" if it rejects and the effect has the other, else "equivalent" if TOST rejects. The
  probability of any false rejection in a family is at most 5%, and so is that of any false
  "equivalent".
- Non-inferiority: "supported" if the one-sided test rejects that the effect is -margin or less.
  "Refuted" if the 95% interval lies wholly below -margin.
- Equivalence: "supported" if TOST rejects; "refuted" if the 95% interval lies wholly outside the
  margin.
- "undecided" otherwise, and where the contrast that it is decided only if, is not supported.

Intervals in decisions are not adjusted. Where the effect is the same in all replicates there is no
test, no interval, and the verdict is "undecided": as in `interval.paired_difference`, p of
superiority is 1 where all effects are 0, and otherwise there is none. Even effects that are all 0
do not show equivalence, since a t-test takes the spread of effects from the sample, and replicates
that all show the same value (a metric at its ceiling, rows that share a computation) say nothing
of it.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from rum_jax.claims.contrast import (
    NON_INFERIORITY,
    SUPERIORITY,
    Contrast,
    Effect,
    contrast_faults,
    effect_faults,
)
from rum_jax.claims.paired_tests import PValues, holm_adjusted, paired_tests, varies
from rum_jax.claims.sensitivity import Mixed, Resampled, mixed, resampled
from rum_jax.core.errors import raise_if_any
from rum_jax.evaluate.hypothesis_tests import ALPHA
from rum_jax.evaluate.interval import ROUNDING, bounds, summary

SUPPORTED, REFUTED, EQUIVALENT = "supported", "refuted", "equivalent"
UNDECIDED = "undecided"


class Decision(NamedTuple):
    """What was decided of a contrast, and from what.

    Attributes:
      contrast: what was compared.
      n: replicates.
      mean: of the effects of replicates, in the unit of the metric, with the sign as measured.
      interval: both ends of the 95% t-interval of the mean; None without variance.
      sd: standard deviation (n - 1) of the effects of replicates.
      p: of the contrast's own test; None where there is no test.
      p_adjusted: p after Holm.
      p_refuted: of the test that refutes: for superiority p_adjusted, else below 0.05 exactly where
        the interval lies wholly beyond the margin.
      p_equivalence: of TOST after Holm; None for non-inferiority.
      verdict: the words of the verdict.
      word: its first word.
      resampled: the corrected resampled t-test; None without variance or a ratio of sizes.
      mixed: the mixed model; None where there is none.
    """

    contrast: Contrast
    n: int
    mean: float
    interval: tuple[float, float] | None
    sd: float
    p: float | None
    p_adjusted: float | None
    p_refuted: float | None
    p_equivalence: float | None
    verdict: str
    word: str
    resampled: Resampled | None
    mixed: Mixed | None


def decide(effects: Sequence[Effect], test_to_train: float | None,
           mixed_models: bool = True) -> list[Decision]:
    """The decisions on all contrasts of a study, in their order.

    Args:
      effects: all of them, whatever they show; families are made of `contrast.family`.
      test_to_train: n_test / n_train of a replicate, for the corrected resampled t-test, or None.
      mixed_models: whether mixed models are fitted, which takes about 0.05 s for each effect.

    Raises:
      InputError: a field of a contrast is not allowed, a name is given twice, an effect has fewer
        than three replicates or a value that is not finite, or the ratio is not a number >= 0.
    """
    faults = contrast_faults([effect.contrast for effect in effects]) + effect_faults(effects)
    if test_to_train is not None and not 0 <= test_to_train < math.inf:
        faults.append(f"test_to_train: is {test_to_train}; allowed: a number >= 0, or None")
    raise_if_any(faults, "The claims cannot be decided:")
    raw = [paired_tests(effect) for effect in effects]
    return _conditional([
        _decision(effect, tests.own, after, test_to_train, mixed_models)
        for effect, tests, after in zip(effects, raw, holm_adjusted(effects, raw), strict=True)])


def _conditional(decisions: Sequence[Decision]) -> list[Decision]:
    """The same, undecided where the contrast that one is decided only if, is not supported.

    Its test stays among those that are corrected together, which is conservative.
    """
    supported = {each.contrast.name for each in decisions if each.word == SUPPORTED}
    return [each if each.contrast.only_if in ("", *supported) else each._replace(
        word=UNDECIDED, verdict=f"{UNDECIDED}: not asked, as {each.contrast.only_if} is not "
                                f"{SUPPORTED}") for each in decisions]


def _decision(effect: Effect, p: float | None, after: PValues, test_to_train: float | None,
              mixed_models: bool) -> Decision:
    values, has_test = effect.per_replicate, varies(effect)
    statistics = summary(values.tolist())
    interval = bounds(statistics) if has_test else None
    word = _word(effect.contrast, statistics["mean"], after)
    return Decision(
        effect.contrast, len(values), statistics["mean"], interval, float(values.std(ddof=1)), p,
        after.own, after.refuting, after.equivalence,
        _words(word, effect.contrast, statistics, interval), word,
        resampled(effect, test_to_train) if has_test and test_to_train is not None else None,
        mixed(effect) if mixed_models else None)


def _rejects(p: float | None) -> bool:
    return p is not None and p < ALPHA


def _word(contrast: Contrast, mean: float, after: PValues) -> str:
    if contrast.test == SUPERIORITY:
        if _rejects(after.own):
            return SUPPORTED if contrast.sign * mean > 0 else REFUTED
        return EQUIVALENT if _rejects(after.equivalence) else UNDECIDED
    if _rejects(after.own):
        return SUPPORTED
    return REFUTED if _rejects(after.refuting) else UNDECIDED


def _words(word: str, contrast: Contrast, statistics: dict[str, float],
           interval: tuple[float, float] | None) -> str:
    if word == EQUIVALENT:
        return f"{word} within {contrast.margin:g}"
    if word != UNDECIDED:
        return word
    if interval is None:
        value = statistics["mean"] if abs(statistics["mean"]) > ROUNDING else 0.0
        return (f"{word}: no test, the effect is {value:.3g} in all "
                f"{statistics['n']} replicates")
    largest = _not_excluded(contrast, interval)
    corrected = ", before Holm's correction" if largest < contrast.margin else ""
    return f"{word}: a difference of up to {largest:.3g} is not excluded{corrected}"


def _not_excluded(contrast: Contrast, interval: tuple[float, float]) -> float:
    """The largest absolute end of the interval; for non-inferiority the largest disadvantage."""
    if contrast.test == NON_INFERIORITY:
        return max(0.0, *(-contrast.sign * end for end in interval))
    return max(abs(end) for end in interval)
