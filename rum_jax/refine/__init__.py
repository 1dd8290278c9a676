"""Forget sets, and their refinement into ordered subsets (spec sections 5 and 8)."""

from collections.abc import Callable

import numpy as np

from rum_jax.refine import by_score, shuffled

SUBSETS = by_score.SUBSETS

# name -> (scores float[n] of the forget set, generator) -> {subset: int[k] places in the forget
# set}. A score must be the higher the more strongly an example is memorized.
REFINEMENTS: dict[str, Callable[[np.ndarray, np.random.Generator], dict[str, np.ndarray]]] = {
    "memorization": by_score.refine,
    "shuffled": shuffled.refine,
}
