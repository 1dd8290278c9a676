import numpy as np
import pytest

from rum_jax.rum.chain import WHOLE, Step
from rum_jax.tuning import auto
from rum_jax.tuning.auto import STRUCTURES, search_auto
from rum_jax.tuning.chain_search import RowSearch
from rum_jax.tuning.halving import cost

ONE_SHOT = {"steps": [{"algorithm": "scrub", "hparams": {"epochs": 6, "learning_rate": 0.03}}],
            "trainings": 72, "score": 0.9}


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


def test_the_best_structure_is_searched_with_what_is_left_of_the_budget(monkeypatch):
    scores = {structure: 0.5 + 0.01 * k for k, structure in enumerate(STRUCTURES)}
    tried, searched = [], {}

    def score(replicate, structure, step):
        tried.append((replicate, structure.row, step))
        return scores[structure]

    def search_row(replicates, row, steps, options, budgets, seed):
        searched.update(row=row, steps=steps, budgets=budgets, seed=seed,
                        options=[options(step) for step in steps])
        return RowSearch(list(steps), 0.7, 30, [{"step": 1}])

    monkeypatch.setattr(auto, "_score", score)
    monkeypatch.setattr(auto, "search_row", search_row)
    monkeypatch.setattr(auto, "_ordered", lambda replicate, structure: ["low_1", "mid", "high"])

    class Config:
        class tuning:
            seed = 5

    structure, found = search_auto(["a", "b"], Config, ONE_SHOT)
    assert structure == STRUCTURES[-1] and searched["row"] == structure.row
    spent = cost(len(STRUCTURES), 2)
    assert len(tried) == spent and found.trainings == 30 + spent
    assert searched["budgets"] == [(72 - spent) // 3] * 3 and searched["seed"] == 5
    gentle = {"epochs": 2, "learning_rate": 0.03}
    assert all(step == Step(WHOLE, "scrub", gentle) for _, _, step in tried)
    for subset, options in zip(["low_1", "mid", "high"], searched["options"], strict=True):
        assert [step.algorithm for step in options].count("scrub") == 1
        assert options[-1] == Step(subset, "scrub", gentle)
        assert {step.subset for step in options} == {subset}
        assert options[0] == Step(subset, "none", {})
    first, *rest = found.log
    assert rest == [{"step": 1}] and first["trainings"] == spent
    assert [each["by"] for each in first["structures"]] == [each.by for each in STRUCTURES]
    assert first["structures"][-1]["scores"] == pytest.approx([0.55, 0.55])
    assert None in first["structures"][0]["scores"], "the worst is left after one replicate"


def test_the_simplest_chain_does_nothing_to_the_least_memorized(search_replicates, monkeypatch):
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
    step = Step(WHOLE, "finetune", {"epochs": 1})
    assert auto._score(replicate, structure, step) == 0.25
    assert [(each.subset, each.algorithm) for each in seen["chosen"]] == [
        ("high", "finetune"), ("mid", "finetune")]
    assert [(each.subset, each.algorithm) for each in seen["candidates"]] == [("low", "none")]
    assert seen["states"] is seen["after"] and seen["row"] == structure.row
