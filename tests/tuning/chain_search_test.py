"""The search for a row, step by step, on two replicates."""

import numpy as np
import pytest

from rum_jax.rum.chain import Step
from rum_jax.study.unlearning import steps_of
from rum_jax.tuning.chain_search import search_row

VANILLA, CHAIN = "vanilla:finetune", "rum_f:finetune"


def searched(replicates, config, row, budget):
    steps = steps_of(config, row, list(replicates[0].plan(row).partitions[0]))
    return search_row(replicates, row, steps, lambda step, _: [step], lambda *_: budget, 0)


@pytest.fixture(scope="module")
def chain(search_replicates, search_config):
    return searched(search_replicates, search_config, CHAIN, 5)


def test_the_steps_are_chosen_in_order_within_the_budget_of_each(chain):
    assert [step.subset for step in chain.steps] == ["low", "mid", "high"]
    assert [each["subset"] for each in chain.log] == ["low", "mid", "high"]
    assert all(each["trainings"] <= 5 for each in chain.log)
    assert chain.trainings == sum(each["trainings"] for each in chain.log)
    for step, each in zip(chain.steps, chain.log, strict=True):
        assert (each["algorithm"], each["hparams"]) == (step.algorithm, step.hparams)
        assert step.hparams in [candidate["hparams"] for candidate in each["candidates"]]


def test_each_step_was_scored_after_the_steps_before_it(chain, search_replicates):
    for number, step in enumerate(chain.steps):
        before = chain.steps[:number]
        states = [replicate.after(CHAIN, before)[0] for replicate in search_replicates]
        scores = [replicate.score(CHAIN, before, [step], after).scores[0]
                  for replicate, after in zip(search_replicates, states, strict=True)]
        assert chain.log[number]["score"] == pytest.approx(np.mean(scores), abs=1e-12)
    assert chain.score == chain.log[-1]["score"]
    first = [replicate.score(CHAIN, [], chain.steps[:1], replicate.after(CHAIN, [])[0]).scores[0]
             for replicate in search_replicates]
    assert np.mean(first) != chain.score


def test_the_whole_chain_costs_no_more_than_retraining(chain, search_replicates):
    replicate, used = search_replicates[0], 0
    for number, step in enumerate(chain.steps):
        before = chain.steps[:number]
        share = replicate.retraining_gradients * (number + 1) / 3
        assert chain.log[number]["most_example_gradients"] == pytest.approx(share - used)
        used += replicate.score(CHAIN, before, [step],
                                replicate.after(CHAIN, before)[0]).gradients[0]
        assert 0 < used <= share
    assert all(candidate["example_gradients"] <= each["most_example_gradients"]
               for each in chain.log for candidate in each["candidates"])


def test_a_row_of_one_step_may_cost_as_much_as_retraining(search_replicates, search_config):
    found = searched(search_replicates, search_config, VANILLA, 6)
    (step,), (log,) = found.steps, found.log
    assert log["most_example_gradients"] == search_replicates[0].retraining_gradients
    assert found.trainings == log["trainings"] == 6, "2 halved, and 2 around the best"
    assert step.subset == "forget" and np.isfinite(found.score)
    scores = [replicate.score(VANILLA, [], [step], replicate.after(VANILLA, [])[0]).scores[0]
              for replicate in search_replicates]
    assert found.score == pytest.approx(np.mean(scores), abs=1e-12)


def test_as_json_values(chain):
    plain = chain.plain()
    assert [Step(**step) for step in plain["steps"]] == chain.steps
    assert plain["score"] == chain.score and plain["trainings"] == chain.trainings
    assert chain._replace(score=-np.inf).plain()["score"] is None
