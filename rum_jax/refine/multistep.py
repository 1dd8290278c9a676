"""A stream of unlearning requests: each step chooses among what is left (spec section 8, 7)."""

from collections.abc import Sequence

import numpy as np

from rum_jax.forget.by_score import SELECTIONS, proxy_centers


def _chosen(name: str, scores: np.ndarray, candidates: np.ndarray, size: int,
            centers: tuple[float, ...] | None = None) -> np.ndarray:
    own = scores[candidates]
    return candidates[SELECTIONS[name](own, size, centers or proxy_centers(own))]


def remaining(examples: int, scores: Sequence[np.ndarray],
              requests: Sequence[tuple[str, int]]) -> np.ndarray:
    """Places that are left after some requests.

    Args:
      examples: n.
      scores: float[n] for each request, from the model at that time.
      requests: (key of SELECTIONS, size) of each.

    Returns:
      int64[r] ascending.
    """
    left = np.arange(examples)
    for own, (name, size) in zip(scores, requests, strict=True):
        left = np.setdiff1d(left, _chosen(name, own, left, size))
    return left


def sequence(scores: np.ndarray, candidates: np.ndarray, names: Sequence[str],
             size: int,
             centers: tuple[float, ...] | None = None) -> list[tuple[np.ndarray, np.ndarray]]:
    """What one request does, subset after subset.

    Args:
      scores: float[n], from the model before the request.
      candidates: int64[r] places that are left.
      names: keys of SELECTIONS, in the order of unlearning.
      size: of each subset.
      centers: what `mid` is near to; None: as for a proxy, among the candidates.

    Returns:
      For each name (forget int64[size] in the order of choice, retain ascending): retain is what
      is left without the subsets handled so far, this one included.
    """
    handled, made = np.arange(0), []
    for name in names:
        forget = _chosen(name, scores, candidates, size, centers)
        handled = np.union1d(handled, forget)
        made.append((forget, np.setdiff1d(candidates, handled)))
    return made
