import re

import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.forget.by_entanglement_score import search
from rum_jax.forget.entanglement import entanglement_score


@pytest.fixture(scope="module")
def clustered():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, 600)
    return 3 * rng.normal(size=(5, 8))[labels] + rng.normal(size=(600, 8)), labels


def score(features, places):
    return entanglement_score(np.delete(features, places, 0), features[places])


@pytest.mark.parametrize("target", [8, 20.0, 100, 1000, 50_000])
def test_a_score_that_is_asked_for_is_reached(clustered, target):
    features, labels = clustered
    forget = search(features, labels, 60, target, np.random.default_rng(1))
    assert len(forget) == 60 == len(set(forget.tolist()))
    assert score(features, forget) == pytest.approx(target, rel=0.01)


def test_features_that_are_not_finite_are_refused(clustered):
    features, labels = clustered
    broken = features.copy()
    broken[[3, 7], 2] = np.nan, np.inf
    with pytest.raises(InputError, match="features of 2 of 600 examples are not finite"):
        search(broken, labels, 60, 20.0, np.random.default_rng(1))


def test_equal_examples_are_taken_by_a_draw():
    """Each example is there ten times over; the farthest ones are no longer the first copies."""
    features = np.repeat(np.random.default_rng(0).normal(size=(2, 60, 4)).reshape(120, 4), 5, 0)
    sets = [search(features, np.zeros(600, int), 30, 30.0, np.random.default_rng(seed))
            for seed in (1, 1, 2)]
    assert sets[0].tolist() == sets[1].tolist() != sets[2].tolist()


def test_the_range_in_the_message_can_be_reached(clustered):
    features, labels = clustered
    for beyond in (1e-3, 1e11):
        with pytest.raises(InputError, match="is out of reach for 60 of 600 examples") as caught:
            search(features, labels, 60, beyond, np.random.default_rng(1))
        low, high = (float(text.replace(",", "")) for text in re.search(
            r"about ([\d.,e+-]+) to ([\d.,e+-]+)", str(caught.value)).groups())
        assert low < high
        for end in (low, high):
            forget = search(features, labels, 60, end, np.random.default_rng(1))
            assert score(features, forget) == pytest.approx(end, rel=0.01)


def test_the_same_generator_gives_the_same_set(clustered):
    sets = [search(*clustered, 30, 50.0, np.random.default_rng(seed)).tolist()
            for seed in (3, 3, 4)]
    assert sets[0] == sets[1] != sets[2]
