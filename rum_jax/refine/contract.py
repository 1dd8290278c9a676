"""What a refinement is, and how its subsets are named."""

from collections.abc import Callable, Mapping

import numpy as np

# The levels that algorithms and hyper-parameters are chosen for. A subset is called by its
# level, or by its level and something after an underscore: mid_2 does what mid does, unless a
# config has an entry for mid_2 itself.
SUBSETS = ("low", "mid", "high")

# (examples, subsets, generator) -> {subset: int64[k] ascending indices of the forget set}, from
# the first to be unlearned to the last. `examples` has float[F] arrays by name: `memorization`,
# every proxy, `entanglement` (all the higher, the more), and int32[F] `label`; each is computed
# when it is asked for. `subsets` is how many the config asks for.
Refinement = Callable[[Mapping[str, np.ndarray], int, np.random.Generator],
                      dict[str, np.ndarray]]


def ties_of(score: str) -> str:
    """Key in `examples` of the sort keys for examples with equal scores: distinct int64[F].

    Optional: studies provide it; without it ties are broken at random.
    """
    return f"ties:{score}"


def names_of(subsets: int) -> tuple[str, ...]:
    """Names of so many subsets (at least two) in ascending order: low, mid_1, mid_2, ..., high."""
    middle = subsets - 2
    inner = ("mid",) if middle == 1 else tuple(f"mid_{i}" for i in range(1, middle + 1))
    return ("low", *inner, "high")


def level_of(subset: str) -> str:
    """The level of a subset: `mid` of `mid_2`; the text itself where it names none."""
    level = subset.partition("_")[0]
    return level if level in SUBSETS else subset
