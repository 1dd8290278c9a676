"""Refinement by memorization: the forget set cut at its terciles of the score (spec section 8)."""

import numpy as np

SUBSETS = ("low", "mid", "high")


def refine(scores: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Thirds of the forget set by ascending score, ties by place.

    For a `mix` forget set these are exactly its low, mid and high parts, as every low score is
    at most every mid score and so on. When 3 does not divide n, the first subsets get one more.

    Args:
      scores: float[n].
      generator: not used; part of the contract of refinements.

    Returns:
      {"low", "mid", "high"} -> int64[k], ascending places in 0..n-1.
    """
    del generator
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, len(SUBSETS))
    return {name: np.sort(part) for name, part in zip(SUBSETS, parts, strict=True)}
