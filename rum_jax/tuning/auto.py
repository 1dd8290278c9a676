"""Auto-RUM: refinement, number of subsets, order and algorithms of RUM, found by a search.

It begins with what the searches of the one-shot rows have found: where a part unlearns the
examples of one level of memorization, with its values for the subset of that level, else with
those for the whole forget set. First every structure is tried with one chain, which does nothing
to the least memorized subset and unlearns each of the others with the algorithm that is the best
one-shot row for it; structures are halved as candidates are. Then the steps of the best structure
are searched one after another, each among all algorithms, `none` included; steps are scored by the
subsets until then, so that the chain they make may be worse than the first one, which is taken
then. The budget is that of the best one-shot row; no chain may cost more than one retraining.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.refine.contract import level_of
from rum_jax.rum.chain import Step
from rum_jax.rum.row_spec import in_order
from rum_jax.tuning.chain_search import RowSearch, search_row
from rum_jax.tuning.halving import halve
from rum_jax.tuning.replicate import SearchReplicate
from rum_jax.tuning.starts import Starts, affordable, with_epochs
from rum_jax.tuning.step_search import Limit

NONE = "none"
LEAST = "low"       # the level to which the first chains do nothing
LEAST_WEIGHT = 0.2  # of its step's share of budget and cost, in that of another step
ALGORITHM_OPTIONS = (NONE, "finetune", "neggrad_plus", "random_label", "salun", "scrub")


class Structure(NamedTuple):
    """A refinement, its number of subsets and their order."""

    by: str
    subsets: int
    order: str

    @property
    def row(self) -> str:
        """The row that has it."""
        return f"rum[by={self.by};subsets={self.subsets};order={self.order}]"

    def fields(self) -> dict[str, Any]:
        """The fields of the section `rum` that make the row `rum` have it."""
        return {"refinement": self.by, "subsets": self.subsets, "order": self.order}


STRUCTURES = (
    Structure("memorization", 3, "ascending"), Structure("memorization", 3, "descending"),
    Structure("memorization", 2, "ascending"), Structure("confidence", 3, "ascending"),
    Structure("entanglement", 3, "ascending"),
    Structure("memorization*entanglement", 2, "ascending"),
)


class Tried(NamedTuple):
    """The best structure, by its first chain.

    Attributes:
      structure: itself.
      chain: its first chain.
      score: of this chain over all replicates.
      gradients: example gradients that it takes.
      log: scores of all structures.
      trainings: steps that were run on a replicate, `none` not counted.
    """

    structure: Structure
    chain: list[Step]
    score: float
    gradients: int
    log: list[dict[str, Any]]
    trainings: int


def search_auto(replicates: Sequence[SearchReplicate], config: ConfigDict,
                starts: Starts, fixed: Collection[str] = ()) -> tuple[Structure, RowSearch]:
    """The best structure, and the chain that was found for it.

    Args:
      replicates: of the search.
      config: of the part.
      starts: what it begins with, and the budget.
      fixed: hyper-parameters that the search does not choose.
    """
    tried = _best_structure(replicates, starts)
    subsets = [step.subset for step in tried.chain]
    weights = [LEAST_WEIGHT if level_of(subset) == LEAST else 1.0 for subset in subsets]

    def options(step: Step, limit: Limit) -> list[Step]:
        return [affordable(starts.step(step.subset, name, len(subsets)), limit)
                for name in ALGORITHM_OPTIONS]

    def budget(number: int, trainings: int) -> int:
        left = (starts.budget - tried.trainings - trainings) / sum(weights[number:])
        return max(int(left * weights[number]), 2 * len(replicates))

    found = search_row(replicates, tried.structure.row, tried.chain, options, budget,
                       config.tuning.seed, weights, fixed)
    log = [{"structures": tried.log, "trainings": tried.trainings}, *found.log]
    found = found._replace(log=log, trainings=found.trainings + tried.trainings)
    if tried.score > found.score and tried.gradients <= replicates[0].retraining_gradients:
        not_taken = [{**entry, "edges": {}} for entry in log]  # which are of what is not taken
        found = found._replace(steps=tried.chain, score=tried.score, log=[*not_taken, {
            "first_chain": records.plain([step._asdict() for step in tried.chain]),
            "score": tried.score, "instead_of": found.score}])
    return tried.structure, found


def _best_structure(replicates: Sequence[SearchReplicate], starts: Starts) -> Tried:
    costs: dict[int, int] = {}

    def evaluate(chosen: Sequence[int], numbers: Sequence[int]) -> np.ndarray:
        scores = np.zeros((len(chosen), len(numbers)))
        for place, k in enumerate(chosen):
            row, chain = STRUCTURES[k].row, chains[k]
            for column, t in enumerate(numbers):
                states, before = replicates[t].after(row, chain[:-1])
                scored = replicates[t].score(row, chain[:-1], chain[-1:], states)
                scores[place, column] = scored.scores[0]
                costs[k] = before + int(scored.gradients[0])
        return scores

    chains = [_first_chain(replicates[0], structure, starts) for structure in STRUCTURES]
    halved = halve(len(STRUCTURES), len(replicates), evaluate)
    log = [{**structure._asdict(), "scores": records.plain(
        [None if np.isnan(score) else float(score) for score in scores])}
        for structure, scores in zip(STRUCTURES, halved.scores, strict=True)]
    trainings = sum(_working(chain) * int((~np.isnan(scores)).sum())
                    for chain, scores in zip(chains, halved.scores, strict=True))
    return Tried(STRUCTURES[halved.best], chains[halved.best], halved.score, costs[halved.best],
                 log, trainings)


def _first_chain(replicate: SearchReplicate, structure: Structure, starts: Starts) -> list[Step]:
    """The best one-shot algorithm for each subset but the least memorized, as long as they may be.

    Their epochs, of all examples, together take no longer than retraining.
    """
    subsets = in_order(list(replicate.plan(structure.row).partitions[0]), structure.order)
    names = [NONE if level_of(subset) == LEAST else starts.best(subset) for subset in subsets]
    chain = [starts.step(subset, name, len(subsets))
             for subset, name in zip(subsets, names, strict=True)]
    most = replicate.retraining_gradients / len(replicate.study.dataset.train)
    return [with_epochs(step, max(1, int(most / max(1, _working(chain))))) for step in chain]


def _working(chain: Sequence[Step]) -> int:
    """Steps of a chain that do anything."""
    return sum(step.algorithm != NONE for step in chain)
