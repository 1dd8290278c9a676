"""The shuffled control: subsets of the same sizes that ignore the scores (spec section 8)."""

import numpy as np

from rum_jax.refine import by_score


def refine(scores: np.ndarray, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """A random partition with the sizes of the refinement by score.

    Args:
      scores: float[n], only their number is used.
      generator: what makes the partition.

    Returns:
      {"low", "mid", "high"} -> int64[k], ascending places in 0..n-1.
    """
    return by_score.refine(generator.permutation(len(scores)), generator)
