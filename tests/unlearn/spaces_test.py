"""Ranges of hyper-parameters, as a search draws from them and moves them."""

import math

import numpy as np
import pytest

from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.spaces import SETTLING, Space, integers, log_uniform, uniform

SEARCHED = {f"{name} {field}": (algorithm, field, space)
            for name, algorithm in ALGORITHMS.items() for field, space in algorithm.search.items()}


def draws(space, count=200, seed=3):
    rng = np.random.default_rng(seed)
    return [space(rng) for _ in range(count)]


def test_draws_are_those_of_numpy_bit_for_bit():
    """Pinned: another draw would make every search that was run before another one."""
    rng = np.random.default_rng(3)
    assert draws(integers(2, 10)) == [int(rng.integers(2, 11)) for _ in range(200)]
    rng = np.random.default_rng(3)
    assert draws(uniform(0.1, 0.9, most=1.0)) == [float(f"{rng.uniform(0.1, 0.9):.4g}")
                                                  for _ in range(200)]
    rng = np.random.default_rng(3)
    expected = [float(f"{math.exp(rng.uniform(math.log(1e-3), math.log(0.3))):.3g}")
                for _ in range(200)]
    assert draws(log_uniform(1e-3, 0.3)) == expected


def test_types_and_ends_of_draws():
    whole = draws(integers(2, 5))
    assert {type(value) for value in whole} == {int} and set(whole) == {2, 3, 4, 5}
    assert {type(value) for value in draws(uniform(0, 1))} == {float}
    logs = np.log10(draws(log_uniform(1e-4, 1.0), 2000))
    assert logs.min() >= -4 and logs.max() <= 0
    assert np.histogram(logs, 4, (-4, 0))[0] == pytest.approx([500] * 4, abs=100)


@pytest.mark.parametrize("space, value, expected", [
    (uniform(0.2, 1.2), 0.24, "low"), (uniform(0.2, 1.2), 0.26, None),
    (uniform(0.2, 1.2), 1.16, "high"), (uniform(0.2, 1.2), 1.14, None),
    (uniform(0.8, 1.0, most=1.0), 1.0, None),       # there is nothing beyond
    (uniform(0.0, 1.0), 0.0, None),
    (log_uniform(1e-4, 1.0), 1.5e-4, "low"), (log_uniform(1e-4, 1.0), 1.7e-4, None),
    (log_uniform(1e-4, 1.0), 0.64, "high"), (log_uniform(1e-4, 1.0), 0.62, None),
    (SETTLING, 1.0, None), (SETTLING, 0.03, "low"),
    (integers(1, 10), 10, "high"), (integers(1, 10), 9, None), (integers(1, 10), 1, None),
    (Space(3, 7, is_integer=True, least=1), 3, "low")])
def test_an_edge_is_where_better_values_may_be_beyond(space, value, expected):
    assert space.edge(value) == expected


def ends(space):
    return space.low, space.high


def test_a_range_around_a_value_is_narrower_and_goes_beyond_an_end_that_is_near():
    assert ends(uniform(0.0, 1.0, least=-1.0).around(0.5, 0.4)) == pytest.approx((0.3, 0.7))
    assert ends(uniform(0.0, 1.0, least=-1.0).around(1.0, 0.4)) == pytest.approx((0.8, 1.2))
    assert ends(uniform(0.0, 1.0, least=-1.0).around(0.1, 0.4)) == pytest.approx((-0.1, 0.3))
    assert ends(log_uniform(1e-4, 1.0).around(1e-4, 0.5)) == pytest.approx((1e-5, 1e-3))
    assert ends(integers(1, 11).around(11, 0.4)) == (9, 13)
    assert ends(integers(1, 11).around(6, 0.4)) == (4, 8)


def test_a_range_around_a_value_keeps_its_bounds_and_its_kind():
    assert ends(uniform(0.0, 1.0).around(0.1, 0.4)) == pytest.approx((0.0, 0.3))
    assert ends(uniform(0.8, 1.0, most=1.0).around(1.0, 0.4)) == pytest.approx((0.96, 1.0))
    assert ends(SETTLING.around(1.0, 0.4))[1] == 1.0
    assert ends(integers(1, 10).around(1, 0.4)) == (1, 3)
    near = SETTLING.around(0.3, 0.4)
    assert (near.is_log, near.is_integer, near.most) == (True, False, 1.0)


def test_integers_around_a_value_have_their_neighbors_however_narrow():
    near = integers(0, 4).around(2, 0.1)
    assert ends(near) == (1, 3) and set(draws(near)) == {1, 2, 3}


@pytest.mark.parametrize("name", SEARCHED)
def test_whatever_is_drawn_near_any_value_is_allowed(name):
    """At both ends and at the published value, and once more around what that gives."""
    algorithm, field, space = SEARCHED[name]
    for value in (space.low, space.high, algorithm.hparams()[field]):
        near = space.around(value, 0.4)
        again = near.around(draws(near)[0], 0.4)
        drawn = draws(near) + draws(again)
        assert [algorithm.checks[field](each) for each in drawn] == [None] * 400
        assert len(set(drawn)) > 1


def test_zero_counts_as_the_lower_end_of_a_logarithm():
    """As of a weight that a config leaves out."""
    space = log_uniform(1e-3, 1.0)
    assert space.around(0.0, 0.5) == space.around(1e-3, 0.5) and space.edge(0.0) == "low"
