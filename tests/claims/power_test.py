"""Powers are those of tables and of other programs, and are what simulated studies attain."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from claims.made_up import contrast, effect, spread
from rum_jax.claims.contrast import TESTS
from rum_jax.claims.power import (
    attained,
    detectable,
    needed,
    planned,
    power,
    power_equivalence,
    power_non_inferiority,
    tost_power,
)
from rum_jax.claims.verdict import decide


@pytest.mark.parametrize("effect_size, n", [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_replicates_of_the_known_table(effect_size, n):
    """Cohen's small, medium and large effects at 5%, two-sided, 80%."""
    assert needed(effect_size, 1.0) == n
    assert power(effect_size, 1.0, n) >= 0.8 > power(effect_size, 1.0, n - 1)


@pytest.mark.parametrize("comparisons", [1, 5])
@pytest.mark.parametrize("effect_size, sd, n", [(0.0, 1.0, 8), (0.01, 0.03, 16), (0.05, 0.03, 4)])
def test_power_is_that_of_statsmodels(effect_size, sd, n, comparisons):
    level = 0.05 / comparisons
    assert power(effect_size, sd, n, comparisons) == pytest.approx(
        TTestPower().power(effect_size / sd, n, level))
    assert power_non_inferiority(0.02, sd, n, comparisons) == pytest.approx(
        TTestPower().power(0.02 / sd, n, level, alternative="larger"))


@pytest.mark.parametrize("cv, n, expected", [(0.2, 20, 0.834680), (0.25, 28, 0.807439),
                                             (0.3, 40, 0.815845)])
def test_power_of_equivalence_is_that_of_bioequivalence_tables(cv, n, expected):
    """R's PowerTOST: two-way crossover, ratio 0.95, limits 0.8 to 1.25."""
    error = math.sqrt(math.log(1 + cv**2)) * math.sqrt(2 / n)
    found = tost_power(math.log(1.25), math.log(0.95), error, n - 2, 0.05)
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("test, function", [("equivalence", power_equivalence),
                                            ("non-inferiority", power_non_inferiority)])
def test_powers_are_what_simulated_studies_attain(test, function):
    rng, studies = np.random.default_rng(0), 1000
    supported = sum(
        decide([effect(rng.normal(0, 0.03, 16), test=test)], None)[0].word == "supported"
        for _ in range(studies))
    expected = function(0.02, 0.03, 16)
    assert 0.5 < expected < 0.9
    assert abs(supported / studies - expected) < 4 * math.sqrt(0.25 / studies)


def test_tests_of_a_family_share_the_level():
    expected = tost_power(0.03, 0.0, 0.03 / 4, 15, 0.05 / 3)
    assert power_equivalence(0.03, 0.03, 16, 3) == expected < power_equivalence(0.03, 0.03, 16)


def test_equivalence_cannot_be_shown_where_the_margin_is_too_small():
    assert power_equivalence(1e-6, 1.0, 16) < 1e-6
    assert power_equivalence(100.0, 1.0, 16) == pytest.approx(1.0)


@pytest.mark.parametrize("test, function", [("superiority", power),
                                            ("non-inferiority", power_non_inferiority),
                                            ("equivalence", power_equivalence)])
@pytest.mark.parametrize("n, comparisons", [(3, 50), (16, 1), (16, 6)])
def test_detectable_and_needed_invert_power(test, function, n, comparisons):
    smallest = detectable(0.03, n, 0.8, comparisons, test)
    assert function(smallest, 0.03, n, comparisons) == pytest.approx(0.8)
    assert needed(smallest * 1.0001, 0.03, 0.8, comparisons, test) == n


def test_needed_has_ends():
    assert needed(100.0, 1.0) == 3
    assert needed(1e-5, 1.0) is None


def test_large_effects_and_small_levels_have_a_power():
    assert power(8.0, 1.0, 3, 50) == pytest.approx(
        stats.nct.sf(stats.t.ppf(1 - 0.0005, 2), 2, 8 * math.sqrt(3)))
    assert power(4000.0, 1.0, 16) == 1.0


@pytest.mark.parametrize("test", TESTS)
def test_effects_that_hardly_vary_have_a_power(test):
    found = planned(1e-13, 16, contrast(test=test), 5)
    assert (found.power, found.needed) == (1.0, 3) and 0 < found.detectable < 1e-11


@pytest.mark.parametrize("sd, n, comparisons", [(0.0, 16, 1), (-1.0, 16, 1), (math.nan, 16, 1),
                                                (1.0, 1, 1), (1.0, 16, 0)])
def test_designs_that_are_none(sd, n, comparisons):
    for function in (power, power_non_inferiority, power_equivalence):
        with pytest.raises(ValueError, match="allowed: sd > 0"):
            function(0.1, sd, n, comparisons)
    with pytest.raises(ValueError, match="allowed: sd > 0"):
        detectable(sd, n, 0.8, comparisons)


def test_planned_is_for_the_margin():
    plan = planned(0.03, 16, contrast(margin=0.025), 3)
    assert (plan.n, plan.sd, plan.comparisons) == (16, 0.03, 3)
    assert plan.power == power(0.025, 0.03, 16, 3)
    assert plan.detectable == detectable(0.03, 16, 0.8, 3)
    assert plan.needed == needed(0.025, 0.03, 0.8, 3)
    assert plan.power_equivalence == power_equivalence(0.025, 0.03, 16, 3)
    plan = planned(0.03, 16, contrast(test="non-inferiority"))
    assert plan.power == power_non_inferiority(0.02, 0.03, 16) and plan.power_equivalence is None
    assert plan.needed == needed(0.02, 0.03, test="non-inferiority")
    plan = planned(0.03, 16, contrast(test="equivalence"))
    assert plan.power == plan.power_equivalence == power_equivalence(0.02, 0.03, 16)


def test_attained_is_for_the_margin_and_the_spread_that_was_seen():
    decisions = decide([effect(spread(0.3, 0.03), name="a"), effect(spread(0.0, 0.03), name="b"),
                        effect(spread(0.0, 0.03), name="c", test="equivalence"),
                        effect(np.full(16, 0.1), name="d", family="other")], None)
    found = attained(decisions)
    assert [one and one.comparisons for one in found] == [2, 2, 1, None]
    # the effect that was seen does not matter
    assert found[0].power == pytest.approx(found[1].power)
    assert found[0].power == pytest.approx(power(0.02, 0.03, 16, 2))
    assert found[2].power == pytest.approx(power_equivalence(0.02, 0.03, 16))
