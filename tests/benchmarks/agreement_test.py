import importlib

import numpy as np
import pytest
from scipy.stats import norm
from toy import ROOT

from rum_jax.core.errors import InputError


@pytest.fixture(scope="module")
def agreement():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("agreement")


def counts(agreement, *columns):
    return agreement.Counts(*map(np.array, columns))


def test_plus_four_errors_by_hand(agreement):
    estimates = counts(agreement, [8, 3], [8, 8], [0, 1], [2, 8])
    np.testing.assert_allclose(estimates.memorization(), [1, 0.25])
    # (9/10)(1/10)/10 + (1/4)(3/4)/4, where the usual error is 0; (4/10)(6/10)/10 + (2/10)(8/10)/10
    np.testing.assert_allclose(estimates.error(), np.sqrt([0.009 + 0.046875, 0.024 + 0.016]))


@pytest.mark.parametrize("times", [(45, 19), (8, 4), (58, 6)])
def test_counts_are_found_again_or_others_with_the_same_estimate_and_error(agreement, times):
    grid = np.indices((times[0] + 1, times[1] + 1)).reshape(2, -1)
    true = agreement.Counts(grid[0], np.full(grid.shape[1], times[0]), grid[1],
                            np.full(grid.shape[1], times[1]))
    inferred = agreement.counts_of(true.memorization(), true.error(), true.times_in, true.times_out)
    np.testing.assert_allclose(inferred.memorization(), true.memorization(), atol=1e-7)
    np.testing.assert_allclose(inferred.error(), true.error(), rtol=0.2)
    same = (inferred.hits_in == true.hits_in) & (inferred.hits_out == true.hits_out)
    assert same.mean() > 0.85 and same[-1], "all right, and not all wrong"


@pytest.mark.parametrize("values, message", [
    ((0.123, 0.1, 8, 4), "no difference of shares of 8 and 4 models"),
    ((0.5, np.nan, 8, 4), "no difference of shares"),
    ((0.5, 0.1, 8, 0), "count_in, count_out are 8, 0; needed: 1 or more"),
])
def test_estimates_of_no_models_are_refused(agreement, values, message):
    with pytest.raises(InputError, match=message):
        agreement.counts_of(*(np.array([value]) for value in values))


def test_choice_is_even_over_the_ranks_of_the_candidates(agreement):
    scores = np.concatenate([np.zeros(50), np.linspace(0.05, 1, 40), [np.nan, 0.049]])
    scores = np.random.default_rng(3).permutation(scores)
    chosen = agreement.choose(scores, 0.05, 20, np.random.default_rng(0))
    rank = np.round((scores[chosen] - 0.05) / 0.95 * 39).astype(int)
    assert (rank // 2).tolist() == list(range(20)), "one of every two, lowest first"
    again = agreement.choose(scores, 0.05, 20, np.random.default_rng(0))
    other = agreement.choose(scores, 0.05, 20, np.random.default_rng(1))
    assert chosen.tolist() == again.tolist() != other.tolist()


def test_examples_of_one_score_are_all_chosen_at_times(agreement):
    draws = [agreement.choose(np.full(6, 0.5), 0.05, 2, np.random.default_rng(k)).tolist()
             for k in range(100)]
    times = np.bincount(np.concatenate(draws), minlength=6)
    assert times.min() > 15, "each is expected 33 times"


def test_too_few_candidates_are_refused(agreement):
    with pytest.raises(InputError, match="--examples: is 3; allowed: at most 2, as so many"):
        agreement.choose(np.array([0.05, 0.04, 0.9, np.nan]), 0.05, 3, np.random.default_rng(0))


def test_comparison_by_hand(agreement):
    first = counts(agreement, [8, 8, 3], [8, 8, 8], [0, 1, 1], [2, 2, 8])
    second = counts(agreement, [8, 8, 8], [8, 8, 8], [0, 2, 0], [2, 2, 8])
    comparison = agreement.compare(first, second)
    difference = np.array([0, 0.5, 0.25 - 1])
    # Errors^2: 9/1000 for 8 of 8, 3/64 for 0 and 2 of 2, 1/16 for 1 of 2; see above for the rest.
    error = np.sqrt([2 * 0.055875, 0.009 + 0.0625 + 0.055875, 0.04 + 0.018])
    z = difference / error
    np.testing.assert_allclose(comparison["z"], z)
    assert comparison["examples"] == 3 and comparison["within"] == {"1": 1, "2": 2, "3": 2}
    assert comparison["chi_square"] == pytest.approx((z ** 2).sum())
    assert comparison["mean_difference"] == pytest.approx(-0.25 / 3)
    assert comparison["mean_difference_error"] == pytest.approx(np.sqrt(
        ((difference + 0.25 / 3) ** 2).sum() / 2 / 3))
    assert comparison["rms_difference"] == pytest.approx(np.sqrt((0.25 + 0.5625) / 3))
    assert comparison["rms_expected"] == pytest.approx(np.sqrt((error ** 2).mean()))
    # Of 1, 0.5, 0.25 and 1, 0, 1: mean-free products 1/18 / sqrt(7/24 * 2/3).
    assert comparison["pearson"] == pytest.approx(1 / 12 / np.sqrt(7 / 24 * 2 / 3))
    assert comparison["spearman"] == pytest.approx(0, abs=1e-12)


def test_p_value_of_one_difference_is_that_of_the_normal_distribution(agreement):
    first, second = (counts(agreement, [7], [8], [hits], [20]) for hits in (2, 15))
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        comparison = agreement.compare(first, second)
    assert comparison["p_value"] == pytest.approx(2 * norm.sf(abs(comparison["z"][0])))
    assert comparison["pearson"] is None and comparison["spearman"] is None


def test_two_measurements_of_the_same_are_found_to_agree(agreement):
    """Chi-square of 2,000 examples, without and with a true difference of 0.3."""
    rng, k = np.random.default_rng(0), 2000
    right = rng.random(k) * 0.8 + 0.1

    def measured(times_in, times_out, shift=0.0):
        return agreement.Counts(rng.binomial(times_in, 0.95, k), np.full(k, times_in),
                                rng.binomial(times_out, np.clip(right + shift, 0, 1)),
                                np.full(k, times_out))

    same = agreement.compare(measured(45, 19), measured(20, 20))
    assert 0.9 < same["chi_square"] / k < 1.1 and abs(same["mean_difference"]) < 0.01
    assert abs(same["within"]["1"] / k - 0.68) < 0.04 and same["within"]["2"] / k > 0.95
    shifted = agreement.compare(measured(45, 19), measured(20, 20, -0.3))
    assert shifted["p_value"] < 1e-6
    assert shifted["mean_difference"] == pytest.approx(-0.28, abs=0.03)


@pytest.mark.parametrize("times_in, times_out", [(20, 20), (30, 10), (64, 64)])
def test_false_alarms_are_about_as_frequent_as_the_p_value_says(agreement, times_in, times_out):
    """20 examples, right in 2% to 95% of models without them, and no true difference."""
    rng, right = np.random.default_rng(0), np.linspace(0.02, 0.95, 20)

    def measured(times_in, times_out):
        return agreement.Counts(rng.binomial(times_in, 0.98, 20), np.full(20, times_in),
                                rng.binomial(times_out, right), np.full(20, times_out))

    p_values = np.array([agreement.compare(measured(45, 19), measured(times_in, times_out))
                         ["p_value"] for _ in range(500)])
    assert 0.01 < (p_values < 0.05).mean() < 0.1
    assert 0.3 < (p_values < 0.5).mean() < 0.6
