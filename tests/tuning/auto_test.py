from types import SimpleNamespace

import numpy as np
import pytest

from rum_jax.tuning import auto
from rum_jax.tuning.auto import ALGORITHM_OPTIONS, STRUCTURES, search_auto
from rum_jax.tuning.chain_search import RowSearch
from rum_jax.tuning.halving import cost
from rum_jax.tuning.step_search import Limit

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
    spent = 2 * chains  # of three steps two do something
    assert found.trainings == 30 + spent and searched["seed"] == 5
    assert searched["weights"] == [0.2, 1.0, 1.0]  # low, mid, high
    left = STARTS.budget - spent
    assert [searched["budget"](*at) for at in ((0, 0), (1, 10), (2, left - 20))] == [
        int(left * 0.2 / 2.2), (left - 10) // 2, 20]
    assert searched["budget"](2, 1000) == 4, "the options themselves are always tried"
    for step, options in zip(searched["steps"], searched["options"], strict=True):
        assert options == [STARTS.step(step.subset, name, 3) for name in ALGORITHM_OPTIONS]
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
