import numpy as np
import pytest
from conftest import golden

from rum_jax.memorization import estimate


@pytest.mark.parametrize("case", golden("memorization"), ids=str.lower("v1 v2").split())
def test_equals_the_reference_where_it_is_defined(case):
    included = case["trainset_mask"].astype(bool)
    scores = estimate.memorization(included, case["trainset_correctness"].astype(bool))
    both = (scores.times_in > 0) & (scores.times_out > 0)
    np.testing.assert_allclose(scores.memorization[both], case["memorization"][both], rtol=1e-6,
                               atol=1e-7)
    # Where an example was always or never in, the reference floors a denominator instead.
    assert np.isnan(scores.memorization[~both]).all() and both.sum() >= 48
    influence = estimate.influence(included, case["testset_correctness"].astype(bool))
    np.testing.assert_allclose(influence[:, both], case["influence"][:, both], atol=1e-6)
    assert np.isnan(influence[:, ~both]).all()


def test_by_hand():
    included = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], bool)
    correct = np.array([[1, 1, 1], [1, 0, 1], [1, 0, 0], [0, 0, 1]], bool)
    scores = estimate.memorization(included, correct)
    assert scores.memorization[:2].tolist() == [0.5, 0.5] and np.isnan(scores.memorization[2])
    np.testing.assert_allclose(scores.standard_error[:2], [np.sqrt(0.25 / 2), np.sqrt(0.25 / 2)])
    assert scores.times_in.tolist() == [2, 2, 0] and scores.times_out.tolist() == [2, 2, 4]


def test_split_half_reliability():
    rng = np.random.default_rng(0)
    hardness = rng.random(200)
    included = rng.random((400, 200)) < 0.7
    correct = included | (rng.random((400, 200)) > hardness)
    assert estimate.split_half_spearman(included, correct) > 0.9
    noise = rng.random((400, 200)) < 0.5
    assert abs(estimate.split_half_spearman(included, noise)) < 0.2
    assert np.isnan(estimate.split_half_spearman(included[:2], correct[:2]))
