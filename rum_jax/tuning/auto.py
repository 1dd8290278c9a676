"""Auto-RUM: refinement, number of subsets, order and algorithms of RUM, found by a search.

First every structure is tried with one chain, which does nothing to the least memorized subset
and unlearns the others with what the search of the best one-shot row has found; structures are
halved as candidates are. Then the steps of the best structure are searched one after another,
each among all algorithms, `none` included. The budget is that of the best one-shot row.
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
from rum_jax.unlearn import ALGORITHMS, algorithm

NONE = "none"
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


def search_auto(replicates: Sequence[SearchReplicate], config: ConfigDict,
                one_shot: Mapping[str, Any]) -> tuple[Structure, RowSearch]:
    """The best structure, and the chain that was found for it.

    Args:
      replicates: of the search.
      config: of the part.
      one_shot: the search of the best one-shot row, see `RowSearch.plain`.
    """
    best_step = Step(WHOLE, one_shot["steps"][0]["algorithm"], one_shot["steps"][0]["hparams"])
    structure, log, spent = _best_structure(replicates, best_step)
    subsets = _ordered(replicates[0], structure)
    budget = max((one_shot["trainings"] - spent) // len(subsets), 2 * len(replicates))
    steps = [Step(subset, NONE, {}) for subset in subsets]
    gentle = _gentler(best_step, len(subsets))

    def options(step: Step) -> list[Step]:
        return [*(Step(step.subset, name, algorithm(name).hparams())
                  for name in ALGORITHM_OPTIONS if name != gentle.algorithm),
                gentle._replace(subset=step.subset)]

    found = search_row(replicates, structure.row, steps, options, [budget] * len(steps),
                       config.tuning.seed)
    return structure, found._replace(
        trainings=found.trainings + spent,
        log=[{"structures": log, "trainings": spent}, *found.log])


def _ordered(replicate: SearchReplicate, structure: Structure) -> list[str]:
    return in_order(list(replicate.plan(structure.row).partitions[0]), structure.order)


def _best_structure(replicates: Sequence[SearchReplicate],
                    best_step: Step) -> tuple[Structure, list[dict[str, Any]], int]:
    """The structure whose simplest chain scores best, what was tried, and its evaluations."""
    gentle = _gentler(best_step, 3)

    def evaluate(chosen: Sequence[int], numbers: Sequence[int]) -> np.ndarray:
        return np.array([[_score(replicates[t], STRUCTURES[k], gentle) for t in numbers]
                         for k in chosen])

    halved = halve(len(STRUCTURES), len(replicates), evaluate)
    log = [{**structure._asdict(), "scores": records.plain(
        [None if np.isnan(score) else float(score) for score in scores])}
        for structure, scores in zip(STRUCTURES, halved.scores, strict=True)]
    return STRUCTURES[halved.best], log, halved.trainings


def _gentler(step: Step, steps: int) -> Step:
    """The same algorithm with its epochs shared out among so many steps."""
    if "epochs" not in step.hparams:
        return step
    epochs = max(1, round(step.hparams["epochs"] / steps))
    return step._replace(hparams={**step.hparams, "epochs": epochs})


def _score(replicate: SearchReplicate, structure: Structure, step: Step) -> float:
    subsets = _ordered(replicate, structure)
    chain = [step._replace(subset=subset) if level_of(subset) != "low"
             else Step(subset, NONE, ALGORITHMS[NONE].hparams()) for subset in subsets]
    states = replicate.after(structure.row, chain[:-1])
    return float(replicate.score(structure.row, chain[:-1], chain[-1:], states).scores[0])
