import itertools

import numpy as np
import pytest

from rum_jax.memorization import estimate, tally
from rum_jax.memorization.group import Group


def test_by_hand():
    included = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], bool)
    correct = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 0], [0, 0, 1]], bool)
    scores = estimate.memorization(included, correct)
    assert scores.memorization[:2].tolist() == [0.5, 0.5] and np.isnan(scores.memorization[2])
    # As if there were two more of each, one of them right: 3/4 and 2/4 of four.
    np.testing.assert_allclose(scores.standard_error[:2], np.sqrt((3 / 16 + 4 / 16) / 4))
    assert np.isnan(scores.standard_error[2])
    assert scores.times_in.tolist() == [2, 2, 0] and scores.times_out.tolist() == [2, 2, 4]


def test_the_error_is_not_0_where_all_models_agree():
    included = np.repeat([True, False], [6, 4])[:, None]
    for right in (included, ~included, included | True, included & False):
        error = estimate.memorization(included, right).standard_error[0]
        assert error == pytest.approx(np.sqrt(7 / 64 / 8 + 5 / 36 / 6))
    low, high = estimate.interval((np.array([6]), np.array([4])), (np.array([6]), np.array([4])))
    assert low[0] < 0 < high[0]


def coverage(models, repetitions, rng):
    """{(p with, p without): share of 95% intervals that cover p with - p without}.

    Every model is trained on 70% of the examples, as those of a campaign.
    """
    shares = (0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98)
    rates = {}
    for inside, outside in itertools.product(shares, shares):
        drawn = rng.permuted(np.tile(np.arange(repetitions) < 0.7 * repetitions, (models, 1)),
                             axis=1)
        right = rng.random(drawn.shape) < np.where(drawn, inside, outside)
        times = (drawn.sum(0), models - drawn.sum(0))
        low, high = estimate.interval(times, ((drawn & right).sum(0), (~drawn & right).sum(0)))
        known = np.isfinite(low)  # NaN where memorization is not known
        np.testing.assert_array_equal(
            known, np.isfinite(estimate.memorization(drawn, right).memorization))
        covered = (low <= inside - outside) & (inside - outside <= high)
        rates[inside, outside] = covered[known].mean()
    return rates


def check_coverage(repetitions):
    """Nowhere below the nominal rate but by chance.

    An interval of counts cannot cover with the same chance at all shares; this one is too wide
    near 0 and 1, and for few models.
    """
    error = np.sqrt(0.95 * 0.05 / repetitions)
    for models in (8, 16, 32, 64):
        rates = list(coverage(models, repetitions, np.random.default_rng(models)).values())
        assert np.mean(rates) < 0.995, models
        assert min(rates) > 0.95 - 3.5 * error, models


def test_intervals_of_memorization_cover_the_truth():
    check_coverage(400)


@pytest.mark.slow
def test_intervals_of_memorization_cover_the_truth_to_a_percent():
    check_coverage(40_000)


def counted(included, correct):
    """The tally of outcomes; margins and test examples play no part."""
    nothing = np.zeros(included.shape, np.int16)
    group = Group(np.arange(len(included)), included, correct, correct[:, :1], nothing,
                  nothing[:, :1], np.zeros((len(included), 1)))
    return tally.added(tally.empty(included.shape[1], 1), group)


def outcomes(models, examples=2000, seed=0):
    """Examples of every hardness, most of them easy; right when included."""
    rng = np.random.default_rng(seed)
    hardness = rng.random(examples) ** 3
    included = rng.random((models, examples)) < 0.7
    return included, included | (rng.random((models, examples)) > hardness)


def test_split_half_agreement():
    included, correct = outcomes(400)
    agreement = estimate.split_half(counted(included, correct))
    assert agreement.spearman > 0.9 and agreement.pearson > 0.95
    noise = np.random.default_rng(1).random(included.shape) < 0.5
    assert abs(np.array(estimate.split_half(counted(included, noise)))).max() < 0.1
    assert np.isnan(estimate.split_half(counted(included[:2], correct[:2]))).all()


def test_halves_are_the_even_and_the_odd_members():
    included, correct = outcomes(40, 300)
    halves = [estimate.memorization(included[k::2], correct[k::2]).memorization for k in (0, 1)]
    known = np.isfinite(halves).all(0)
    assert estimate.split_half(counted(included, correct)).pearson == pytest.approx(
        np.corrcoef(halves[0][known], halves[1][known])[0, 1])


def test_the_number_of_models_that_a_reliability_needs():
    """Predicted from few models, met by many."""
    few = estimate.split_half(counted(*outcomes(64))).pearson
    needed = estimate.models_needed(few, 64, 0.97)
    many = outcomes(2 * round(needed))
    assert needed > 64
    assert estimate.split_half(counted(*many)).pearson == pytest.approx(0.97, abs=0.004)
    assert estimate.full_reliability(0.5) == pytest.approx(2 / 3)
    assert np.isnan([estimate.full_reliability(r) for r in (-1.0, 0.0, float("nan"))]).all()
    assert estimate.models_needed(0.5, 100, 0.5) == pytest.approx(50)
    assert estimate.models_needed(-0.1, 100, 0.9) == np.inf
    assert np.isnan(estimate.models_needed(float("nan"), 100, 0.9))
