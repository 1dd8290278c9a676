"""The search for one step of a chain: two halvings, the second around the best of the first.

Half of the budget goes to candidates of the whole ranges, the other half to candidates of
narrower ranges around the best of these. Where that one is near the end of a range, the narrower
range goes beyond it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.core.randomness import generator
from rum_jax.rum.chain import Step
from rum_jax.rum.searched_rows import spaces_of
from rum_jax.tuning.halving import Halved, affordable, halve
from rum_jax.unlearn.spaces import Space

NARROWER = 0.5          # width of the second ranges, in that of the first
TRIES = 200             # draws until one is not too expensive

# (candidates, numbers of replicates) -> (float64[c,r] scores, int64[c] example gradients)
Evaluate = Callable[[Sequence[Step], Sequence[int]], tuple[np.ndarray, np.ndarray]]


class Limit(NamedTuple):
    """What a step may cost, and what it will.

    Attributes:
      gradients: example gradients at most.
      expected: (step) -> the example gradients that it takes.
    """

    gradients: float
    expected: Callable[[Step], float]


class Searched(NamedTuple):
    """The result for one step.

    Attributes:
      step: what was chosen.
      score: its score over all replicates.
      trainings: evaluations of a candidate on a replicate.
      log: every candidate as JSON values: hyper-parameters, and a score for each replicate.
      edges: hyper-parameter -> `low` or `high`, where the chosen value is at an end of the last
        range.
    """

    step: Step
    score: float
    trainings: int
    log: list[dict[str, Any]]
    edges: dict[str, str]


def search(options: Sequence[Step], budget: int, replicates: int, evaluate: Evaluate,
           limit: Limit, address: tuple[int, ...], fixed: Collection[str] = ()) -> Searched:
    """The best step among some options, each an algorithm with hyper-parameters to choose.

    Args:
      options: steps on the same subset, the most promising first; their own values are the first
        candidates, of as many as the budget allows.
      budget: evaluations of a candidate on a replicate.
      replicates: how many there are.
      evaluate: see `Evaluate`.
      limit: of the cost; candidates that exceed it are not chosen.
      address: of the draws: the search's seed, and numbers.
      fixed: hyper-parameters that stay those of the option.
    """
    seed, *place = address
    options = options[:affordable(budget, replicates)]
    whole = {number: spaces_of(option.algorithm, fixed) for number, option in enumerate(options)}
    if not any(whole.values()):
        budget = min(budget, len(options) * replicates)
    rng = generator(seed, "search", *place, 0)
    first = _candidates(options, whole, max(affordable(budget // 2, replicates), len(options)),
                        limit, rng)
    halved, log = _halved(first, replicates, evaluate, limit, "whole ranges")
    best, score = first[halved.best], halved.score
    ranges = whole[_option(options, best)]
    left = budget - halved.trainings
    if ranges and left >= replicates and np.isfinite(score):
        near = {name: space.around(best.hparams[name], NARROWER)
                for name, space in ranges.items()}
        rng = generator(seed, "search", *place, 1)
        second = [_drawn(best, near, limit, rng) for _ in range(affordable(left, replicates))]
        again, more = _halved(second, replicates, evaluate, limit, "around the best")
        log, ranges = [*log, *more], near
        halved = again._replace(trainings=halved.trainings + again.trainings)
        if again.score > score:
            best, score = second[again.best], again.score
    edges = {name: end for name, space in ranges.items()
             if (end := space.edge(best.hparams[name]))}
    return Searched(best, score, halved.trainings, log, edges)


def _option(options: Sequence[Step], chosen: Step) -> int:
    return next(number for number, option in enumerate(options)
                if option.algorithm == chosen.algorithm)


def _candidates(options: Sequence[Step], spaces: Mapping[int, Mapping[str, Space]], count: int,
                limit: Limit, rng: np.random.Generator) -> list[Step]:
    """The options themselves, then draws from the ranges of one after another."""
    searched = [number for number in range(len(options)) if spaces[number]]
    candidates = list(options)
    while searched and len(candidates) < count:
        number = searched[(len(candidates) - len(options)) % len(searched)]
        candidates.append(_drawn(options[number], spaces[number], limit, rng))
    return candidates


def _drawn(option: Step, spaces: Mapping[str, Space], limit: Limit,
           rng: np.random.Generator) -> Step:
    """A step with drawn values, the cheapest of TRIES if all are too expensive."""
    cheapest, cost = option, np.inf
    for _ in range(TRIES):
        step = option._replace(hparams={**option.hparams, **{
            name: space(rng) for name, space in spaces.items()}})
        expected = limit.expected(step)
        if expected <= limit.gradients:
            return step
        if expected < cost:
            cheapest, cost = step, expected
    return cheapest


def _halved(candidates: Sequence[Step], replicates: int, evaluate: Evaluate, limit: Limit,
            ranges: str) -> tuple[Halved, list[dict[str, Any]]]:
    gradients = np.zeros(len(candidates), np.int64)

    def run(chosen: Sequence[int], numbers: Sequence[int]) -> np.ndarray:
        scores, gradients[list(chosen)] = evaluate([candidates[k] for k in chosen], numbers)
        scores[gradients[list(chosen)] > limit.gradients] = -np.inf
        return scores

    halved = halve(len(candidates), replicates, run)
    return halved, [{"ranges": ranges, "algorithm": step.algorithm, "hparams": step.hparams,
                     "example_gradients": int(gradients[k]),
                     "scores": [None if np.isnan(score) else float(score)
                                for score in halved.scores[k]]}
                    for k, step in enumerate(candidates)]
