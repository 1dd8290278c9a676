"""Tests of an estimate are those of scipy and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from rum_jax.claims.t_tests import Estimate, refutes, supports

VALUES = np.random.default_rng(3).normal(0.01, 0.03, 9)
ESTIMATE = Estimate(VALUES.mean(), stats.sem(VALUES), 8)


def test_tests_and_interval_are_those_of_scipy():
    assert ESTIMATE.differs() == pytest.approx(stats.ttest_1samp(VALUES, 0).pvalue)
    assert ESTIMATE.differs(0.03) == pytest.approx(stats.ttest_1samp(VALUES, 0.03).pvalue)
    for value in (-0.02, 0.01):
        expected = stats.ttest_1samp(VALUES, value, alternative="greater").pvalue
        assert ESTIMATE.above(value) == pytest.approx(expected)
    expected = stats.ttest_1samp(VALUES, 0).confidence_interval(0.95)
    assert ESTIMATE.interval() == pytest.approx(tuple(expected))


@pytest.mark.parametrize("shift", [0.0, -0.02, 0.04])
def test_equivalence_is_that_of_statsmodels(shift):
    shifted = ESTIMATE._replace(mean=ESTIMATE.mean + shift)
    expected = ttost_paired(VALUES + shift, np.zeros(9), -0.02, 0.02)[0]
    assert shifted.within(0.02) == pytest.approx(expected)


def test_each_claim_has_its_own_test():
    assert supports(ESTIMATE, "superiority", 0.02) == ESTIMATE.differs()
    assert supports(ESTIMATE, "non-inferiority", 0.02) == ESTIMATE.above(-0.02)
    assert supports(ESTIMATE, "equivalence", 0.02) == ESTIMATE.within(0.02)


@pytest.mark.parametrize("test", ["non-inferiority", "equivalence"])
@pytest.mark.parametrize("mean", np.linspace(-0.08, 0.08, 33))
def test_a_claim_is_refuted_exactly_where_the_interval_lies_beyond_the_margin(test, mean):
    estimate = ESTIMATE._replace(mean=mean)
    low, high = estimate.interval()
    beyond = high < -0.02 or (test == "equivalence" and low > 0.02)
    assert (refutes(estimate, test, 0.02) < 0.05) == beyond
