"""What a hyper-parameter search draws from: (generator) -> value."""

import math
from collections.abc import Callable

import numpy as np

Draw = Callable[[np.random.Generator], int | float]


def integers(low: int, high: int) -> Draw:
    """Uniform over low..high, both included."""
    return lambda rng: int(rng.integers(low, high + 1))


def uniform(low: float, high: float) -> Draw:
    """Uniform in [low, high), to four significant digits."""
    return lambda rng: float(f"{rng.uniform(low, high):.4g}")


def log_uniform(low: float, high: float) -> Draw:
    """Log-uniform in [low, high), to three significant digits."""
    return lambda rng: float(f"{math.exp(rng.uniform(math.log(low), math.log(high))):.3g}")
