"""Paired t-tests of the effects of replicates, and their p-values after Holm's method."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rum_jax.claims.contrast import NON_INFERIORITY, SUPERIORITY, Effect
from rum_jax.claims.t_tests import Estimate, refutes, supports
from rum_jax.evaluate.hypothesis_tests import holm
from rum_jax.evaluate.interval import ROUNDING, has_variance


class PValues(NamedTuple):
    """p-values of one effect; None where there is no test.

    Attributes:
      own: of the test that the contrast has stated.
      refuting: of the test that rejects what the contrast has stated.
      equivalence: of TOST; None for non-inferiority.
    """

    own: float | None
    refuting: float | None
    equivalence: float | None


def varies(effect: Effect) -> bool:
    """Whether replicates differ by more than rounding, measured by the margin at least."""
    values = effect.per_replicate
    return has_variance(values, max(float(np.abs(values).max()), effect.contrast.margin))


def paired_tests(effect: Effect) -> PValues:
    """p-values of one effect, not adjusted.

    Without variance there is no test, but p of superiority is 1 where all effects are 0; see
    `verdict`.
    """
    values, contrast = effect.per_replicate, effect.contrast
    if not varies(effect):
        zero = float(np.abs(values).max()) <= ROUNDING * contrast.margin
        p = 1.0 if zero and contrast.test == SUPERIORITY else None
        return PValues(p, p, None)
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    estimate = Estimate(contrast.sign * float(values.mean()), error, len(values) - 1)
    return PValues(supports(estimate, contrast.test, contrast.margin),
                   refutes(estimate, contrast.test, contrast.margin),
                   None if contrast.test == NON_INFERIORITY else estimate.within(contrast.margin))


def corrected_together(effects: Sequence[Effect]) -> Iterable[list[int]]:
    """Positions of the effects of each family that have the same kind of test."""
    members: dict[tuple[str, str], list[int]] = {}
    for i, effect in enumerate(effects):
        members.setdefault((effect.contrast.family, effect.contrast.test), []).append(i)
    return members.values()


def holm_adjusted(effects: Sequence[Effect], raw: Sequence[PValues]) -> list[PValues]:
    """p-values after Holm, each kind over the effects that are corrected together.

    Those that refute non-inferiority or equivalence stay as they are: that is decided by the
    interval, which is not adjusted either.

    Args:
      effects: of all contrasts.
      raw: their p-values, in the same order.
    """
    adjusted = list(raw)
    for members in corrected_together(effects):
        own, equivalence = (holm([getattr(raw[i], kind) for i in members])
                            for kind in ("own", "equivalence"))
        for i, of_test, of_equivalence in zip(members, own, equivalence, strict=True):
            superiority = effects[i].contrast.test == SUPERIORITY
            adjusted[i] = PValues(of_test, of_test if superiority else raw[i].refuting,
                                  of_equivalence)
    return adjusted
