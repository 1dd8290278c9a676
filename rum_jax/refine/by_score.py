"""Refinement by one or two scores: the forget set cut at quantiles (docs/parity.md#rum)."""

from collections.abc import Mapping

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.refine.contract import Refinement, names_of, ties_of


def finite(name: str, scores: np.ndarray) -> np.ndarray:
    """The same float[F] scores.

    Raises:
      InputError: a score is not known, so that there is no subset that its example belongs to.
    """
    unknown = int((~np.isfinite(scores)).sum())
    if unknown:
        raise InputError(
            f"refinement by {name}: is not known (NaN) of {unknown} of {len(scores)} examples of "
            "the forget set; allowed: only where it is known of all. Raise config.campaign.models "
            "if memorization was estimated here, choose a forget set by that score, or refine by "
            "another one")
    return scores


def cut(scores: np.ndarray, subsets: int, ties: np.ndarray | None = None,
        name: str = "score") -> list[np.ndarray]:
    """Places int64[k] of so many parts by ascending score, each ascending.

    Where the parts cannot be equal, the first ones get one more.

    Args:
      scores: float[n].
      subsets: how many parts.
      ties: [n], the order of equal scores; None: as they stand.
      name: of the scores, for messages.

    Raises:
      InputError: a score is NaN or infinite.
    """
    ties = np.arange(len(scores)) if ties is None else ties
    order = np.lexsort((ties, finite(name, scores)))
    return [np.sort(part) for part in np.array_split(order, subsets)]


def _ties(examples: Mapping[str, np.ndarray], name: str,
          generator: np.random.Generator) -> np.ndarray:
    """The order of examples with equal scores: as it is known, or drawn here."""
    key = ties_of(name)
    return (examples[key] if key in examples
            else generator.permutation(len(examples[name])))


def by_score(name: str) -> Refinement:
    """Cut by that score, ties in an order that is drawn.

    For a `mix` forget set of the score and three subsets these are exactly its low, mid and high
    parts, as every low score is at most every mid score and so on.
    """

    def refine(examples: Mapping[str, np.ndarray], subsets: int,
               generator: np.random.Generator) -> dict[str, np.ndarray]:
        parts = cut(examples[name], subsets, _ties(examples, name, generator), name)
        return dict(zip(names_of(subsets), parts, strict=True))

    return refine


def by_two_scores(first: str, second: str) -> Refinement:
    """Cut by the first score, then each of its subsets in two by the second.

    `low_1` has the lower second scores of the subset `low`, `low_2` the higher ones.
    """

    def refine(examples: Mapping[str, np.ndarray], subsets: int,
               generator: np.random.Generator) -> dict[str, np.ndarray]:
        outer = by_score(first)(examples, subsets, generator)
        scores, ties = finite(second, examples[second]), _ties(examples, second, generator)
        return {f"{name}_{number}": indices[inner]
                for name, indices in outer.items()
                for number, inner in enumerate(cut(scores[indices], 2, ties[indices]), 1)}

    return refine
