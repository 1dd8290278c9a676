import numpy as np

from rum_jax.memorization import estimate


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
