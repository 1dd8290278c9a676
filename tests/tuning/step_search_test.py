"""The search for a step, with made-up scores."""

import math

import numpy as np
import pytest

from rum_jax.rum.chain import WHOLE, Step
from rum_jax.rum.searched_rows import SETTLES, spaces_of
from rum_jax.tuning.halving import affordable, cost
from rum_jax.tuning.step_search import Limit, search
from rum_jax.unlearn import ALGORITHMS, algorithm
from rum_jax.unlearn.spaces import SETTLING

SCRUB = Step(WHOLE, "scrub", algorithm("scrub").hparams())
FINETUNE = Step(WHOLE, "finetune", algorithm("finetune").hparams())
NONE = Step(WHOLE, "none", {})
FREE = Limit(math.inf, lambda step: 0.0)
PER_EPOCH = 100
ADDRESS = (0, 1, 2)


class Made:
    """Scores by a function of a step, the same on all replicates; what is asked for is noted."""

    def __init__(self, worth):
        self.worth, self.trainings, self.steps = worth, 0, []

    def __call__(self, candidates, numbers):
        self.trainings += len(candidates) * len(numbers)
        self.steps += [step for step in candidates if step not in self.steps]
        scores = [[self.worth(step)] * len(numbers) for step in candidates]
        return np.array(scores, float), np.array([gradients(step) for step in candidates])


def gradients(step):
    return PER_EPOCH * step.hparams.get("epochs", 0)


def near(rate, epochs):
    """A smooth score, highest at that learning rate and number of epochs."""
    def worth(step):
        if not step.hparams:
            return -9.0
        return -(math.log10(step.hparams["learning_rate"] / rate) ** 2
                 + (step.hparams["epochs"] - epochs) ** 2 / 100)

    return worth


def tried(found, ranges):
    return [each for each in found.log if each["ranges"] == ranges]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_search_has_the_ranges_of_the_algorithm_and_of_its_last_epoch(name):
    known = ALGORITHMS[name]
    settles = {SETTLES: SETTLING} if known.search and SETTLES in known.checks else {}
    assert spaces_of(name) == {**known.search, **settles}
    assert set(spaces_of(name)) <= set(known.checks)


def test_the_second_half_comes_nearer_to_the_optimum_than_the_first():
    made = Made(near(0.02, 6))
    found = search([FINETUNE], 60, 3, made, FREE, ADDRESS)
    first, second = tried(found, "whole ranges"), tried(found, "around the best")
    best_of = [max(np.mean(each["scores"]) for each in half if None not in each["scores"])
               for half in (first, second)]
    assert first[0]["hparams"] == FINETUNE.hparams, "the config's own values are tried too"
    assert best_of[0] < best_of[1] == found.score == made.worth(found.step)
    assert found.score > made.worth(FINETUNE) and found.score > -0.02
    assert abs(math.log10(found.step.hparams["learning_rate"] / 0.02)) < 0.1


def test_what_is_fixed_keeps_the_value_of_the_option():
    found = search([FINETUNE], 60, 3, Made(near(0.02, 6)), FREE, ADDRESS, ("epochs", SETTLES))
    assert {each["hparams"]["epochs"] for each in found.log} == {FINETUNE.hparams["epochs"]}
    assert {each["hparams"][SETTLES] for each in found.log} == {FINETUNE.hparams[SETTLES]}
    assert len({each["hparams"]["learning_rate"] for each in found.log}) > len(found.log) / 2


