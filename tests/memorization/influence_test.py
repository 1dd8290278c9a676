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
    found = list(influences.influence_blocks(*packed, 5000, 21, rows=8))
    assert [first for first, _ in found] == [0, 8, 16]
    np.testing.assert_array_equal(np.concatenate([block for _, block in found]), whole)
    assert np.isnan(whole[:, 17]).all()


def test_top_are_the_largest_and_unknown_ones_come_last(bits):
    whole = influences.influence(*bits)
    places, values = influences.top(whole, 4)
    for row, place, value in zip(whole, places, values, strict=True):
        order = np.argsort(-np.nan_to_num(row, nan=-9), kind="stable")[:4]
        np.testing.assert_array_equal(place, order)
        np.testing.assert_array_equal(value, row[order])
    places, values = influences.top(np.array([[np.nan, 0.5, 0.5, 0.7]], np.float32), 9)
    assert places.tolist() == [[3, 1, 2, 0]] and np.isnan(values[0, 3])
