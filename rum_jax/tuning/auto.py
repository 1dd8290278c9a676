"""Auto-RUM: refinement, number of subsets, order and algorithms of RUM, found by a search.

It begins with what the searches of the one-shot rows have found: where a part unlearns the
examples of one level of memorization, with its values for the subset of that level, else with
those for the whole forget set. First every structure is tried with one chain, which does nothing
to the least memorized subset and unlearns each of the others with the algorithm that is the best
one-shot row for it; structures are halved as candidates are. Then the steps of the best structure
are searched one after another, each among all algorithms, `none` included. The budget is that of
the best one-shot row; what a step leaves of its share goes to the later ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.refine.contract import level_of
from rum_jax.rum.chain import WHOLE, Step
from rum_jax.rum.row_spec import in_order
from rum_jax.tuning.chain_search import RowSearch, search_row
from rum_jax.tuning.halving import halve
from rum_jax.tuning.replicate import SearchReplicate
from rum_jax.tuning.step_search import Limit
from rum_jax.unlearn import algorithm

NONE = "none"
LEAST = "low"       # the level to which the first chains do nothing
ALGORITHM_OPTIONS = (NONE, "finetune", "neggrad_plus", "random_label", "salun", "scrub")


class Start(NamedTuple):
    """What the search of a one-shot row has found: hyper-parameters, and their score."""

    hparams: Mapping[str, Any]
    score: float


class Starts(NamedTuple):
    """What Auto-RUM begins with.

    Attributes:
      budget: evaluations that the search of the best one-shot row took.
      found: level of memorization, or WHOLE for the forget set itself -> algorithm -> its start.
    """

    budget: int
    found: Mapping[str, Mapping[str, Start]]

    def step(self, subset: str, name: str, steps: int) -> Step:
        """A step of a chain of so many with the values to begin with."""
        level = level_of(subset)
        if name in self.found.get(level, {}):
            return Step(subset, name, dict(self.found[level][name].hparams))
        if name in self.found[WHOLE]:
            return _shortened(Step(subset, name, dict(self.found[WHOLE][name].hparams)), steps)
        return Step(subset, name, algorithm(name).hparams())

    def best(self, subset: str) -> str:
        """The algorithm whose one-shot row is the best for a subset."""
        known = self.found.get(level_of(subset)) or self.found[WHOLE]
        return max(known, key=lambda name: known[name].score)


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


def search_auto(replicates: Sequence[SearchReplicate], config: ConfigDict,
                starts: Starts) -> tuple[Structure, RowSearch]:
    """The best structure, and the chain that was found for it.

    Args:
      replicates: of the search.
      config: of the part.
      starts: what it begins with, and the budget.
    """
    structure, log, spent = _best_structure(replicates, starts, config.train.epochs)
    subsets = _ordered(replicates[0], structure)

    def options(step: Step, limit: Limit) -> list[Step]:
        return [_affordable(starts.step(step.subset, name, len(subsets)), limit)
                for name in ALGORITHM_OPTIONS]

    def budget(number: int, trainings: int) -> int:
        left = starts.budget - spent - trainings
        return max(left // (len(subsets) - number), 2 * len(replicates))

    found = search_row(replicates, structure.row, [Step(subset, NONE, {}) for subset in subsets],
                       options, budget, config.tuning.seed)
    return structure, found._replace(
        trainings=found.trainings + spent,
        log=[{"structures": log, "trainings": spent}, *found.log])


def _ordered(replicate: SearchReplicate, structure: Structure) -> list[str]:
    return in_order(list(replicate.plan(structure.row).partitions[0]), structure.order)


def _best_structure(replicates: Sequence[SearchReplicate], starts: Starts,
                    epochs: int) -> tuple[Structure, list[dict[str, Any]], int]:
    """The structure whose first chain scores best, what was tried, and its evaluations.

    Args:
      epochs: of retraining, which the steps of a chain share.
    """
    def evaluate(chosen: Sequence[int], numbers: Sequence[int]) -> np.ndarray:
        return np.array([[_score(replicates[t], STRUCTURES[k], starts, epochs) for t in numbers]
                         for k in chosen])

    halved = halve(len(STRUCTURES), len(replicates), evaluate)
    log = [{**structure._asdict(), "scores": records.plain(
        [None if np.isnan(score) else float(score) for score in scores])}
        for structure, scores in zip(STRUCTURES, halved.scores, strict=True)]
    return STRUCTURES[halved.best], log, halved.trainings


def _score(replicate: SearchReplicate, structure: Structure, starts: Starts,
           epochs: int) -> float:
    """The score of the first chain of a structure."""
    subsets = _ordered(replicate, structure)
    names = [NONE if level_of(subset) == LEAST else starts.best(subset) for subset in subsets]
    working = max(1, sum(name != NONE for name in names))
    chain = [_with_epochs(starts.step(subset, name, len(subsets)), max(1, epochs // working))
             for subset, name in zip(subsets, names, strict=True)]
    states = replicate.after(structure.row, chain[:-1])
    return float(replicate.score(structure.row, chain[:-1], chain[-1:], states).scores[0])


def _shortened(step: Step, steps: int) -> Step:
    """The same algorithm with its epochs shared out among so many steps."""
    return _with_epochs(step, max(1, round(step.hparams.get("epochs", 1) / steps)))


def _affordable(step: Step, limit: Limit) -> Step:
    """The same algorithm with as many of its epochs, at least one, as the limit allows."""
    for epochs in range(step.hparams.get("epochs", 1), 1, -1):
        shorter = _with_epochs(step, epochs)
        if limit.expected(shorter) <= limit.gradients:
            return shorter
    return _with_epochs(step, 1)


def _with_epochs(step: Step, most: int) -> Step:
    """The same algorithm with so many epochs at most, where it has any."""
    if "epochs" not in step.hparams:
        return step
    return step._replace(hparams={**step.hparams, "epochs": min(step.hparams["epochs"], most)})
