"""Sensitivity analyses by hand, and where they agree with the paired t-test; made-up effects."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from claims.made_up import contrast, effect
from rum_jax.claims import sensitivity
from rum_jax.claims.contrast import Effect
from rum_jax.claims.sensitivity import mixed, resampled


def seeds(mean, between, within, rng, replicates=16, count=4):
    """float64[R, S] with that spread between replicates and within them."""
    return (mean + rng.normal(0, between, (replicates, 1))
            + rng.normal(0, within, (replicates, count)))


def test_corrected_resampled_test_by_hand():
    # mean 0.02, variance 0.0001 (n - 1); error sqrt(0.0001 * (1/3 + 1/4)) = 0.0076376
    # t = 2.61861 with 2 degrees of freedom; t(0.975, 2) = 4.30265
    found = resampled(effect([0.01, 0.02, 0.03]), 0.25)
    assert found.p == pytest.approx(2 * stats.t.sf(2.61861, 2), rel=1e-5)
    assert (found.low, found.high) == pytest.approx((0.02 - 0.032862, 0.02 + 0.032862), abs=1e-6)


def test_without_overlap_it_is_the_paired_test():
    values = np.random.default_rng(0).normal(0.01, 0.03, 7)
    expected = stats.ttest_1samp(values, 0)
    found = resampled(effect(values), 0.0)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_it_tests_what_the_contrast_states():
    values = np.random.default_rng(0).normal(0.01, 0.03, 7)
    expected = stats.ttest_1samp(values, 0.02, alternative="less").pvalue
    found = resampled(effect(values, test="non-inferiority", direction="less"), 0.0)
    assert found.p == pytest.approx(expected)


@pytest.mark.parametrize("direction", ["greater", "less"])
@pytest.mark.parametrize("scale", [1.0, 1e-4])
@pytest.mark.parametrize("mean", [0.5, -0.5])
def test_mixed_model_of_a_balanced_design_is_the_paired_test(mean, scale, direction):
    values = scale * seeds(mean, 1.0, 0.5, np.random.default_rng(5))
    found = mixed(Effect(contrast(direction=direction), values))
    expected = stats.ttest_1samp(values.mean(axis=1), 0)
    assert found.estimate == pytest.approx(values.mean()) and found.estimate * mean > 0
    assert found.error == pytest.approx(stats.sem(values.mean(axis=1)), rel=1e-3)
    assert found.p == pytest.approx(expected.pvalue, rel=5e-3)


def test_without_variance_of_replicates_seeds_are_independent_effects():
    values = seeds(0.1, 0.0, 1.0, np.random.default_rng(1))
    values -= values.mean(axis=1, keepdims=True) * 0.9    # replicates differ by less than seeds do
    found = mixed(Effect(contrast(), values))
    assert found.error == pytest.approx(values.std(ddof=1) / 8, rel=1e-3)


def test_no_mixed_model_of_one_seed_or_of_equal_seeds():
    values = np.random.default_rng(0).normal(size=(16, 1))
    assert mixed(Effect(contrast(), values)) is None
    assert mixed(Effect(contrast(), np.repeat(values, 4, axis=1))) is None
    assert mixed(Effect(contrast(), np.zeros((16, 4)))) is None


@pytest.mark.parametrize("result", [None, (0.1, math.nan)])
def test_fits_that_fail_give_none(monkeypatch, result):
    from statsmodels.regression import mixed_linear_model

    class Failing:
        def __init__(self, *args, **kwargs):
            pass

        def fit(self, **kwargs):
            if result is None:
                raise np.linalg.LinAlgError("Singular matrix")
            return type("Result", (), {"fe_params": [result[0]], "bse_fe": [result[1]],
                                       "converged": True})

    monkeypatch.setattr(mixed_linear_model, "MixedLM", Failing)
    values = seeds(0.1, 1.0, 1.0, np.random.default_rng(1))
    assert mixed(Effect(contrast(), values)) is None


def test_a_fit_that_does_not_converge_is_not_reported(monkeypatch):
    from statsmodels.regression import mixed_linear_model

    fit = mixed_linear_model.MixedLM.fit

    def stopped(self, **kwargs):
        result = fit(self, **kwargs)
        result.converged = False
        return result

    values = Effect(contrast(), seeds(0.1, 1.0, 1.0, np.random.default_rng(1)))
    assert mixed(values) is not None
    monkeypatch.setattr(mixed_linear_model.MixedLM, "fit", stopped)
    assert mixed(values) is None


def test_no_warning_reaches_the_user(capsys):
    from statsmodels.regression.mixed_linear_model import MixedLM

    values = seeds(0.0, 0.0, 1.0, np.random.default_rng(0))
    values -= values.mean(axis=1, keepdims=True)
    values += np.linspace(-1e-3, 1e-3, 16)[:, None]
    with pytest.warns(Warning):     # what is kept from the user
        MixedLM(values.ravel(), np.ones((64, 1)), groups=np.repeat(np.arange(16), 4)).fit()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sensitivity.mixed(Effect(contrast(), values))
    assert capsys.readouterr() == ("", "")
