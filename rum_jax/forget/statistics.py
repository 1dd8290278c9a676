"""What a forget set is like, before anything is unlearned."""

from collections.abc import Mapping

import numpy as np

from rum_jax.forget.entanglement import (
    disentanglement,
    entanglement_score,
    squared_mmd,
    unbiased_squared_mmd,
)
from rum_jax.forget.random_sets import mean_score, orders

SAMPLE = 2000       # examples of each set, at most, of which MMD is taken: it looks at all pairs


def in_embedding(features: np.ndarray, forget: np.ndarray, whole: np.ndarray,
                 rng: np.random.Generator) -> dict[str, float | None]:
    """Entanglement of a forget set in one model's features.

    Args:
      features: float[N,D] of all examples.
      forget: int[F] ascending positions.
      whole: int[F+R] ascending positions of forget and retain set.
      rng: draws the SAMPLE of each set, then the random sets.

    Returns:
      `entanglement_score` (means as exact means, midpoint, as released), its natural logarithm
      `log_entanglement_score`, and `entanglement_score_ratio` to the mean ES of random sets of
      the same size: a random set has about 1, as ES of a set without structure depends on its
      size alone; `disentanglement` (DES); `mmd`, the square root of the biased squared one, of a
      kernel exp(-|a-b|^2), as released; and `squared_mmd_median_unbiased`, whose gamma is that of
      the median heuristic: about 0 for a random set, and at times below. None where a set is too
      small for it.
    """
    retain, forgotten = features[np.setdiff1d(whole, forget)], features[forget]
    order_r, order_f = orders(rng, len(retain), len(forgotten))
    sample_r, sample_f = retain[order_r[:SAMPLE]], forgotten[order_f[:SAMPLE]]
    entanglement = entanglement_score(retain, forgotten)
    return {"entanglement_score": entanglement,
            "log_entanglement_score": float(np.log(entanglement)),
            "entanglement_score_ratio":
                entanglement / mean_score(features[whole], len(forget), rng),
            "disentanglement": disentanglement(retain, forgotten),
            "mmd": float(np.sqrt(max(squared_mmd(sample_r, sample_f), 0.0))),
            "squared_mmd_median_unbiased": unbiased_squared_mmd(sample_r, sample_f)
            if min(len(sample_r), len(sample_f)) > 1 else None}


def class_histogram(labels: np.ndarray, forget: np.ndarray, classes: int) -> list[int]:
    """Examples of each class in a forget set: labels int[N], positions int[F]."""
    return np.bincount(labels[forget], minlength=classes).tolist()


def overlaps(sets: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Jaccard index of each two sets: examples in both over examples in either."""
    return {a: {b: len(np.intersect1d(first, second)) / len(np.union1d(first, second))
                for b, second in sets.items()} for a, first in sets.items()}
