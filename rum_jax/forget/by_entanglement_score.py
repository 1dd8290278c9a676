"""A forget set with a requested entanglement score (ES).

Candidates lie between a random set, whose mean is near that of the retain set (high ES), and the
examples with the largest projection on one feature direction (low ES). Bisection between these
two comes near the requested ES; then single examples are swapped while that reduces the error.
"""

from typing import NamedTuple

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.forget.selection import SETS, Family, SelectionContext

TOLERANCE = 0.01        # of the score
DIRECTIONS = 8          # principal directions that are tried, besides the classes' means
HALVINGS = 40
ROUNDS, PAIRS = 400, 256  # of exchanges, and how many are tried at a time


class Sums(NamedTuple):
    """Features float64[n,D] about their mean, and the squared length of each."""

    features: np.ndarray
    squares: np.ndarray


def sums_of(features: np.ndarray) -> Sums:
    """What the scores of any sets of them are made of; features: float[n,D]."""
    centered = np.asarray(features, np.float64) - np.asarray(features, np.float64).mean(0)
    return Sums(centered, np.square(centered).sum(1))


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


def _farthest(reach: np.ndarray, size: int) -> np.ndarray:
    return np.argsort(-reach, kind="stable")[:size]


def _lowest(sums: Sums, labels: np.ndarray, size: int) -> np.ndarray:
    """float64[n]: how far each example reaches in the direction of the lowest score."""
    reaches = sums.features @ _directions(sums, labels).T
    scores = [score(sums, _farthest(reach, size)) for reach in reaches.T]
    return reaches[:, int(np.argmin(scores))]


def _bisect(sums: Sums, reach: np.ndarray, size: int, expected: float,
            rng: np.random.Generator) -> np.ndarray:
    """Indices of the set between the two ends that is nearest to the score wanted."""
    drawn = rng.random(len(reach))  # also the order of examples that reach equally far
    ranks, noise = (np.argsort(np.lexsort((drawn, values))) / len(values)
                    for values in (reach, drawn))
    low, high = 0.0, 1.0  # share of the direction; the more, the lower the score
    tried = [_farthest(noise, size), _farthest(ranks, size)]
    for _ in range(HALVINGS):
        share = (low + high) / 2
        tried.append(_farthest(share * ranks + (1 - share) * noise, size))
        low, high = ((share, high) if score(sums, tried[-1]) > expected else (low, share))
    return min(tried, key=lambda forget: abs(np.log(score(sums, forget) / expected)))


def _exchange(sums: Sums, forget: np.ndarray, expected: float,
              rng: np.random.Generator) -> np.ndarray:
    """Exchanges one example at a time for one outside, the best of PAIRS drawn, if it helps."""
    inside = np.isin(np.arange(len(sums.features)), forget)
    total, square, off = sums.features[forget].sum(0), sums.squares[forget].sum(), np.inf
    for _ in range(ROUNDS):
        out = rng.choice(np.flatnonzero(inside), PAIRS)
        new = rng.choice(np.flatnonzero(~inside), PAIRS)
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
           rng: np.random.Generator, field: str = SETS.names) -> np.ndarray:
    """int64[size] ascending: a set with that score, within TOLERANCE.

    Args:
      features: float[n,D], penultimate features of the original model.
      labels: int[n].
      size: of the forget set.
      expected: ES with the midpoint of both means, as released, > 0.
      rng: draws the set at the entangled end, and the exchanges.
      field: of the config that asks, for messages.

    Raises:
      InputError: no such set was found; the message has the range that is in reach.
    """
    if unknown := int((~np.isfinite(features)).any(1).sum()):
        raise InputError(f"{field}: entanglement_score:{expected:g}: features of {unknown} of "
                         f"{len(features)} examples are not finite; allowed: originals whose "
                         "features are")
    sums = sums_of(features)
    reach = _lowest(sums, labels, size)
    forget = _exchange(sums, _bisect(sums, reach, size, expected, rng), expected, rng)
    if abs(score(sums, forget) / expected - 1) <= TOLERANCE:
        return forget
    # The extreme scores depend on the draws; the reported range has a margin to be reachable.
    ends = [margin * score(sums, _exchange(sums, _bisect(sums, reach, size, end, rng), end, rng))
            for end, margin in ((1e-12, 1.05), (1e12, 0.5))]
    raise InputError(f"{field}: entanglement_score:{expected:g} is out of reach for "
                     f"{size} of {len(features)} examples; allowed: about {ends[0]:,.4g} to "
                     f"{ends[1]:,.4g}")


def _check(argument: str) -> str | None:
    try:
        expected = float(argument)
    except ValueError:
        expected = np.nan
    return None if 0 < expected < np.inf else f"is {argument!r}; allowed: a number above 0"


def _choose(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    return search(context.features(), context.labels, size, float(argument), context.generator(),
                  context.fields.names)


FAMILY = Family(_choose, _check)
