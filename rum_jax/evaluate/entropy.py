"""Entropies of predictions: what membership attacks look at (docs/parity.md#metrics)."""

import numpy as np

from rum_jax.evaluate.view import finite

SMALLEST = 1e-30


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, SMALLEST))


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """-sum_c p_c log p_c of float[n,C] -> float[n], with 0 log 0 = 0."""
    p = finite(probabilities)
    return -(p * _log(p)).sum(-1)


def modified_entropy(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """-(1-p_y) log p_y - sum_{c != y} p_c log(1-p_c), as published (arXiv 2003.10595).

    Args:
      probabilities: float[n,C].
      labels: int[n].
    """
    p = finite(probabilities)
    weights, logs = p.copy(), _log(1 - p)
    at = (np.arange(len(p)), labels)
    weights[at], logs[at] = 1 - p[at], _log(p[at])
    return -(weights * logs).sum(-1)


def modified_entropy_as_released(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What the released code computes in its place (docs/parity.md#q3).

    -sum_c w_c log p_c with w_c = 1 - p_c for every class that is the label of *some* example in
    the array, else p_c.
    """
    p = finite(probabilities)
    classes: int = p.shape[1]
    occurs = np.isin(np.arange(classes), labels)
    return -(np.where(occurs, 1 - p, p) * _log(p)).sum(-1)
