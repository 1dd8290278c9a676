import numpy as np
import pytest

from rum_jax.forget import statistics
from rum_jax.forget.entanglement import entanglement_score
from rum_jax.forget.random_sets import mean_score, reported_score


def test_the_mean_of_twenty_sets_by_hand():
    features = np.random.default_rng(0).normal(size=(50, 3))
    rng, scores = np.random.default_rng(4), []
    for _ in range(20):
        forget = rng.choice(50, 10, replace=False)
        scores.append(entanglement_score(np.delete(features, forget, 0), features[forget]))
    assert mean_score(features, 10, np.random.default_rng(4)) == pytest.approx(np.mean(scores))


def test_what_the_reported_ratio_is_relative_to():
    features, forget = np.random.default_rng(0).normal(size=(50, 3)), np.arange(10)
    measures = statistics.in_embedding(features, forget, np.arange(50), np.random.default_rng(4))
    assert measures["entanglement_score"] / measures["entanglement_score_ratio"] == pytest.approx(
        reported_score(features, 10, np.random.default_rng(4)))
