"""What a forget set is like, before anything is unlearned."""

from collections.abc import Mapping

import numpy as np

from rum_jax.entanglement import disentanglement, entanglement_score, squared_mmd

SAMPLE = 2000  # examples of each set, at most, of which MMD is taken: it looks at all pairs


def in_embedding(features: np.ndarray, forget: np.ndarray,
                 rng: np.random.Generator) -> dict[str, float]:
    """Entanglement of a forget set in one model's features.

    Args:
      features: float[n,D] of the training set.
      forget: int[F] places.
      rng: draws the SAMPLE of each set.

    Returns:
      `entanglement_score` (means as exact means, midpoint, as released), `entanglement_global`
      (the paper's form), `disentanglement` (DES) and `mmd`, the square root of the biased
      squared one, of a kernel exp(-|a-b|^2).
    """
    apart = np.delete(features, forget, axis=0)
    inside = features[forget]
    some = [part[rng.permutation(len(part))[:SAMPLE]] for part in (apart, inside)]
    return {"entanglement_score": entanglement_score(apart, inside),
            "entanglement_global": entanglement_score(apart, inside, "global"),
            "disentanglement": disentanglement(apart, inside),
            "mmd": float(np.sqrt(max(squared_mmd(*some), 0.0)))}


def class_histogram(labels: np.ndarray, forget: np.ndarray, classes: int) -> list[int]:
    """Examples of each class in a forget set."""
    return np.bincount(labels[forget], minlength=classes).tolist()


def overlaps(sets: Mapping[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """Jaccard index of each two sets: examples in both over examples in either."""
    return {a: {b: len(np.intersect1d(one, other)) / len(np.union1d(one, other))
                for b, other in sets.items()} for a, one in sets.items()}
