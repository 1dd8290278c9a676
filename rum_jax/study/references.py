"""What the models of a row are compared with: oracles, and strata of the forget sets."""

import functools
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from rum_jax.core import records
from rum_jax.core.randomness import generator
from rum_jax.evaluate import MEAN, Measured, evaluate
from rum_jax.evaluate.reference import (
    THIRDS,
    Values,
    mean_confidence,
    mean_of_others,
    with_strata,
)
from rum_jax.evaluate.relearn import Relearned, relearn
from rum_jax.evaluate.shadow import RANDOM, shadow_members, shadow_non_members
from rum_jax.evaluate.view import SHADOW_MEMBERS, SHADOW_NON_MEMBERS, View
from rum_jax.experiment.build import unlearn_optimizer
from rum_jax.forget.selection import FIRST, MEMORIZATION
from rum_jax.refine.by_score import cut
from rum_jax.storage import stage_cache
from rum_jax.study.context import Study
from rum_jax.study.forget_sets import Cases
from rum_jax.study.trained_models import load_logits, load_states
from rum_jax.train.state import TrainState

RELEARN_RATES = (0.01, 0.02, 0.05, 0.1, 0.2)  # learning rates, if the config has none
RELEARN_SHARE = 0.8     # of the oracles that must relearn at a rate


class Strata(NamedTuple):
    """Parts of the forget set of each case that are compared apart.

    Attributes:
      by: what they are cut by.
      parts: of each case, of each part int64[k] indices of its forget set.
    """

    by: str
    parts: list[list[np.ndarray]]


class References:
    """What all rows are compared with; the oracles are judged once, when that is first needed.

    Args:
      study: see there.
      original, oracle: folders of those models: S originals, M oracles.
      cases: forget sets and seeds of M models.
      again: folder of M oracles with other seeds; None: there are none.
      judged_on: the split that stands for the test set: `test`, or `validation` for a search.

    Attributes:
      folders: of the oracles.
    """

    def __init__(self, study: Study, original: pathlib.Path, oracle: pathlib.Path,
                 cases: Cases, again: pathlib.Path | None = None,
                 judged_on: str = "test") -> None:
        self.study, self.original, self.oracle, self.cases = study, original, oracle, cases
        self.judged_on = judged_on
        self.folders = [oracle] if again is None else [oracle, again]

    @functools.cached_property
    def views(self) -> list[View]:
        """The oracle of each case that has its seed."""
        return list(views(self.study, self.oracle, self.cases, range(len(self.cases.seeds)),
                          self.judged_on))

    @functools.cached_property
    def _logits(self) -> list[np.ndarray]:
        """float32[M,N,C] of the oracles, and of those with other seeds."""
        return [load_logits(folder) for folder in self.folders]

    @functools.cached_property
    def strata(self) -> Strata:
        """Thirds of each forget set: by memorization, or by the oracles' confidence.

        Oracles with other seeds have no part in the latter: they are the noise floor, and are
        judged by strata that were cut without them, as every method is.
        """
        scores = memorization_of(self.study)
        complete = all(np.isfinite(scores[forget]).all() for forget in self.cases.forgotten)
        config, ties = self.study.config, None
        if config.forget.ties != FIRST:
            ties = generator(config.data.seed, "tie", *b"strata").permutation(len(scores))
        return Strata(MEMORIZATION if complete else "oracle confidence", [
            cut(scores[forget] if complete else self._confidence(m), min(THIRDS, len(forget)),
                None if ties is None else ties[forget])
            for m, forget in enumerate(self.cases.forgotten)])

    def _confidence(self, m: int) -> np.ndarray:
        """float64[F]: the mean probability of the label that the oracles of a case give."""
        return mean_confidence([self._logits[0][k] for k in same_forget_cases(self.cases)[m]],
                               self.study.task.labels, self.cases.forgotten[m])

    def values(self, m: int, metrics: Mapping[str, Measured]) -> Values:
        """Values of a model of the m-th case, with those of each stratum."""
        return with_strata(metrics, self.strata.parts[m])

    @functools.cached_property
    def _values(self) -> list[list[Values]]:
        """The required metrics of the oracles, and of those with other seeds, of each case."""
        values = []
        for logits in self._logits:
            seen = [View(of_case, self.study.task.labels, oracle.parts)
                    for of_case, oracle in zip(logits, self.views, strict=True)]
            values.append([self.values(m, evaluate(view, view)) for m, view in enumerate(seen)])
        return values

    def expected(self, m: int, view: View) -> Values:
        """Metrics of the oracles that a model of the m-th case is compared with.

        With config.oracles="mean", means over all oracles of the case's forget set, without the
        model itself if it is one of them; with "paired", those of the oracle of its seed.
        """
        if self.study.config.oracles != MEAN:
            return self._values[0][m]
        oracles = [(logits[k], values[k])
                   for logits, values in zip(self._logits, self._values, strict=True)
                   for k in same_forget_cases(self.cases)[m]]
        return mean_of_others(view.logits, oracles) or self._values[0][m]

    @functools.cached_property
    def relearning_rate(self) -> float:
        """The learning rate of relearning, the same for all rows.

        If config.relearn.learning_rate is 0, the lowest of RELEARN_RATES at which the share
        RELEARN_SHARE of the oracles reach the target accuracy within config.relearn.epochs, or the
        highest if there is none.
        """
        settings = self.study.config.relearn
        if settings.learning_rate:
            return settings.learning_rate
        states = load_states(self.study, self.oracle)
        for rate in RELEARN_RATES:
            relearned = relearning(self.study, self.original, self.cases, states, rate)
            if (relearned.epochs <= settings.epochs).mean() >= RELEARN_SHARE:
                break
        return rate