@pytest.mark.parametrize("budget, replicates", [(6, 1), (8, 2), (12, 4), (37, 4), (60, 3)])
def test_the_budget_is_kept_and_counted(budget, replicates):
    made = Made(near(0.02, 6))
    found = search([FINETUNE], budget, replicates, made, FREE, ADDRESS)
    assert found.trainings == made.trainings <= budget
    first = max(affordable(budget // 2, replicates), 1)
    assert len(tried(found, "whole ranges")) == first
    left = budget - cost(first, replicates)
    assert len(tried(found, "around the best")) == affordable(left, replicates)
    assert sum(score is not None for each in found.log for score in each["scores"]
               ) == found.trainings


def test_candidates_that_are_too_expensive_are_neither_drawn_nor_chosen():
    """Where more epochs are better, the step takes as many as it may."""
    made = Made(lambda step: step.hparams["epochs"] + step.hparams["learning_rate"])
    limit = Limit(4 * PER_EPOCH, gradients)
    found = search([FINETUNE], 40, 2, made, limit, ADDRESS)
    assert FINETUNE.hparams["epochs"] > 4, "the config's own values are too expensive"
    assert found.step.hparams["epochs"] == 4
    assert all(each["example_gradients"] <= limit.gradients for each in found.log[1:])
    assert set(found.log[0]["scores"]) <= {None, -math.inf}


def test_a_step_that_turns_out_too_expensive_is_not_chosen():
    """It was expected to be cheaper than it is."""
    made = Made(lambda step: step.hparams["epochs"])
    found = search([FINETUNE], 60, 2, made, Limit(3 * PER_EPOCH, lambda step: 0.0), ADDRESS)
    assert found.step.hparams["epochs"] <= 3 and np.isfinite(found.score)
    assert max(each["example_gradients"] for each in found.log) > 3 * PER_EPOCH


def test_if_all_fail_the_score_says_so_and_nothing_more_is_tried():
    made = Made(lambda step: -math.inf)
    found = search([FINETUNE], 40, 2, made, FREE, ADDRESS)
    assert found.score == -math.inf and not tried(found, "around the best")


def test_doing_nothing_is_evaluated_once_on_each_replicate():
    made = Made(lambda step: 0.5)
    found = search([NONE], 40, 4, made, FREE, ADDRESS)
    assert (found.step, found.score, found.trainings) == (NONE, 0.5, 4)
    assert made.trainings == 4 and found.edges == {} and len(found.log) == 1


def test_of_several_algorithms_the_best_is_searched_further():
    made = Made(lambda step: {"none": 0.0, "scrub": 1.0, "finetune": 2.0}[step.algorithm]
                + near(0.02, 6)(step) / 10)
    found = search([NONE, SCRUB, FINETUNE], 60, 3, made, FREE, ADDRESS)
    first = [each["algorithm"] for each in tried(found, "whole ranges")]
    assert first[:3] == ["none", "scrub", "finetune"]
    assert first.count("none") == 1 and abs(first.count("scrub") - first.count("finetune")) <= 1
    assert {each["algorithm"] for each in tried(found, "around the best")} == {"finetune"}
    assert found.step.algorithm == "finetune" and found.trainings == made.trainings <= 60


def test_where_doing_nothing_is_best_it_is_chosen():
    made = Made(lambda step: 1.0 if step.algorithm == "none" else 0.0)
    found = search([NONE, SCRUB, FINETUNE], 60, 3, made, FREE, ADDRESS)
    assert (found.step, found.score, found.edges) == (NONE, 1.0, {})


def test_an_optimum_outside_of_the_range_is_approached_and_the_edge_is_told():
    """The best learning rate is far above the range."""
    space = spaces_of("finetune")["learning_rate"]
    made = Made(near(30.0, 6))
    found = search([FINETUNE], 80, 2, made, FREE, ADDRESS)
    assert found.step.hparams["learning_rate"] > space.high
    assert found.edges["learning_rate"] == "high"
    inside = search([FINETUNE], 80, 2, Made(near(0.02, 6)), FREE, ADDRESS)
    assert "learning_rate" not in inside.edges


def test_draws_are_those_of_their_address():
    def steps(*address):
        made = Made(near(0.02, 6))
        search([FINETUNE], 30, 3, made, FREE, address)
        return made.steps

    assert steps(0, 1, 2) == steps(0, 1, 2)
    for other in ((1, 1, 2), (0, 2, 2), (0, 1, 3)):
        drawn = [[step for step in steps(*address) if step != FINETUNE]
                 for address in ((0, 1, 2), other)]
        assert not [step for step in drawn[0] if step in drawn[1]]
