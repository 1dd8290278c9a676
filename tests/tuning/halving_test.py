import numpy as np
import pytest

from rum_jax.tuning.halving import Round, affordable, cost, halve, rounds


@pytest.mark.parametrize("candidates, replicates, expected", [
    (5, 1, [(5, 0, 1)]),
    (1, 4, [(1, 0, 1), (1, 1, 2), (1, 2, 4)]),
    (8, 2, [(8, 0, 1), (3, 1, 2)]),
    (9, 3, [(9, 0, 1), (3, 1, 2), (1, 2, 3)]),
    (6, 4, [(6, 0, 1), (2, 1, 2), (1, 2, 4)]),
    (10, 6, [(10, 0, 1), (4, 1, 2), (2, 2, 4), (1, 4, 6)])])
def test_a_third_goes_on_and_as_many_replicates_are_added(candidates, replicates, expected):
    assert rounds(candidates, replicates) == [Round(*each) for each in expected]


@pytest.mark.parametrize("candidates, replicates, expected", [
    (5, 1, 5), (1, 4, 4), (8, 2, 11), (9, 3, 13), (6, 4, 10), (10, 6, 20)])
def test_the_cost_by_hand(candidates, replicates, expected):
    assert cost(candidates, replicates) == expected


@pytest.mark.parametrize("budget, replicates, expected", [
    (7, 1, 7), (12, 2, 9), (11, 2, 8), (13, 4, 8), (12, 4, 7), (4, 4, 1), (1, 4, 1)])
def test_as_many_as_the_budget_allows_and_at_least_one(budget, replicates, expected):
    assert affordable(budget, replicates) == expected


def evaluated(table, asked):
    """Scores from a table [n,T]; each pair that is asked for is noted."""
    def evaluate(chosen, numbers):
        asked.extend((k, t) for k in chosen for t in numbers)
        return table[np.ix_(chosen, numbers)]

    return evaluate


@pytest.mark.parametrize("candidates, replicates", [(1, 3), (7, 1), (8, 2), (9, 3), (12, 4)])
def test_without_noise_the_best_is_found_wherever_it_stands(candidates, replicates):
    for best in range(candidates):
        worth = np.roll(np.arange(candidates)[::-1], best).astype(float)
        asked = []
        halved = halve(candidates, replicates,
                       evaluated(np.tile(worth[:, None], replicates), asked))
        assert (halved.best, halved.score) == (best, candidates - 1)
        assert len(asked) == len(set(asked)) == cost(candidates, replicates) == halved.trainings
        assert np.isfinite(halved.scores).sum() == len(asked)
        assert {(k, t) for k, t in np.argwhere(np.isfinite(halved.scores))} == set(asked)


def test_scores_are_compared_over_the_same_replicates_alone():
    """On the last replicates everything scores low: who stays must not lose to who was left."""
    table = np.array([[0.9, 0.1, 0.1, 0.1], [0.8, 0.3, 0.1, 0.1],
                      [0.7, 0.9, 0.9, 0.9], [0.6, 0.9, 0.9, 0.9]])
    halved = halve(4, 4, evaluated(table, []))
    assert halved.best == 1 and halved.score == pytest.approx(1.3 / 4)
    assert np.isnan(halved.scores[2:, 1:]).all(), "the others were left after one replicate"
    assert np.isnan(halved.scores[0, 2:]).all() and np.isfinite(halved.scores[1]).all()


def test_of_equal_candidates_the_first_stays():
    halved = halve(5, 3, evaluated(np.ones((5, 3)), []))
    assert halved.best == 0 and np.isfinite(halved.scores).sum(1).tolist() == [3, 2, 1, 1, 1]


def test_who_has_failed_on_any_replicate_does_not_win():
    table = np.array([[9.0, -np.inf, 9.0], [1.0, 1.0, 1.0], [-np.inf, 9.0, 9.0], [0.5, 0.5, 0.5]])
    halved = halve(4, 3, evaluated(table, []))
    assert (halved.best, halved.score) == (1, 1.0)
    assert halved.trainings == cost(4, 3), "a failure is an evaluation too"


def test_where_all_have_failed_the_score_says_so():
    halved = halve(3, 2, evaluated(np.full((3, 2), -np.inf), []))
    assert halved.score == -np.inf and halved.trainings == cost(3, 2) == 4
