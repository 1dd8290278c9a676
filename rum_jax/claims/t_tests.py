"""t-tests and t-intervals of an estimate with a standard error."""

from typing import NamedTuple

import scipy  # pyright: ignore[reportMissingTypeStubs]

from rum_jax.claims.contrast import EQUIVALENCE, SUPERIORITY
from rum_jax.evaluate.interval import LEVEL


class Estimate(NamedTuple):
    """An estimate whose error has a t distribution.

    Attributes:
      mean: the estimate.
      error: its standard error, > 0, in the same unit.
      df: degrees of freedom of the error.
    """

    mean: float
    error: float
    df: int

    def times(self, sign: int) -> "Estimate":
        """The estimate of sign * mean, with sign 1 or -1."""
        return self._replace(mean=sign * self.mean)

    def above(self, value: float) -> float:
        """p of the one-sided test that the true value is above `value`."""
        return float(scipy.special.stdtr(self.df, -(self.mean - value) / self.error))

    def differs(self, value: float = 0.0) -> float:
        """p of the two-sided test that the true value is not `value`."""
        return 2 * float(scipy.special.stdtr(self.df, -abs(self.mean - value) / self.error))

    def within(self, margin: float) -> float:
        """p of two one-sided tests (TOST; Schuirmann 1987): the true value is within +-margin."""
        return max(self.above(-margin), self.times(-1).above(-margin))

    def interval(self) -> tuple[float, float]:
        """Both ends of the 95% t-interval."""
        half = float(scipy.special.stdtrit(self.df, 0.5 + LEVEL / 2)) * self.error
        return self.mean - half, self.mean + half


def supports(estimate: Estimate, test: str, margin: float) -> float:
    """p of the test that a contrast has stated.

    Args:
      estimate: of the effect, with the sign that makes an advantage positive.
      test: one of `contrast.TESTS`.
      margin: > 0, in the unit of the estimate.

    Returns:
      p of the two-sided test for superiority (the sign says which way it rejects), of the
      one-sided test that the effect is above -margin for non-inferiority, and of TOST for
      equivalence.
    """
    if test == SUPERIORITY:
        return estimate.differs()
    return estimate.within(margin) if test == EQUIVALENCE else estimate.above(-margin)


def refutes(estimate: Estimate, test: str, margin: float) -> float:
    """p of the test that rejects what a contrast has stated; arguments as in `supports`.

    Returns:
      For superiority p of the same two-sided test. Otherwise p of the two-sided test that the
      effect is not the margin that its estimate lies beyond: it is below 0.05 exactly where the
      95% interval lies wholly beyond that margin. It is 1 where the estimate does not lie there.
    """
    if test == SUPERIORITY:
        return estimate.differs()
    if estimate.mean < -margin:
        return estimate.differs(-margin)
    if test == EQUIVALENCE and estimate.mean > margin:
        return estimate.differs(margin)
    return 1.0
