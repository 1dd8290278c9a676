"""Successive halving (Jamieson and Talwalkar, AISTATS 2016; arXiv 1502.07943).

All candidates are evaluated on one replicate; the best third on a second one, too; of these the
best third on as many again; until the last ones have been evaluated on all replicates. A score is
the mean over the replicates so far. Only scores over the same replicates are compared. Thirds in
place of halves (eta = 3) leave more of the budget to new candidates, as most of them are far worse
than the best by more than one replicate is uncertain.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

KEPT = 3  # one of so many candidates goes on to the next round


class Round(NamedTuple):
    """What one round evaluates.

    Attributes:
      candidates: how many.
      first, last: the replicates that are new in this round are first..last-1.
    """

    candidates: int
    first: int
    last: int


class Halved(NamedTuple):
    """What halving found.

    Attributes:
      best: index of the candidate with the highest score over all replicates.
      score: that score; -inf where all candidates have failed.
      scores: float64[n,T], NaN where a candidate was not evaluated.
      trainings: evaluations of a candidate on a replicate.
    """

    best: int
    score: float
    scores: np.ndarray
    trainings: int


def rounds(candidates: int, replicates: int) -> list[Round]:
    """The rounds of so many candidates on so many replicates."""
    planned, first, last, left = [], 0, 1, candidates
    while True:
        planned.append(Round(left, first, last))
        if last == replicates:
            return planned
        first, last, left = last, min(2 * last, replicates), math.ceil(left / KEPT)


def cost(candidates: int, replicates: int) -> int:
    """Evaluations of a candidate on a replicate that halving takes."""
    return sum(each.candidates * (each.last - each.first)
               for each in rounds(candidates, replicates))


def affordable(budget: int, replicates: int) -> int:
    """The largest number of candidates whose halving costs at most the budget; at least 1."""
    candidates = 1
    while cost(candidates + 1, replicates) <= budget:
        candidates += 1
    return candidates


def halve(candidates: int, replicates: int,
          evaluate: Callable[[Sequence[int], Sequence[int]], np.ndarray]) -> Halved:
    """The best of n candidates.

    Args:
      candidates: n.
      replicates: T.
      evaluate: (indices of c candidates, numbers of r replicates) -> float64[c,r] scores, the
        higher the better; -inf for a candidate that has failed.
    """
    scores, alive = np.full((candidates, replicates), np.nan), np.arange(candidates)
    for each in rounds(candidates, replicates):
        if each.first:
            means = scores[alive, :each.first].mean(1)
            alive = np.sort(alive[np.argsort(-means, kind="stable")[:each.candidates]])
        new = np.arange(each.first, each.last)
        scores[np.ix_(alive, new)] = evaluate(alive.tolist(), new.tolist())
    means = scores[alive].mean(1)
    place = int(np.argmax(means))
    return Halved(int(alive[place]), float(means[place]), scores,
                  int(np.isfinite(scores).sum() + np.isneginf(scores).sum()))
