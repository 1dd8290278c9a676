import numpy as np
import pytest

from rum_jax.forget.entanglement import entanglement_score
from rum_jax.forget.entanglement_search import OutOfReach, search


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


def test_equal_examples_are_taken_by_a_draw():
    """Each example is there ten times over; the farthest ones are no longer the first copies."""
    features = np.repeat(np.random.default_rng(0).normal(size=(2, 60, 4)).reshape(120, 4), 5, 0)
    sets = [search(features, np.zeros(600, int), 30, 30.0, np.random.default_rng(seed))
            for seed in (1, 1, 2)]
    assert sets[0].tolist() == sets[1].tolist() != sets[2].tolist()


@pytest.mark.parametrize("restricted", [False, True])
def test_the_range_in_the_message_can_be_reached(clustered, restricted):
    features, labels = clustered
    candidates = np.flatnonzero(labels < 3) if restricted else None
    for beyond in (1e-3, 1e11):
        with pytest.raises(OutOfReach, match="allowed: about ") as caught:
            search(features, labels, 60, beyond, np.random.default_rng(1), candidates)
        assert caught.value.low < caught.value.high
        for end in (caught.value.low, caught.value.high):
            forget = search(features, labels, 60, end, np.random.default_rng(1), candidates)
            assert score(features, forget) == pytest.approx(end, rel=0.01)


@pytest.mark.parametrize("target", [6, 20.0, 100, 1000])
def test_candidates_alone_are_chosen_and_scored_among_all(clustered, target):
    """Three of five clusters: a random set of them is far from the mean of all."""
    features, labels = clustered
    candidates = np.flatnonzero(labels < 3)
    forget = search(features, labels, 60, target, np.random.default_rng(1), candidates)
    assert len(forget) == 60 == len(set(forget.tolist())) and np.isin(forget, candidates).all()
    assert score(features, forget) == pytest.approx(target, rel=0.01)


def test_as_many_candidates_as_examples_of_the_set(clustered):
    candidates = np.arange(5, 65)
    expected = score(clustered[0], candidates)
    assert search(*clustered, 60, expected, np.random.default_rng(1),
                  candidates).tolist() == candidates.tolist()


def test_all_examples_as_candidates_are_the_default(clustered):
    sets = [search(*clustered, 30, 50.0, np.random.default_rng(3), candidates)
            for candidates in (None, np.arange(600))]
    assert sets[0].tolist() == sets[1].tolist()


def test_the_same_generator_gives_the_same_set(clustered):
    sets = [search(*clustered, 30, 50.0, np.random.default_rng(seed)).tolist()
            for seed in (3, 3, 4)]
    assert sets[0] == sets[1] != sets[2]
