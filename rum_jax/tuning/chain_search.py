"""The search for a row: step by step, each given what was chosen for the steps before it."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.core import records
from rum_jax.rum.chain import Step
from rum_jax.train.state import TrainState
from rum_jax.tuning.replicate import SearchReplicate
from rum_jax.tuning.step_search import Limit, Searched, search

PROBES = (1, 2)  # epochs, at which an algorithm's cost is measured


class RowSearch(NamedTuple):
    """What the search chose for a row.

    Attributes:
      steps: the row's chain.
      score: of the whole chain, a mean over all replicates of the search.
      trainings: evaluations of a candidate for a step on a replicate.
      log: for each step what was tried, and what came out, as JSON values.
    """

    steps: list[Step]
    score: float
    trainings: int
    log: list[dict[str, Any]]

    def plain(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return records.plain({**self._asdict(), "steps": [step._asdict() for step in self.steps]})


def search_row(replicates: Sequence[SearchReplicate], row: str, steps: Sequence[Step],
               options: Callable[[Step, Limit], Sequence[Step]], budget: Callable[[int, int], int],
               seed: int, weights: Sequence[float] = (),
               fixed: Collection[str] = ()) -> RowSearch:
    """Chooses the steps of a row one after another.

    Of the cost of one retraining, a step may take what the steps before it have left of their
    shares and its own.

    Args:
      replicates: of the search.
      row: whose subsets are unlearned.
      steps: its chain with the values that the config has.
      options: (step, what it may cost) -> the steps among which it is chosen.
      budget: (number of a step, evaluations for the steps before) -> the evaluations of a
        candidate on a replicate that it may take.
      seed: of the search.
      weights: of each step's share; (): all have the same.
      fixed: hyper-parameters that the search does not choose.
    """
    shares = np.cumsum(weights or [1.0] * len(steps))
    chosen: list[Step] = []
    states = [replicate.after(row, [])[0] for replicate in replicates]
    log, trainings, used, score = [], 0, 0.0, -np.inf
    costs = _Costs(replicates[0], row)
    for number, step in enumerate(steps):
        share = replicates[0].retraining_gradients * shares[number] / shares[-1] - used
        limit = Limit(share, costs.of(chosen, states[0]))
        evaluate = _evaluator(replicates, row, list(chosen), states)
        found = search(options(step, limit), budget(number, trainings), len(replicates), evaluate,
                       limit, (seed, number, *row.encode()), fixed)
        log.append(_logged(step.subset, share, found))
        chosen.append(found.step)
        trainings, score = trainings + found.trainings, found.score
        used += _gradients(found)
        if number + 1 < len(steps):
            states = [replicate.after(row, chosen)[0] for replicate in replicates]
    return RowSearch(chosen, score, trainings, log)


def _evaluator(replicates: Sequence[SearchReplicate], row: str, chosen: list[Step],
               states: Sequence[TrainState]):
    def evaluate(candidates: Sequence[Step],
                 numbers: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        scored = [replicates[t].score(row, chosen, candidates, states[t]) for t in numbers]
        return np.stack([each.scores for each in scored], 1), scored[0].gradients

    return evaluate


def _gradients(found: Searched) -> int:
    """The example gradients that the chosen step took."""
    return next(each["example_gradients"] for each in found.log
                if (each["algorithm"], each["hparams"]) == (found.step.algorithm,
                                                            found.step.hparams))


def _logged(subset: str, limit: float, found: Searched) -> dict[str, Any]:
    return {"subset": subset, "algorithm": found.step.algorithm, "hparams": found.step.hparams,
            "score": found.score, "trainings": found.trainings, "edges": found.edges,
            "most_example_gradients": limit, "candidates": found.log}


class _Costs:
    """Example gradients of an algorithm, which are linear in its epochs, from two short runs."""

    def __init__(self, replicate: SearchReplicate, row: str) -> None:
        self._replicate, self._row = replicate, row
        self._measured: dict[tuple[int, str], tuple[float, float]] = {}

    def of(self, chosen: Sequence[Step], states: TrainState) -> Callable[[Step], float]:
        """(step) -> the example gradients that it takes after the chosen ones."""
        place, before = len(chosen), list(chosen)

        def expected(step: Step) -> float:
            if "epochs" not in step.hparams:
                return 0.0
            key = (place, step.algorithm)
            if key not in self._measured:
                first, second = self._probe(before, step, states)
                self._measured[key] = (first - (second - first), second - first)
            start, each = self._measured[key]
            return start + each * step.hparams["epochs"]

        return expected

    def _probe(self, chosen: Sequence[Step], step: Step, states: TrainState) -> list[int]:
        probes = [step._replace(hparams={**step.hparams, "epochs": epochs})
                  for epochs in PROBES]
        return self._replicate.score(self._row, chosen, probes, states).gradients.tolist()
