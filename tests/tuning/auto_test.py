from types import SimpleNamespace

import numpy as np
import pytest

from rum_jax.core import records
from rum_jax.rum.searched_rows import spaces_of
from rum_jax.tuning import auto
from rum_jax.tuning.auto import ALGORITHM_OPTIONS, STRUCTURES, search_auto
from rum_jax.tuning.chain_search import RowSearch
from rum_jax.tuning.halving import cost
from rum_jax.tuning.step_search import Limit
from rum_jax.unlearn import algorithm

from .starts_test import STARTS

CHEAP = Limit(1e9, lambda step: 0.0)
CONFIG = SimpleNamespace(tuning=SimpleNamespace(seed=5))


class Replicate:
    """A replicate whose scores are those of the structure; an epoch takes 100 gradients."""

    study = SimpleNamespace(dataset=SimpleNamespace(train=np.arange(100)))

    def __init__(self, scores, retraining_gradients=950):
        self.scores, self.retraining_gradients, self.seen = scores, retraining_gradients, []

    def plan(self, row):
        return SimpleNamespace(partitions=[dict.fromkeys(("low", "mid", "high"))])

    def after(self, row, chosen):
        return list(chosen), self._cost(chosen)

    def score(self, row, chosen, candidates, states):
        assert states == chosen
        self.seen.append((row, [*chosen, *candidates]))
        return SimpleNamespace(scores=np.array([self.scores[row]]),
                               gradients=np.array([self._cost(candidates)]))

    @staticmethod
    def _cost(steps):
        return sum(100 * step.hparams.get("epochs", 0) for step in steps)


@pytest.fixture
def searched(monkeypatch):
    """What is given to the search of the chain, which finds something of score 0.7."""
    seen = {}

    def search_row(replicates, row, steps, options, budget, seed, weights, fixed):
        seen.update(row=row, steps=steps, budget=budget, seed=seed, weights=weights,
                    fixed=fixed,
                    options=[options(step, CHEAP) for step in steps])
        return RowSearch([step._replace(algorithm="salun") for step in steps], 0.7, 30,
                         [{"step": 1}])

    monkeypatch.setattr(auto, "search_row", search_row)
    return seen


def replicates(scores=None, **fields):
    scores = scores or {structure.row: 0.5 + 0.01 * k for k, structure in enumerate(STRUCTURES)}
    return [Replicate(scores, **fields) for _ in range(2)]


def test_every_structure_is_a_row_that_can_be_parsed_and_set_in_a_config():
    from rum_jax.config import base
    from rum_jax.rum import row_spec

    for structure in STRUCTURES:
        assert row_spec.fault(structure.row) is None
        c = base.get_config()
        c.rum.update(structure.fields())
        assert row_spec.row_identity(c, "rum") == row_spec.row_identity(
            base.get_config(), structure.row)
    assert len(set(STRUCTURES)) == len(STRUCTURES)


