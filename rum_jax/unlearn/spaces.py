"""Ranges that a hyper-parameter search draws from: (generator) -> value."""

import dataclasses
import math

import numpy as np

EDGE = 0.05  # share of a range at either end that counts as its edge


@dataclasses.dataclass(frozen=True)
class Space:
    """A range of one hyper-parameter.

    Attributes:
      low, high: its ends.
      is_log: whether values are uniform in their logarithm.
      is_integer: whether they are integers, both ends included.
      least, most: what the hyper-parameter may be at all, where that is bounded.
    """

    low: float
    high: float
    is_log: bool = False
    is_integer: bool = False
    least: float = -math.inf
    most: float = math.inf

    def __call__(self, rng: np.random.Generator) -> int | float:
        """A value: an integer, or a number of four significant digits, of three in a logarithm."""
        if self.is_integer:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        if self.is_log:
            return float(f"{math.exp(rng.uniform(math.log(self.low), math.log(self.high))):.3g}")
        return float(f"{rng.uniform(self.low, self.high):.4g}")

    def edge(self, value: float) -> str | None:
        """`low` or `high` where a value is at that edge, and others beyond it are possible."""
        low, high, here = (self._scaled(number) for number in (self.low, self.high, value))
        margin = 0.0 if self.is_integer else EDGE * (high - low)
        if here <= low + margin and self.low > self.least:
            return "low"
        return "high" if here >= high - margin and self.high < self.most else None

    def around(self, value: float, share: float) -> "Space":
        """A range around a value, narrower by `share`; it goes beyond an end that is near."""
        low, high, here = (self._scaled(number) for number in (self.low, self.high, value))
        half = max(share * (high - low) / 2, 1.0 if self.is_integer else 0.0)
        ends = [self._unscaled(here - half), self._unscaled(here + half)]
        if self.is_integer:
            ends = [float(round(end)) for end in ends]
        return dataclasses.replace(self, low=max(ends[0], self.least),
                                   high=min(ends[1], self.most))

    def _scaled(self, value: float) -> float:
        """0, which a config may have, counts as the lower end of a logarithm."""
        return math.log(value or self.low) if self.is_log else float(value)

    def _unscaled(self, value: float) -> float:
        return math.exp(value) if self.is_log else value


def integers(low: int, high: int) -> Space:
    """Uniform over low..high, both included; a search may go beyond `high`, not below `low`."""
    return Space(low, high, is_integer=True, least=low)


def uniform(low: float, high: float, least: float = 0.0, most: float = math.inf) -> Space:
    """Uniform in [low, high), to four significant digits; a search may go to least and most."""
    return Space(low, high, least=least, most=most)


def log_uniform(low: float, high: float, most: float = math.inf) -> Space:
    """Log-uniform in [low, high), to three significant digits; a search may go to `most`."""
    return Space(low, high, is_log=True, least=0.0, most=most)


SETTLING = log_uniform(0.03, 1.0, most=1.0)  # of `last_epoch_factor`, which most algorithms have
