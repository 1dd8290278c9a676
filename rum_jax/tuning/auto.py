"""Auto-RUM: refinement, number of subsets, order and algorithms of RUM, found by a search.

It begins with what the searches of the one-shot rows have found: where a part unlearns the
examples of one level of memorization, with its values for the subset of that level, else with
those for the whole forget set. First structures are tried with one chain each, which does nothing
to the least memorized subset and unlearns each of the others with the algorithm that is the best
one-shot row for it; structures are halved as candidates are. Then the steps of the best structure
are searched one after another, each among all algorithms, `none` included; steps are scored by the
subsets until then, so that the chain they make may be worse than the first one, which is taken
then. The budget is that of the best one-shot row, at most half of it for structures: with a small
one fewer structures are tried, and for each step only the algorithms that are the best one-shot
rows. The least is one structure, and one candidate for each step. No chain may cost more than one
retraining.
"""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.proxies import PROXIES
from rum_jax.refine.contract import level_of
from rum_jax.rum.chain import Step
from rum_jax.rum.row_spec import in_order
from rum_jax.tuning.chain_search import RowSearch, search_row
from rum_jax.tuning.halving import cost, halve
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

    @property
    def by_memorization(self) -> bool:
        """Whether low, mid and high are levels of memorization, or of a proxy for it."""
        return self.by.partition("*")[0] in (MEMORIZATION, *PROXIES)

    def is_least(self, subset: str) -> bool:
        """Whether a subset is the least memorized one."""
        return self.by_memorization and level_of(subset) == LEAST

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
    subsets, known = [step.subset for step in tried.chain], _of_structure(tried.structure, starts)
    weights = [LEAST_WEIGHT if tried.structure.is_least(subset) else 1.0 for subset in subsets]

    def options(step: Step, limit: Limit) -> list[Step]:
        names = [name for name in known.ranked(step.subset) if name in ALGORITHM_OPTIONS]
        return [affordable(known.step(step.subset, name, len(subsets)), limit)
                for name in dict.fromkeys((*names, *ALGORITHM_OPTIONS))]

    def budget(number: int, trainings: int) -> int:
        """A candidate on all replicates for each step that is left, and a share of the rest."""
        left = starts.budget - tried.trainings - trainings - len(replicates) * len(weights[number:])
        return len(replicates) + max(0, int(left * weights[number] / sum(weights[number:])))

    found = search_row(replicates, tried.structure.row, tried.chain, options, budget,
                       config.tuning.seed, weights, fixed)
    log = [{"structures": tried.log, "trainings": tried.trainings, "budget": starts.budget,
            "trainings_before": starts.trainings}, *found.log]
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

    chains: list[list[Step]] = []
    for structure in STRUCTURES:
        more = [*chains, _first_chain(replicates[0], structure, starts)]
        if chains and max(map(_working, more)) * cost(
                len(more), len(replicates)) > starts.budget / 2:
            break
        chains = more
    halved = halve(len(chains), len(replicates), evaluate)
    log = [{**structure._asdict(), "scores": records.plain(
        [None if np.isnan(score) else float(score) for score in scores])}
        for structure, scores in zip(STRUCTURES[:len(chains)], halved.scores, strict=True)]
    trainings = sum(_working(chain) * int((~np.isnan(scores)).sum())
                    for chain, scores in zip(chains, halved.scores, strict=True))
    return Tried(STRUCTURES[halved.best], chains[halved.best], halved.score, costs[halved.best],
                 log, trainings)


def _first_chain(replicate: SearchReplicate, structure: Structure, starts: Starts) -> list[Step]:
    """The best one-shot algorithm for each subset but the least memorized, as long as they may be.

    Their epochs, of all examples, together take no longer than retraining.
    """
    subsets = in_order(list(replicate.plan(structure.row).partitions[0]), structure.order)
    known = _of_structure(structure, starts)
    names = [NONE if structure.is_least(subset) else known.ranked(subset)[0] for subset in subsets]
    chain = [known.step(subset, name, len(subsets))
             for subset, name in zip(subsets, names, strict=True)]
    most = replicate.retraining_gradients / len(replicate.study.dataset.train)
    return [with_epochs(step, max(1, int(most / max(1, _working(chain))))) for step in chain]


def _of_structure(structure: Structure, starts: Starts) -> Starts:
    """What its subsets may begin with."""
    return starts if structure.by_memorization else starts.of_whole_set()


def _working(chain: Sequence[Step]) -> int:
    """Steps of a chain that do anything."""
    return sum(step.algorithm != NONE for step in chain)
