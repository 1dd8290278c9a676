"""Contrasts are checked before a run, effects after it."""

import math

import numpy as np
import pytest

from claims.made_up import contrast, effect
from rum_jax.claims.contrast import DIRECTIONS, TESTS, Effect, contrast_faults, effect_faults


def test_names():
    assert TESTS == ("superiority", "non-inferiority", "equivalence")
    assert DIRECTIONS == ("greater", "less")


def test_contrasts_that_are_allowed_have_no_faults():
    assert contrast_faults([contrast(f"{test} {direction}", test=test, direction=direction)
                            for test in TESTS for direction in DIRECTIONS]) == []


def test_sign_makes_an_advantage_positive():
    assert contrast(direction="greater").sign == 1 and contrast(direction="less").sign == -1


@pytest.mark.parametrize("margin, shown", [(0, "0"), (-0.02, "-0.02"), (math.inf, "inf"),
                                           (math.nan, "nan"), ("wide", "'wide'"), (None, "None")])
def test_margins_that_are_not_numbers_above_0(margin, shown):
    assert contrast_faults([contrast("rum_tow", margin=margin)]) == [
        f"config.contrasts.rum_tow.margin: is {shown}; allowed: a number above 0"]


def test_every_fault_is_listed():
    faults = contrast_faults([contrast("a", test="superior", direction="up", margin=0),
                              contrast("b"), contrast("b")])
    assert faults == [
        "config.contrasts.a.test: is 'superior'; known: equivalence, non-inferiority, superiority; "
        "did you mean superiority?",
        "config.contrasts.a.direction: is 'up'; known: greater, less",
        "config.contrasts.a.margin: is 0; allowed: a number above 0",
        "config.contrasts.b: is given 2 times; allowed: once"]


def test_seeds_of_a_replicate_are_averaged():
    measured = Effect(contrast(), np.array([[0.1, 0.3], [0.2, 0.4], [-0.1, 0.0]]))
    np.testing.assert_allclose(measured.per_replicate, [0.2, 0.3, -0.05])


@pytest.mark.parametrize("values, fault", [
    (np.zeros((2, 4)), "has 2 replicate(s); allowed: at least 3"),
    (np.zeros((3, 0)), "has no model seeds; allowed: at least 1"),
    (np.zeros(3), "has values float64[3]; allowed: float64[R, S]"),
    (np.array([["a"]] * 3), "has values <U1[3, 1]; allowed: float64[R, S]"),
    (np.array([[0.0, 1.0], [math.nan, 2.0], [0.0, 1.0]]),
     "is nan in replicate 1; allowed: finite numbers"),
    (np.array([[0.0], [1.0], [-math.inf]]), "is -inf in replicate 2; allowed: finite numbers")])
def test_effects_that_cannot_be_tested(values, fault):
    good = effect([0.1, 0.2, 0.3], name="good")
    assert effect_faults([good, Effect(contrast("bad"), values)]) == [f"contrast bad: {fault}"]
