import numpy as np
import pytest

from rum_jax.rum.chain import WHOLE, Step
from rum_jax.tuning import auto
from rum_jax.tuning.auto import ALGORITHM_OPTIONS, STRUCTURES, Start, Starts, search_auto
from rum_jax.tuning.chain_search import RowSearch
from rum_jax.tuning.halving import cost
from rum_jax.tuning.step_search import Limit
from rum_jax.unlearn import algorithm

STARTS = Starts(72, {
    WHOLE: {"scrub": Start({"epochs": 6, "learning_rate": 0.03}, 0.9),
            "salun": Start({"epochs": 9, "learning_rate": 0.2}, 0.8)},
    "high": {"scrub": Start({"epochs": 8, "learning_rate": 0.01}, 0.7),
             "finetune": Start({"epochs": 20, "learning_rate": 0.3}, 0.75)}})
CHEAP = Limit(1e9, lambda step: 0.0)


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


def test_a_step_begins_with_what_its_level_needs_else_with_a_share_of_what_the_set_needs():
    assert STARTS.step("high_2", "scrub", 3) == Step(
        "high_2", "scrub", {"epochs": 8, "learning_rate": 0.01})
    assert STARTS.step("mid", "scrub", 3) == Step(
        "mid", "scrub", {"epochs": 2, "learning_rate": 0.03})
    assert STARTS.step("high", "salun", 3).hparams == {"epochs": 3, "learning_rate": 0.2}
    assert STARTS.step("mid", "neggrad_plus", 3).hparams == algorithm("neggrad_plus").hparams()
    assert (STARTS.best("high"), STARTS.best("mid")) == ("finetune", "scrub")


class Config:
    class train:
        epochs = 10

    class tuning:
        seed = 5


def test_the_best_structure_is_searched_with_what_is_left_of_the_budget(monkeypatch):
    scores = {structure: 0.5 + 0.01 * k for k, structure in enumerate(STRUCTURES)}
    tried, searched = [], {}

    def score(replicate, structure, starts, epochs):
        tried.append((replicate, structure.row, epochs))
        return scores[structure]

    def search_row(replicates, row, steps, options, budget, seed):
        searched.update(row=row, steps=steps, budget=budget, seed=seed,
                        options=[options(step, CHEAP) for step in steps])
        return RowSearch(list(steps), 0.7, 30, [{"step": 1}])

    monkeypatch.setattr(auto, "_score", score)
    monkeypatch.setattr(auto, "search_row", search_row)
    monkeypatch.setattr(auto, "_ordered", lambda replicate, structure: ["low_1", "mid", "high"])
    structure, found = search_auto(["a", "b"], Config, STARTS)
    assert structure == STRUCTURES[-1] and searched["row"] == structure.row
    spent = cost(len(STRUCTURES), 2)
    assert len(tried) == spent and found.trainings == 30 + spent
    assert {epochs for _, _, epochs in tried} == {10} and searched["seed"] == 5
    left = 72 - spent
    assert [searched["budget"](*at) for at in ((0, 0), (1, 10), (2, 10 + (left - 10) // 2))] == [
        left // 3, (left - 10) // 2, left - 10 - (left - 10) // 2]
    assert searched["budget"](2, 1000) == 4, "the options themselves are always tried"
    for subset, options in zip(["low_1", "mid", "high"], searched["options"], strict=True):
        assert [step.algorithm for step in options] == list(ALGORITHM_OPTIONS)
        assert options == [STARTS.step(subset, name, 3) for name in ALGORITHM_OPTIONS]
    first, *rest = found.log
    assert rest == [{"step": 1}] and first["trainings"] == spent
    assert [each["by"] for each in first["structures"]] == [each.by for each in STRUCTURES]
    assert first["structures"][-1]["scores"] == pytest.approx([0.55, 0.55])
    assert None in first["structures"][0]["scores"], "the worst is left after one replicate"


@pytest.mark.parametrize("gradients, epochs", [(1000, 8), (800, 8), (799, 7), (250, 2), (10, 1)])
def test_a_step_begins_with_as_many_epochs_as_it_may_cost(gradients, epochs):
    limit = Limit(gradients, lambda step: 100.0 * step.hparams["epochs"])
    step = STARTS.step("high", "scrub", 3)
    assert auto._affordable(step, limit).hparams == {"epochs": epochs, "learning_rate": 0.01}
    assert auto._affordable(Step("low", "none", {}), limit) == Step("low", "none", {})


def test_the_first_chain_does_nothing_to_the_least_memorized(search_replicates, monkeypatch):
    """Its score is that of the last step, from the models after all others."""
    replicate, structure = search_replicates[0], STRUCTURES[1]
    seen = {}
    monkeypatch.setattr(replicate, "after", lambda row, steps: seen.setdefault("after", steps))

    class Scored:
        scores = np.array([0.25])

    def score(row, chosen, candidates, states):
        seen.update(row=row, chosen=chosen, candidates=candidates, states=states)
        return Scored

    monkeypatch.setattr(replicate, "score", score)
    assert auto._score(replicate, structure, STARTS, 10) == 0.25
    assert seen["chosen"] == [Step("high", "finetune", {"epochs": 5, "learning_rate": 0.3}),
                              Step("mid", "scrub", {"epochs": 2, "learning_rate": 0.03})]
    assert [(each.subset, each.algorithm) for each in seen["candidates"]] == [("low", "none")]
    assert seen["states"] is seen["after"] and seen["row"] == structure.row
