"""What a claim compares and how it is tested, stated before the run, and its effects after it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rum_jax.core.checks import Check, number, one_of, shortened

TESTS = SUPERIORITY, NON_INFERIORITY, EQUIVALENCE = ("superiority", "non-inferiority",
                                                     "equivalence")
DIRECTIONS = GREATER, LESS = ("greater", "less")
LEAST_REPLICATES = 3


class Contrast(NamedTuple):
    """A difference between two means of cells, and the test that decides what a claim says of it.

    Attributes:
      name: of the contrast, different for all contrasts of a study.
      claim: number and text of the claim, such as "3: RUM against the best one-shot row".
      family: name of the claims whose contrasts are corrected together.
      metric: what is compared, such as "tow_stratified".
      test: one of TESTS. Superiority: the effect has the stated direction. Non-inferiority: the
        effect is less than a margin against it. Equivalence: the effect is within +-margin.
      direction: one of DIRECTIONS, in which the effect is an advantage. Equivalence ignores it.
      margin: > 0, in the unit of the metric; the largest difference that does not matter.
      only_if: name of the contrast that must be supported for this one to be decided; "": none.
    """

    name: str
    claim: str
    family: str
    metric: str
    test: str
    direction: str
    margin: float
    only_if: str = ""

    @property
    def sign(self) -> int:
        """1, or -1 where an effect below 0 is an advantage; tests are made of sign * effect."""
        return -1 if self.direction == LESS else 1


class Effect(NamedTuple):
    """What was measured of a contrast.

    Attributes:
      contrast: what was compared.
      values: float64[R, S], the difference of each of R replicates and S >= 1 model seeds, in the
        unit of the metric.
    """

    contrast: Contrast
    values: np.ndarray

    @property
    def per_replicate(self) -> np.ndarray:
        """float64[R], the mean over model seeds."""
        return np.asarray(self.values, np.float64).mean(axis=1)


def _margin(value: object) -> str | None:
    fault = number(0, open_low=True)(value)
    return None if fault is None else f"is {shortened(value)}; allowed: a number above 0"


CHECKS: dict[str, Check] = {"test": one_of(TESTS), "direction": one_of(DIRECTIONS),
                            "margin": _margin}


def contrast_faults(contrasts: Sequence[Contrast]) -> list[str]:
    """A text for each field that is not allowed, and for each name that is given twice."""
    return list(_faults(contrasts))


def _faults(contrasts: Sequence[Contrast]) -> Iterator[str]:
    for contrast in contrasts:
        for field, check in CHECKS.items():
            if fault := check(getattr(contrast, field)):
                yield f"config.contrasts.{contrast.name}.{field}: {fault}"
    for name, times in Counter(contrast.name for contrast in contrasts).items():
        if times > 1:
            yield f"config.contrasts.{name}: is given {times} times; allowed: once"


def effect_faults(effects: Sequence[Effect]) -> list[str]:
    """A text for each effect whose values are not finite numbers of enough replicates."""
    return [f"contrast {effect.contrast.name}: {fault}" for effect in effects
            if (fault := _values(np.asarray(effect.values)))]


def _values(values: np.ndarray) -> str | None:
    if values.ndim != 2 or values.dtype.kind not in "iuf":
        return f"has values {values.dtype}{list(values.shape)}; allowed: float64[R, S]"
    if len(values) < LEAST_REPLICATES:
        return f"has {len(values)} replicate(s); allowed: at least {LEAST_REPLICATES}"
    if values.shape[1] == 0:
        return "has no model seeds; allowed: at least 1"
    for replicate, seeds in enumerate(values):
        bad = seeds[~np.isfinite(seeds)]
        if len(bad):
            return f"is {float(bad[0])} in replicate {replicate}; allowed: finite numbers"
    return None
