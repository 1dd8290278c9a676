"""One replicate of a search: where candidates for a step of a chain are run and scored.

A step is judged by what has been asked to be forgotten until then: the subsets of the steps so
far, against models retrained without these. So the last step of a chain is judged as a row is.
"""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from rum_jax.core import records
from rum_jax.evaluate import compare, evaluate
from rum_jax.evaluate.view import View
from rum_jax.rum import sweep_points
from rum_jax.rum.chain import Chain, Step, run_step
from rum_jax.rum.sweep_points import Point
from rum_jax.runtime.progress import silent
from rum_jax.study.context import Study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import References
from rum_jax.study.trained_models import again_seeds, retrained
from rum_jax.study.unlearning import Plan, chain_of, plan_of
from rum_jax.train.predict import predict
from rum_jax.train.state import TrainState

SCORED_BY = ("tow_stratified", "tow_mia_stratified")  # on validation; their mean is the score
VALIDATION = "validation"


class Scored(NamedTuple):
    """What candidates for a step gave on a replicate.

    Attributes:
      scores: float64[n], means over model seeds; -inf where the loss or the outputs diverged.
      gradients: int64[n], example gradients that each took.
    """

    scores: np.ndarray
    gradients: np.ndarray


class SearchReplicate:
    """The forget set of a part in one replicate of a search, with oracles for every subset.

    Args:
      example_scores: of the replicate's study.
      cases: one forget set with S model seeds.
    """

    def __init__(self, example_scores: ExampleScores, cases: Cases) -> None:
        self.example_scores, self.cases = example_scores, cases
        self._references: dict[str, References] = {}
        self._plans: dict[str, Plan] = {}
        self._chains: dict[str, Chain] = {}

    @property
    def study(self) -> Study:
        """The replicate's study."""
        return self.example_scores.study

    def plan(self, row: str) -> Plan:
        """Subsets and steps of a row; see `plan_of`."""
        if row not in self._plans:
            self._plans[row] = plan_of(self.example_scores, row, self.cases)
        return self._plans[row]

    def score(self, row: str, chosen: Sequence[Step], candidates: Sequence[Step],
              states: TrainState) -> Scored:
        """Runs candidates for the step that follows the chosen ones.

        Args:
          row: whose subsets are meant.
          chosen: the steps before.
          candidates: n steps on the same subset, by any algorithms.
          states: S models after the chosen steps.
        """
        scores, gradients = np.full(len(candidates), -np.inf), np.zeros(len(candidates), np.int64)
        for group in sweep_points.groups([Point(number, [step])
                                          for number, step in enumerate(candidates)]):
            numbers = [point.number for point in group]
            logits, examples = self._run(row, chosen, group, states)
            scores[numbers] = [self._score(row, (*chosen, group[0].steps[0]), of_point)
                               for of_point in logits]
            gradients[numbers] = examples
        return Scored(scores, gradients)

    def after(self, row: str, chosen: Sequence[Step]) -> tuple[TrainState, int]:
        """The S models after the chosen steps, and the example gradients that these took."""
        chain = self._chain(row)._replace(steps=list(chosen))
        states, gradients = chain.states, 0
        for number in range(len(chosen)):
            states, history = run_step(chain, number, states, silent)
            gradients += history.examples
        return states, gradients

    def _chain(self, row: str) -> Chain:
        if row not in self._chains:  # which reads the originals
            self._chains[row] = chain_of(self.example_scores, self.plan(row), self.cases)
        return self._chains[row]

    def _run(self, row: str, chosen: Sequence[Step], group: Sequence[Point],
             states: TrainState) -> tuple[np.ndarray, int]:
        """Logits float[points,S,N,C] and example gradients of candidates that share a program."""
        chain, points = self._chain(row), len(group)
        tiled = chain._replace(
            train=np.tile(chain.train, (points, 1)), partitions=list(chain.partitions) * points,
            steps=[*chosen, *sweep_points.stacked(group, len(chain.seeds))],
            seeds=chain.seeds * points, states=_tiled(chain.states, points),
            stop_when_diverged=False)
        after, history = run_step(tiled, len(chosen), _tiled(states, points), silent)
        logits = predict(self.study.task, after)
        return logits.reshape(points, len(chain.seeds), *logits.shape[1:]), history.examples

    def _score(self, row: str, steps: Sequence[Step], logits: np.ndarray) -> float:
        """The score of S models, float[S,N,C]: a mean over models and SCORED_BY."""
        if not np.isfinite(logits).all():
            return -np.inf
        references, scores = self._after_steps(row, [step.subset for step in steps]), []
        for m, of_model in enumerate(logits):
            view = View(of_model, self.study.task.labels, references.views[m].parts)
            compared = compare(references.values(m, evaluate(view, view)),
                               references.expected(m, view))
            scores.append(np.mean([compared[name] for name in SCORED_BY]))
        return float(np.mean(scores))

    def _after_steps(self, row: str, subsets: Sequence[str]) -> References:
        """Oracles without the subsets of these steps, made when they are first needed."""
        plan = self.plan(row)
        forget = np.stack([np.sort(np.concatenate([parts[name] for name in subsets]))
                           for parts in plan.partitions])
        digest = records.array_sha256(forget)[:12]
        if digest not in self._references:
            cases, study = self.cases._replace(forget=forget), self.study
            oracles = [retrained(study, f"search/{name}/{digest}", seeds, forget)
                       for name, seeds in (("retrain", cases.seeds),
                                           ("retrain_again", again_seeds(cases.seeds)))]
            self._references[digest] = References(
                study, self.example_scores.original, oracles[0], cases, oracles[1], VALIDATION)
        return self._references[digest]

    @functools.cached_property
    def retraining_gradients(self) -> int:
        """Example gradients that retraining one model without the forget set takes."""
        retain = len(self.study.dataset.train) - self.cases.forgotten.shape[1]
        return self.study.config.train.epochs * retain


def _tiled(states: TrainState, points: int) -> TrainState:
    return jax.tree.map(lambda leaf: np.concatenate([leaf] * points), states)