def relearning(study: Study, original: pathlib.Path, cases: Cases, states: TrainState,
               rate: float) -> Relearned:
    """How soon M models know their forget sets as well as the originals do, at that rate."""
    settings, logits = study.config.relearn, load_logits(original)
    target = np.array([(logits[cases.original(m)][forget].argmax(-1)
                        == study.task.labels[forget]).mean()
                       for m, forget in enumerate(cases.forgotten)])
    return relearn(study.task, states, cases.forgotten, cases.seeds,
                   unlearn_optimizer(study.config), rate, settings.epochs,
                   (1 - settings.tolerance) * target)


def same_forget_cases(cases: Cases) -> list[list[int]]:
    """For each case the indices of all cases of its set that forget the same examples."""
    alike = []
    for m, forget in enumerate(cases.forgotten):
        of_set = range(len(cases.seeds))[cases.of_set(cases.set_of(m))]
        alike.append([k for k in of_set if np.array_equal(cases.forgotten[k], forget)])
    return alike


def memorization_folder(study: Study) -> list[pathlib.Path]:
    """Folder of the stage with the study's memorization scores; none if it has no scores."""
    has_scores = study.config.campaign.models or study.config.memorization.scores
    return list(stage_cache.finished(study.workdir, MEMORIZATION)) if has_scores else []


def memorization_of(study: Study) -> np.ndarray:
    """float64[N]; NaN where it is not known, or not in the training set."""
    for folder in memorization_folder(study):
        stored = records.read_arrays(folder / "memorization.npz")
        return study.dataset.at_positions(stored["memorization"])
    return np.full(len(study.dataset.ids), np.nan)


def parts_of(study: Study, forget: np.ndarray, request: int = 0,
             judged_on: str = "test") -> dict[str, np.ndarray]:
    """Forget, retain, validation and test positions, int32[n] ascending, and shadow examples.

    Shadow members and non-members are the same for all models that are to forget the same.

    Args:
      study: see there.
      forget: int32[F] ascending positions.
      request: number of the request, see `Cases`.
      judged_on: the split that is called the test set.
    """
    dataset, config = study.dataset, study.config
    retain, test = np.setdiff1d(dataset.train, forget), dataset.positions[judged_on]
    rngs = [generator(config.data.seed, role, request)
            if config.mia.shadow_members == RANDOM else None for role in ("shadow", "shadow_test")]
    members = shadow_members(retain, study.task.labels, test, rngs[0])
    return {"forget": forget, "retain": retain,
            "validation": dataset.positions["validation"], "test": test, SHADOW_MEMBERS: members,
            SHADOW_NON_MEMBERS: shadow_non_members(members, study.task.labels, test, rngs[1])}


def views(study: Study, models: pathlib.Path, cases: Cases, which: Sequence[int],
          judged_on: str = "test") -> Iterator[View]:
    """The model of each case, one by one; `judged_on`: see `parts_of`."""
    params, logits = load_states(study, models).params, load_logits(models)
    for m, forget in zip(which, cases.forgotten, strict=True):
        yield View(logits[m], study.task.labels,
                   parts_of(study, forget, cases.request, judged_on),
                   jax.tree.map(lambda leaf, m=m: leaf[m], params))
