"""The shuffled control: subsets of the same sizes that ignore all scores (docs/parity.md#rum)."""

from collections.abc import Mapping

import numpy as np

from rum_jax.refine.by_score import cut
from rum_jax.refine.contract import names_of


def refine(examples: Mapping[str, np.ndarray], subsets: int,
           generator: np.random.Generator) -> dict[str, np.ndarray]:
    """A random partition with the sizes of a refinement by score.

    Args:
      examples: only their number is used.
      subsets: how many.
      generator: what makes the partition.

    Returns:
      low, ..., high -> int64[k], ascending indices of the forget set.
    """
    order = generator.permutation(len(examples["label"]))
    return dict(zip(names_of(subsets), cut(order, subsets), strict=True))
