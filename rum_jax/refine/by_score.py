"""Refinement by one or two scores: the forget set cut at quantiles (spec section 8)."""

from collections.abc import Mapping

import numpy as np

from rum_jax.refine.contract import Refinement, names_of


def cut(scores: np.ndarray, subsets: int) -> list[np.ndarray]:
    """Places int64[k] of so many parts by ascending score, ties by place, each ascending.

    Where the parts cannot be equal, the first ones get one more.
    """
    order = np.argsort(scores, kind="stable")
    return [np.sort(part) for part in np.array_split(order, subsets)]


def by_score(name: str) -> Refinement:
    """Cut by that score.

    For a `mix` forget set of the score and three subsets these are exactly its low, mid and high
    parts, as every low score is at most every mid score and so on.
    """

    def refine(examples: Mapping[str, np.ndarray], subsets: int,
               generator: np.random.Generator) -> dict[str, np.ndarray]:
        del generator
        return dict(zip(names_of(subsets), cut(examples[name], subsets), strict=True))

    return refine


def by_two_scores(first: str, second: str) -> Refinement:
    """Cut by the first score, then each of its subsets in two by the second.

    `low_1` has the lower second scores of the subset `low`, `low_2` the higher ones.
    """

    def refine(examples: Mapping[str, np.ndarray], subsets: int,
               generator: np.random.Generator) -> dict[str, np.ndarray]:
        outer = by_score(first)(examples, subsets, generator)
        return {f"{name}_{number}": places[inner]
                for name, places in outer.items()
                for number, inner in enumerate(cut(examples[second][places], 2), 1)}

    return refine
