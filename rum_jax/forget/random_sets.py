"""Random sets of a forget set's size: what the entanglement score (ES) is relative to.

ES of a set without structure depends on its size, the features and the seed. A random set has an
`entanglement_score_ratio` of about 1 whatever these are.
"""

import numpy as np

from rum_jax.forget.entanglement_search import score, sums_of

RANDOM_SETS = 20    # whose mean ES is what a set without structure has


def orders(rng: np.random.Generator, retain: int, forget: int) -> tuple[np.ndarray, np.ndarray]:
    """Random orders int64[retain], int64[forget]: what statistics draw before random sets."""
    return rng.permutation(retain), rng.permutation(forget)


def mean_score(features: np.ndarray, size: int, rng: np.random.Generator) -> float:
    """The mean ES of RANDOM_SETS sets of that size; features: float[n,D]."""
    sums = sums_of(features)
    return float(np.mean([score(sums, rng.choice(len(features), size, replace=False))
                          for _ in range(RANDOM_SETS)]))


def reported_score(features: np.ndarray, size: int, rng: np.random.Generator) -> float:
    """The mean ES that `statistics.in_embedding` divides by, from a generator in the same state."""
    orders(rng, len(features) - size, size)
    return mean_score(features, size, rng)