def test_the_best_structure_is_searched_with_what_is_left_of_the_budget(searched):
    both = replicates()
    structure, found = search_auto(both, CONFIG, STARTS, ("epochs",))
    assert structure == STRUCTURES[-1] and searched["row"] == structure.row
    assert searched["fixed"] == ("epochs",)
    chains = cost(len(STRUCTURES), 2)
    assert sum(len(replicate.seen) for replicate in both) == chains
    spent = found.log[0]["trainings"]
    assert 2 * chains <= spent <= 3 * chains, "of three steps two do something, or all by another"
    assert found.trainings == 30 + spent and searched["seed"] == 5
    assert searched["weights"] == [0.2, 1.0, 1.0]  # low, mid, high
    left = STARTS.budget - spent
    assert [searched["budget"](*at) for at in ((0, 0), (1, 10), (2, left - 20))] == [
        2 + int((left - 6) * 0.2 / 2.2), 2 + (left - 10 - 4) // 2, 20]
    assert searched["budget"](2, 1000) == 2, "one candidate is always tried"
    for step, options in zip(searched["steps"], searched["options"], strict=True):
        names = STARTS.ranked(step.subset)
        assert [option.algorithm for option in options] == [
            *names, *(name for name in ALGORITHM_OPTIONS if name not in names)]
        assert options == [STARTS.step(step.subset, option.algorithm, 3) for option in options]
    assert (found.log[0]["budget"], found.log[0]["trainings_before"]) == (72, 500)
    assert (found.score, found.steps[1].algorithm) == (0.7, "salun")
    first, *rest = found.log
    assert rest == [{"step": 1}] and first["trainings"] == spent
    assert [each["by"] for each in first["structures"]] == [each.by for each in STRUCTURES]
    assert first["structures"][-1]["scores"] == pytest.approx([0.55, 0.55])
    assert None in first["structures"][0]["scores"], "the worst is left after one replicate"


def test_first_chains_do_nothing_to_the_least_memorized_and_cost_no_more_than_retraining(searched):
    both = replicates()
    search_auto(both, CONFIG, STARTS)
    chain = dict(both[0].seen)[STRUCTURES[1].row]
    assert [(step.subset, step.algorithm) for step in chain] == [
        ("high", "finetune"), ("mid", "scrub"), ("low", "none")]
    assert [step.hparams.get("epochs") for step in chain] == [4, 2, None]  # of 20 and 6 / 3


@pytest.mark.parametrize("score, gradients, taken", [(0.8, 950, True), (0.6, 950, False),
                                                     (0.8, 500, False)])
def test_the_first_chain_is_taken_if_it_is_better_and_not_too_expensive(searched, score, gradients,
                                                                        taken):
    scores = {structure.row: 0.1 for structure in STRUCTURES} | {STRUCTURES[0].row: score}
    both = replicates(scores, retraining_gradients=gradients)
    if gradients == 500:  # steps that cost more than their epochs say
        for replicate in both:
            replicate._cost = lambda steps: 400 * len(steps)
    structure, found = search_auto(both, CONFIG, STARTS)
    assert structure == STRUCTURES[0]
    assert [step.algorithm for step in found.steps] == (
        ["none", "scrub", "finetune"] if taken else ["salun"] * 3)
    assert found.score == (score if taken else 0.7)
    last = found.log[-1]
    assert (last.get("instead_of") == 0.7 and last["score"] == score) == taken


FULL = STARTS._replace(found={level: {
    name: start._replace(hparams={**algorithm(name).hparams(), **start.hparams})
    for name, start in known.items()} for level, known in STARTS.found.items()})


@pytest.mark.parametrize("name", ["finetune", "salun", "scrub"])
@pytest.mark.parametrize("splits, each", [(2, 4), (4, 12), (3, 6)])
def test_no_more_is_trained_than_for_the_best_one_shot_row(monkeypatch, name, splits, each):
    """The whole search, with made-up scores that differ for every step."""
    def score(self, row, chosen, candidates, states):
        worth = [hash_of((row, *(f"{step}" for step in (*chosen, step)))) for step in candidates]
        return SimpleNamespace(scores=np.array(worth),
                               gradients=np.array([self._cost([step]) for step in candidates]))

    monkeypatch.setattr(Replicate, "score", score)
    budget = each * len(spaces_of(name))
    starts = FULL._replace(budget=budget)
    both = [Replicate({}) for _ in range(splits)]
    _, found = search_auto(both, CONFIG, starts)
    assert 0.5 * budget < found.trainings <= budget
    tried = {candidate["algorithm"] for entry in found.log for candidate in
             entry.get("candidates", ())}
    assert len(tried) >= 2


def hash_of(values):
    """A number in [0,1) of its own for each value."""
    return int(records.digest(list(values))[:8], 16) / 16**8


def test_a_small_budget_is_shared_by_fewer_structures_and_the_best_algorithms(monkeypatch):
    monkeypatch.setattr(Replicate, "score", lambda self, row, chosen, candidates, states: (
        SimpleNamespace(scores=np.full(len(candidates), 0.5),
                        gradients=np.array([self._cost([step]) for step in candidates]))))
    both = [Replicate({}) for _ in range(2)]
    _, found = search_auto(both, CONFIG, FULL._replace(budget=12))
    assert [each["order"] for each in found.log[0]["structures"]] == ["ascending", "descending"]
    assert found.trainings <= 12
    candidates = {entry["subset"]: [each["algorithm"] for each in entry["candidates"]]
                  for entry in found.log if "candidates" in entry}
    assert candidates == {"low": ["scrub"], "mid": ["scrub"], "high": ["finetune"]}


def test_subsets_by_entanglement_are_no_levels_of_memorization(searched):
    """The least entangled subset is unlearned, too, and begins with values for the whole set."""
    structure = next(each for each in STRUCTURES if each.by == "entanglement")
    scores = {each.row: 0.1 for each in STRUCTURES} | {structure.row: 0.6}
    best, _ = search_auto(replicates(scores), CONFIG, STARTS)
    assert best == structure and searched["weights"] == [1.0, 1.0, 1.0]
    assert [step.algorithm for step in searched["steps"]] == ["scrub"] * 3
    assert {option.hparams["epochs"] for options in searched["options"] for option in options
            if option.algorithm == "scrub"} == {2}
