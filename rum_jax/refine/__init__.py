"""Forget sets, and their refinement into ordered subsets (spec sections 5 and 8)."""

import functools
from collections.abc import Callable

import numpy as np

from rum_jax import own
from rum_jax.errors import InputError
from rum_jax.refine import by_score, shuffled

SUBSETS = by_score.SUBSETS

# (scores float[n] of the forget set, generator) -> {subset: int[k] places in the forget set}. A
# score is the higher the more strongly an example is memorized.
Refinement = Callable[[np.ndarray, np.random.Generator], dict[str, np.ndarray]]

REFINEMENTS: dict[str, Refinement] = {
    "memorization": by_score.refine,
    "shuffled": shuffled.refine,
}


def refinement(name: str) -> Refinement:
    """The refinement of that name, or that `my_file.py:function` names.

    Raises:
      InputError: the user's own one cannot be loaded, or does not return a partition.
    """
    if not own.is_reference(name):
        return REFINEMENTS[name]
    return functools.partial(_checked, name, own.load(name, ("scores", "generator")))


def _checked(name: str, function: Refinement, scores: np.ndarray,
             generator: np.random.Generator) -> dict[str, np.ndarray]:
    parts = function(scores, generator)
    if not isinstance(parts, dict) or set(parts) != set(SUBSETS):
        found = sorted(parts) if isinstance(parts, dict) else type(parts).__name__
        raise InputError(f"{name}: returned {found}; allowed: a dict of {', '.join(SUBSETS)}")
    parts = {subset: np.asarray(places) for subset, places in parts.items()}
    for subset, places in parts.items():
        if places.ndim != 1 or not len(places) or not np.issubdtype(places.dtype, np.integer):
            raise InputError(f"{name}: {subset} is {places}; allowed: at least one place, all of "
                             "them integers")
    together = np.sort(np.concatenate(list(parts.values())))
    if not np.array_equal(together, np.arange(len(scores))):
        raise InputError(f"{name}: its subsets are no partition of the places 0.."
                         f"{len(scores) - 1}; allowed: each place in one subset")
    return parts
