import numpy as np
import pytest

from rum_jax.memorization import influence as influences


@pytest.fixture(scope="module")
def bits():
    rng = np.random.default_rng(0)
    included, right = rng.random((50, 5000)) < 0.7, rng.random((50, 21)) < 0.5
    included[:, 17] = True
    return included, right


def test_blocks_are_the_rows_of_the_whole(bits):
    included, right = bits
    whole = influences.influence(included, right)
    packed = np.packbits(included, axis=1), np.packbits(right, axis=1)
    blocks = list(influences.influence_blocks(*packed, 5000, 21, rows=8))
    assert [first for first, _ in blocks] == [0, 8, 16]
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), whole)
    assert np.isnan(whole[:, 17]).all()


def draws(rows, seed=0):
    return [np.random.default_rng([seed, row]) for row in range(rows)]


def test_top_are_the_largest_and_unknown_ones_come_last(bits):
    whole = influences.influence(*bits)
    places, values = influences.top(whole, 4, draws(len(whole)))
    for row, place, value in zip(whole, places, values, strict=True):
        ranked = -np.sort(-np.nan_to_num(row, nan=-9))
        np.testing.assert_array_equal(np.nan_to_num(value, nan=-9), ranked[:4])
        np.testing.assert_array_equal(value, row[place])
        assert len(set(place)) == 4
    places, values = influences.top(np.array([[np.nan, 0.5, 0.5, 0.7]], np.float32), 9, draws(1))
    assert places.tolist() == [[3, 1, 2, 0]] and np.isnan(values[0, 3])


def test_which_of_equal_influences_are_at_the_end_is_drawn():
    row = np.zeros((1, 1000), np.float32)
    row[0, 700] = 1.0
    places, again, other = (influences.top(row, 11, draws(1, seed))[0][0] for seed in (0, 0, 1))
    assert places[0] == 700 and places.tolist() == again.tolist() != other.tolist()
    assert places[1:].max() > 500, "not the first ten"
