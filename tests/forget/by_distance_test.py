import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget import choose
from rum_jax.forget.by_distance import group_of
from rum_jax.forget.entanglement import centroid_distances, distance_groups


def of(features):
    return known({"entanglement": -centroid_distances(features)}, features)


def test_levels_are_the_released_groups_of_fifteen():
    assert [group_of(level, 15) for level in ("high", "mid", "low")] == [3, 12, 14]
    assert [group_of(level, 100) for level in ("high", "mid", "low")] == [20, 80, 99]
    features = np.random.default_rng(0).normal(size=(150, 4))
    groups = distance_groups(features, 15)
    for level, number in (("high", 3), ("mid", 12), ("low", 14)):
        assert choose(f"entanglement:{level}", of(features), 10).tolist() == sorted(groups[number])
    assert choose("entanglement:0of15", of(features), 10).tolist() == sorted(groups[0])
    assert choose("entanglement:12of15", of(features), 4).tolist() == sorted(groups[12][:4])


def test_a_mix_is_the_first_third_of_each_level():
    features = np.random.default_rng(1).normal(size=(120, 3))
    groups = distance_groups(features, 10)  # of 12
    expected = np.concatenate([groups[2][:4], groups[8][:4], groups[9][:4]])
    assert choose("entanglement:mix", of(features), 12).tolist() == sorted(expected)


def test_sizes_that_do_not_fit():
    features = np.random.default_rng(2).normal(size=(30, 3))
    with pytest.raises(InputError, match="is 6; allowed with entanglement:high: at most 5, so"):
        choose("entanglement:high", of(features), 6)
    with pytest.raises(InputError, match="is 3; allowed with entanglement:1of15: at most 2, as 30"):
        choose("entanglement:1of15", of(features), 3)
