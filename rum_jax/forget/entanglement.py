"""How entangled forget and retain set are in embedding space (docs/parity.md#forget-sets).

Embeddings are penultimate features of the original model, see `train.predict.embed`.
"""

import numpy as np
import scipy

from rum_jax.core.errors import InputError

CENTERS = ("midpoint", "global")


def _mean(features: np.ndarray, batch_size: int | None) -> np.ndarray:
    """float64[D]; the mean of the batches' means with a batch size (docs/parity.md#q19)."""
    features = np.asarray(features, np.float64)
    if batch_size is None:
        return features.mean(0)
    parts = np.split(features, range(batch_size, len(features), batch_size))
    return np.mean([part.mean(0) for part in parts], axis=0)


def _spread(features: np.ndarray, center: np.ndarray) -> float:
    return float(np.square(np.asarray(features, np.float64) - center).sum(1).mean())


def entanglement_score(retain: np.ndarray, forget: np.ndarray, center: str = "midpoint",
                       batch_size: int | None = None) -> float:
    """ES: spread within the two sets over the spread between their means; higher: harder.

        ES = (mean_R |f - mu_R|^2 + mean_F |f - mu_F|^2) / ((|mu_R - mu|^2 + |mu_F - mu|^2) / 2)

    Args:
      retain, forget: float[n,D] features, in the order of evaluation.
      center: what mu is: the "midpoint" of mu_R and mu_F, as released, or the "global" mean of
        all features, as in the paper (docs/parity.md#q19).
      batch_size: None for exact mu_R and mu_F; a number for the released mean of batch means,
        which differs where the last batch is short.

    Raises:
      ValueError: an unknown center.
    """
    if center not in CENTERS:
        raise ValueError(f"center: is {center!r}; known: {', '.join(CENTERS)}")
    mu_r, mu_f = _mean(retain, batch_size), _mean(forget, batch_size)
    within = _spread(retain, mu_r) + _spread(forget, mu_f)
    mu = ((mu_r + mu_f) / 2 if center == "midpoint"
          else _mean(np.concatenate([retain, forget]), None))
    return within / between(mu_r, mu_f, mu)


def between(mu_r: np.ndarray, mu_f: np.ndarray, mu: np.ndarray) -> float:
    """The denominator of ES, of means float[D]."""
    return float((np.square(mu_r - mu).sum() + np.square(mu_f - mu).sum()) / 2)


def disentanglement(retain: np.ndarray, forget: np.ndarray) -> float:
    """DES: mean distance of each set to the other's mean, averaged over both; float[n,D]."""
    mu_r, mu_f = _mean(retain, None), _mean(forget, None)
    return float((np.linalg.norm(forget - mu_r, axis=1).mean()
                  + np.linalg.norm(retain - mu_f, axis=1).mean()) / 2)


def squared_mmd(retain: np.ndarray, forget: np.ndarray, gamma: float = 1.0) -> float:
    """Biased squared maximum mean discrepancy, kernel exp(-gamma d^2), diagonal included."""
    def kernel_mean(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.exp(-gamma * scipy.spatial.distance.cdist(a, b, "sqeuclidean")).mean())

    return kernel_mean(forget, forget) + kernel_mean(retain, retain) - 2 * kernel_mean(forget,
                                                                                       retain)


def median_gamma(distances: np.ndarray) -> float:
    """1 / (2 median^2) of the distances between all pairs (Gretton et al. 2012, section 8).

    Args:
      distances: float[n,n], squared, of n >= 2 examples to each other.

    Returns:
      gamma of a kernel exp(-gamma d^2); where more than half of the pairs are copies of each
      other the median is over the others, and without any others 1.
    """
    pairs = distances[np.triu_indices(len(distances), 1)]
    median = np.median(pairs)
    if not median:
        apart = pairs[pairs > 0]
        median = np.median(apart) if len(apart) else 0.5
    return float(1 / (2 * median))


def unbiased_squared_mmd(retain: np.ndarray, forget: np.ndarray,
                         gamma: float | None = None) -> float:
    """Unbiased squared maximum mean discrepancy, without the diagonals (Gretton et al. 2012).

    Its expectation is 0 where both are drawn from one distribution, so it can be below 0.

    Args:
      retain, forget: float[n,D], of at least two examples each.
      gamma: of the kernel exp(-gamma d^2); None: `median_gamma` of both together.

    Raises:
      ValueError: a set has less than two examples.
    """
    few = min(len(retain), len(forget))
    if few < 2:
        raise ValueError(f"squared MMD: a set has {few} example(s); allowed: at least 2")
    both = np.concatenate([forget, retain])
    distances = scipy.spatial.distance.cdist(both, both, "sqeuclidean")
    kernel = np.exp(-(median_gamma(distances) if gamma is None else gamma) * distances)
    f, r = len(forget), len(retain)

    def within(part: np.ndarray) -> float:
        return (part.sum() - np.trace(part)) / (len(part) * (len(part) - 1))

    return float(within(kernel[:f, :f]) + within(kernel[f:, f:]) - 2 * kernel[:f, f:].sum() / f / r)


def centroid_distances(features: np.ndarray) -> np.ndarray:
    """float64[n], distance of each example to the mean of all."""
    features = np.asarray(features, np.float64)
    return np.linalg.norm(features - features.mean(0), axis=1)


def distance_groups(features: np.ndarray, groups: int,
                    ties: np.ndarray | None = None) -> np.ndarray:
    """Indices int64[groups, n // groups], from the centroid outwards; what is left over is dropped.

    Group 0 is the most entangled with all the others.

    Args:
      features: float[n,D].
      groups: how many.
      ties: [n], the order of examples that are equally far out; None: as they stand.

    Raises:
      InputError: features are not finite.
    """
    distances = centroid_distances(features)
    if unknown := int((~np.isfinite(distances)).sum()):
        raise InputError(f"features: the distances to the center of {unknown} of {len(features)} "
                         "examples are not finite; allowed: finite features")
    order = np.lexsort((np.arange(len(features)) if ties is None else ties, distances))
    size = len(features) // groups
    return order[:groups * size].reshape(groups, size)
