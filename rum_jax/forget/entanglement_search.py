"""The search for a forget set with a requested entanglement score (ES).

The sets that are tried lie between a random set, whose mean is near that of the retain set (high
ES), and the examples with the largest projection on one feature direction (low ES). Bisection
between these two comes near the requested ES; then single examples are swapped while that reduces
the error.
"""

from typing import NamedTuple

import numpy as np

TOLERANCE = 0.01        # of the score
DIRECTIONS = 8          # principal directions that are tried, besides the classes' means
HALVINGS = 40
ROUNDS, PAIRS = 400, 256  # of exchanges, and how many are tried at a time


class OutOfReach(Exception):
    """No set with the requested score was found; `low` to `high` is about what can be."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__(f"allowed: about {low:,.4g} to {high:,.4g}")
        self.low, self.high = low, high


class Sums(NamedTuple):
    """What the scores of sets are made of.

    Attributes:
      features: float64[n,D] about their mean.
      squares: float64[n], the squared length of each.
      candidates: int64[c] ascending indices of the examples that sets are made of.
    """

    features: np.ndarray
    squares: np.ndarray
    candidates: np.ndarray


def sums_of(features: np.ndarray, candidates: np.ndarray | None = None) -> Sums:
    """What the scores of any sets of them are made of; features: float[n,D], candidates: int[c]."""
    centered = np.asarray(features, np.float64) - np.asarray(features, np.float64).mean(0)
    return Sums(centered, np.square(centered).sum(1),
                np.arange(len(centered)) if candidates is None else candidates)


def scores_of_sums(sums: Sums, total: np.ndarray, square: np.ndarray, size: int) -> np.ndarray:
    """ES (midpoint) of forget sets from their sums of features [...,D] and of squares [...]."""
    rest = len(sums.features) - size
    forget, retain = total / size, -total / rest  # as all features sum to 0
    within = (square / size - np.square(forget).sum(-1)
              + (sums.squares.sum() - square) / rest - np.square(retain).sum(-1))
    return within / (np.square(forget - retain).sum(-1) / 4)


def score(sums: Sums, forget: np.ndarray) -> float:
    """ES (midpoint) of the forget set with these indices."""
    return float(scores_of_sums(sums, sums.features[forget].sum(0), sums.squares[forget].sum(),
                                len(forget)))


def _directions(sums: Sums, labels: np.ndarray) -> np.ndarray:
    """float64[d,D], of unit length: means of classes, and principal directions both ways."""
    means = np.stack([sums.features[labels == label].mean(0) for label in np.unique(labels)])
    _, vectors = np.linalg.eigh(sums.features.T @ sums.features)
    principal = vectors[:, -DIRECTIONS:].T
    directions = np.concatenate([means, principal, -principal])
    return directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-30)


def _farthest(sums: Sums, reach: np.ndarray, size: int) -> np.ndarray:
    """Indices of the candidates that reach farthest; reach: float[c]."""
    return sums.candidates[np.argsort(-reach, kind="stable")[:size]]


def _lowest(sums: Sums, labels: np.ndarray, size: int) -> np.ndarray:
    """float64[c]: how far each candidate reaches in the direction of the lowest score."""
    reaches = (sums.features @ _directions(sums, labels).T)[sums.candidates]
    scores = [score(sums, _farthest(sums, reach, size)) for reach in reaches.T]
    return reaches[:, int(np.argmin(scores))]


def _bisect(sums: Sums, reach: np.ndarray, size: int, expected: float,
            rng: np.random.Generator) -> np.ndarray:
    """Indices of the set between the two ends that is nearest to the score wanted."""
    drawn = rng.random(len(reach))  # also the order of examples that reach equally far
    ranks, noise = (np.argsort(np.lexsort((drawn, values))) / len(values)
                    for values in (reach, drawn))
    low, high = 0.0, 1.0  # share of the direction; the more, the lower the score
    tried = [_farthest(sums, noise, size), _farthest(sums, ranks, size)]
    for _ in range(HALVINGS):
        share = (low + high) / 2
        tried.append(_farthest(sums, share * ranks + (1 - share) * noise, size))
        low, high = ((share, high) if score(sums, tried[-1]) > expected else (low, share))
    return min(tried, key=lambda forget: abs(np.log(score(sums, forget) / expected)))


def _exchange(sums: Sums, forget: np.ndarray, expected: float,
              rng: np.random.Generator) -> np.ndarray:
    """Exchanges one example at a time for one outside, the best of PAIRS drawn, if it helps.

    Candidates may be one-sided, so that all of a set has to be exchanged before its mean is that of
    the others: where not all examples are candidates there are up to as many rounds as that takes.
    """
    inside = np.isin(np.arange(len(sums.features)), forget)
    if len(forget) == len(sums.candidates):
        return np.sort(forget)
    rounds = ROUNDS if len(sums.candidates) == len(inside) else max(ROUNDS, len(forget))
    total, square, off = sums.features[forget].sum(0), sums.squares[forget].sum(), np.inf
    for _ in range(rounds):
        out = rng.choice(np.flatnonzero(inside), PAIRS)
        new = rng.choice(sums.candidates[~inside[sums.candidates]], PAIRS)
        totals = total + sums.features[new] - sums.features[out]
        squares = square + sums.squares[new] - sums.squares[out]
        distances = np.abs(np.log(scores_of_sums(sums, totals, squares, len(forget)) / expected))
        best = int(np.argmin(distances))
        if off <= TOLERANCE / 10:
            break
        if distances[best] < off:
            off, total, square = distances[best], totals[best], squares[best]
            inside[out[best]], inside[new[best]] = False, True
    return np.flatnonzero(inside)


def search(features: np.ndarray, labels: np.ndarray, size: int, expected: float,
           rng: np.random.Generator, candidates: np.ndarray | None = None) -> np.ndarray:
    """int64[size] ascending: a set with that score, within TOLERANCE.

    Args:
      features: float[n,D], finite: penultimate features of the original model.
      labels: int[n].
      size: of the forget set.
      expected: ES with the midpoint of both means, as released, > 0.
      rng: draws the set at the entangled end, and the exchanges.
      candidates: int[c] ascending indices, at least `size`, of the examples that may be forgotten;
        None: all. The score is that of the set and all the others, candidates or not.

    Raises:
      OutOfReach: no such set was found.
    """
    sums = sums_of(features, candidates)
    reach = _lowest(sums, labels, size)
    forget = _exchange(sums, _bisect(sums, reach, size, expected, rng), expected, rng)
    if abs(score(sums, forget) / expected - 1) <= TOLERANCE:
        return forget
    low, high = (score(sums, _exchange(sums, _bisect(sums, reach, size, end, rng), end, rng))
                 for end in (1e-12, 1e12))
    # The extreme scores depend on the draws; the reported range has a margin to be reachable. Among
    # few candidates the range may be narrow, and near its ends few single exchanges help.
    share = np.inf if candidates is None else (high / low) ** 0.1
    raise OutOfReach(low * min(1.05 if candidates is None else 1.2, share), high / min(2, share))
