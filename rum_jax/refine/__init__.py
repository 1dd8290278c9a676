"""Refinements of a forget set into ordered subsets (docs/parity.md#rum)."""

import functools
from collections.abc import Mapping

import numpy as np

from rum_jax.core import plugins
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.forget.selection import ENTANGLEMENT, MEMORIZATION
from rum_jax.proxies import PROXIES
from rum_jax.refine import shuffled
from rum_jax.refine.by_score import by_score, by_two_scores
from rum_jax.refine.contract import SUBSETS, Refinement, level_of, names_of

SCORES = (MEMORIZATION, *PROXIES, ENTANGLEMENT)
SHUFFLED = "shuffled"
TIMES = "*"

REFINEMENTS: dict[str, Refinement] = {
    **{score: by_score(score) for score in SCORES},
    "class": by_score("label"),
    SHUFFLED: shuffled.refine,
}


def fault(name: object) -> str | None:
    """What is wrong with the name of a refinement; None: nothing."""
    if plugins.is_reference(name):
        return plugins.fault(refinement, name)
    first, times, second = name.partition(TIMES) if isinstance(name, str) else ("", "", "")
    if first in SCORES and second in SCORES and first != second or (
            not times and first in REFINEMENTS):
        return None
    near = similar(name, REFINEMENTS) if not times else (
        f"{similar(first, SCORES)}{similar(second, SCORES)}")
    return (f"is {shortened(name)}; known: {', '.join(sorted(REFINEMENTS))}, two scores as "
            f"{MEMORIZATION}{TIMES}{ENTANGLEMENT}; or my_file.py:function{near}")


def refinement(name: str) -> Refinement:
    """The refinement of that name, of two scores, or that `my_file.py:function` names.

    Raises:
      InputError: the user's own one cannot be loaded, or does not return a partition.
    """
    if plugins.is_reference(name):
        return functools.partial(_checked, name, plugins.load(name, ("examples", "generator")))
    first, times, second = name.partition(TIMES)
    return by_two_scores(first, second) if times else REFINEMENTS[name]


def subset_names(name: str, subsets: int) -> tuple[str, ...] | None:
    """What a refinement calls its subsets; None: it is the user's own, and has yet to be run."""
    if plugins.is_reference(name):
        return None
    names = names_of(subsets)
    return tuple(f"{outer}_{i}" for outer in names for i in (1, 2)) if TIMES in name else names


def _checked(name: str, function, examples: Mapping[str, np.ndarray], subsets: int,
             generator: np.random.Generator) -> dict[str, np.ndarray]:
    parts = plugins.call(name, function, examples, generator)
    size = len(examples["label"])
    if not isinstance(parts, dict) or not parts or any(
            not isinstance(subset, str) or level_of(subset) not in SUBSETS for subset in parts):
        keys = shortened(list(parts)) if isinstance(parts, dict) else type(parts).__name__
        raise InputError(f"{name}: returned {keys}; allowed: a dict whose keys are "
                         f"{', '.join(SUBSETS)}, or one of these and more after an underscore, "
                         "as high_entangled")
    parts = {subset: np.asarray(indices) for subset, indices in parts.items()}
    for subset, indices in parts.items():
        if indices.ndim != 1 or not len(indices) or not np.issubdtype(indices.dtype, np.integer):
            raise InputError(f"{name}: {subset} is {shortened(indices.tolist())}; allowed: at "
                             "least one index of the forget set, all of them integers")
    together = np.sort(np.concatenate(list(parts.values())))
    if not np.array_equal(together, np.arange(size)):
        raise InputError(f"{name}: its subsets are no partition of the indices 0..{size - 1}"
                         " of the forget set; allowed: each index in one subset")
    return {subset: np.sort(indices) for subset, indices in parts.items()}
