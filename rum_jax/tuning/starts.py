"""What Auto-RUM begins with: hyper-parameters that searches of one-shot rows have found."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rum_jax.refine.contract import level_of
from rum_jax.rum.chain import WHOLE, Step
from rum_jax.tuning.step_search import Limit
from rum_jax.unlearn import algorithm


class Start(NamedTuple):
    """What the search of a one-shot row has found: hyper-parameters, and their score."""

    hparams: Mapping[str, Any]
    score: float


class Starts(NamedTuple):
    """What Auto-RUM begins with.

    Attributes:
      budget: evaluations that the search of the best one-shot row took.
      found: level of memorization, or WHOLE for the forget set itself -> algorithm -> its start.
      trainings: evaluations that the searches took, which found them.
    """

    budget: int
    found: Mapping[str, Mapping[str, Start]]
    trainings: int = 0

    def of_whole_set(self) -> "Starts":
        """Without those of levels, for subsets by another score than memorization."""
        return self._replace(found={WHOLE: self.found[WHOLE]})

    def step(self, subset: str, name: str, steps: int) -> Step:
        """A step of a chain of so many with the values to begin with."""
        level = level_of(subset)
        if name in self.found.get(level, {}):
            return Step(subset, name, dict(self.found[level][name].hparams))
        if name in self.found[WHOLE]:
            return shortened(Step(subset, name, dict(self.found[WHOLE][name].hparams)), steps)
        return Step(subset, name, algorithm(name).hparams())

    def ranked(self, subset: str) -> list[str]:
        """Algorithms by the score of their one-shot rows for a subset, the best first."""
        known = self.found.get(level_of(subset)) or self.found[WHOLE]
        return sorted(known, key=lambda name: -known[name].score)


def shortened(step: Step, steps: int) -> Step:
    """The same algorithm with its epochs shared out among so many steps."""
    return with_epochs(step, max(1, round(step.hparams.get("epochs", 1) / steps)))


def affordable(step: Step, limit: Limit) -> Step:
    """The same algorithm with as many of its epochs, at least one, as the limit allows."""
    for epochs in range(step.hparams.get("epochs", 1), 1, -1):
        shorter = with_epochs(step, epochs)
        if limit.expected(shorter) <= limit.gradients:
            return shorter
    return with_epochs(step, 1)


def with_epochs(step: Step, most: int) -> Step:
    """The same algorithm with so many epochs at most, where it has any."""
    if "epochs" not in step.hparams:
        return step
    return step._replace(hparams={**step.hparams, "epochs": min(step.hparams["epochs"], most)})
