import pytest

from rum_jax.rum.chain import WHOLE, Step
from rum_jax.tuning.starts import Start, Starts, affordable
from rum_jax.tuning.step_search import Limit
from rum_jax.unlearn import algorithm

STARTS = Starts(72, {
    WHOLE: {"scrub": Start({"epochs": 6, "learning_rate": 0.03}, 0.9),
            "salun": Start({"epochs": 9, "learning_rate": 0.2}, 0.8)},
    "high": {"scrub": Start({"epochs": 8, "learning_rate": 0.01}, 0.7),
             "finetune": Start({"epochs": 20, "learning_rate": 0.3}, 0.75)}}, 500)


def test_a_step_begins_with_what_its_level_needs_else_with_a_share_of_what_the_set_needs():
    assert STARTS.step("high_2", "scrub", 3) == Step(
        "high_2", "scrub", {"epochs": 8, "learning_rate": 0.01})
    assert STARTS.step("mid", "scrub", 3) == Step(
        "mid", "scrub", {"epochs": 2, "learning_rate": 0.03})
    assert STARTS.step("high", "salun", 3).hparams == {"epochs": 3, "learning_rate": 0.2}
    assert STARTS.step("mid", "neggrad_plus", 3).hparams == algorithm("neggrad_plus").hparams()
    assert STARTS.ranked("high") == ["finetune", "scrub"]
    assert STARTS.ranked("mid") == ["scrub", "salun"]


def test_subsets_by_another_score_than_memorization_have_no_levels():
    whole = STARTS.of_whole_set()
    assert whole.ranked("high") == ["scrub", "salun"] and whole.budget == STARTS.budget
    assert whole.step("high", "scrub", 3).hparams == {"epochs": 2, "learning_rate": 0.03}


@pytest.mark.parametrize("gradients, epochs", [(1000, 8), (800, 8), (799, 7), (250, 2), (10, 1)])
def test_a_step_begins_with_as_many_epochs_as_it_may_cost(gradients, epochs):
    limit = Limit(gradients, lambda step: 100.0 * step.hparams["epochs"])
    step = STARTS.step("high", "scrub", 3)
    assert affordable(step, limit).hparams == {"epochs": epochs, "learning_rate": 0.01}
    assert affordable(Step("low", "none", {}), limit) == Step("low", "none", {})
