import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.forget import entanglement


@pytest.fixture
def clouds():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 4)), rng.normal(size=(60, 4)) + [3, 0, 0, 0]


def test_score_by_hand():
    retain, forget = np.array([[0.0], [2.0]]), np.array([[4.0], [8.0]])
    # Means 1 and 6, spreads 1 and 4; between them (2.5^2 + 2.5^2) / 2.
    np.testing.assert_allclose(entanglement.entanglement_score(retain, forget), 5 / 6.25)
    # One more retain example at 1 moves the mean of all from 3.5 to 3, and R's spread to 2/3.
    more = np.array([[0.0], [1.0], [2.0]])
    np.testing.assert_allclose(entanglement.entanglement_score(more, forget, "global"),
                               (2 / 3 + 4) / ((2 ** 2 + 3 ** 2) / 2))
    np.testing.assert_allclose(entanglement.disentanglement(retain, forget), (5 + 5) / 2)


def test_nearer_sets_are_more_entangled(clouds):
    retain, forget = clouds
    scores = [entanglement.entanglement_score(retain, forget - [shift, 0, 0, 0])
              for shift in (0, 1, 2)]
    assert scores == sorted(scores)
    assert entanglement.entanglement_score(retain, forget, "global") != scores[0]


def test_batch_means_differ_where_the_last_batch_is_short(clouds):
    retain, forget = clouds
    exact = entanglement.entanglement_score(retain, forget)
    assert entanglement.entanglement_score(retain, forget, batch_size=60) == pytest.approx(exact)
    assert entanglement.entanglement_score(retain, forget, batch_size=64) != pytest.approx(exact)


def test_discrepancy(clouds):
    retain, forget = clouds
    assert entanglement.squared_mmd(retain, retain, 0.1) == pytest.approx(0, abs=1e-12)
    assert 0 < entanglement.squared_mmd(retain, forget, 0.1) < 2


def test_unbiased_discrepancy_by_hand():
    retain, forget = np.array([[0.0], [1.0]]), np.array([[0.0], [3.0]])
    # Squared distances: within R 1, within F 9, between 0, 1, 9, 4; the median of all six is 2.5.
    k = np.exp(-np.array([1, 9, 0, 1, 9, 4]) / 5)
    np.testing.assert_allclose(entanglement.unbiased_squared_mmd(retain, forget),
                               k[0] + k[1] - k[2:].sum() / 2)
    np.testing.assert_allclose(
        entanglement.unbiased_squared_mmd(retain, forget, gamma=1.0),
        np.exp(-1) + np.exp(-9) - (1 + np.exp(-1) + np.exp(-9) + np.exp(-4)) / 2)


def test_the_median_heuristic_where_examples_are_copies():
    assert entanglement.median_gamma(np.zeros((3, 3))) == 1
    copies = np.array([[0, 0, 0, 8.0], [0, 0, 0, 8], [0, 0, 0, 8], [8, 8, 8, 0]])
    assert entanglement.median_gamma(copies) == 1 / 8
    assert entanglement.median_gamma(copies[:3, :3]) == 1
    more = np.pad(copies, ((0, 1), (0, 1)))
    assert entanglement.median_gamma(more) == 1 / 16
    with pytest.raises(ValueError, match="a set has 1 example"):
        entanglement.unbiased_squared_mmd(np.zeros((3, 2)), np.zeros((1, 2)))


def test_ties_of_groups_are_as_given_and_unknown_distances_are_refused():
    features = np.array([[1.0], [-1.0], [1.0], [-1.0]])
    assert entanglement.distance_groups(features, 2).tolist() == [[0, 1], [2, 3]]
    order = np.array([3, 0, 1, 2])
    assert entanglement.distance_groups(features, 2, order).tolist() == [[1, 2], [3, 0]]
    with pytest.raises(InputError, match="center of 3 of 3 examples are not finite"):
        entanglement.distance_groups(np.array([[1.0], [np.nan], [2.0]]), 2)


def test_groups_go_outwards_and_drop_the_rest(clouds):
    retain, _ = clouds
    groups = entanglement.distance_groups(retain, 7)
    assert groups.shape == (7, 42) and len(np.unique(groups)) == 7 * 42
    distances = entanglement.centroid_distances(retain)[groups]
    assert (np.diff(distances.ravel()) >= 0).all()


def test_unknown_center(clouds):
    with pytest.raises(ValueError, match="center: is 'mean'; known: midpoint, global"):
        entanglement.entanglement_score(*clouds, center="mean")
