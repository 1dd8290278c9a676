"""Sensitivity analyses: the same effect under other assumptions than those of the paired t-test.

They are reported next to a verdict and never change it.
"""

import math
import warnings
from typing import Any, NamedTuple

import numpy as np

from rum_jax.claims.contrast import Effect
from rum_jax.claims.t_tests import Estimate, supports
from rum_jax.evaluate.interval import has_variance


class Resampled(NamedTuple):
    """The corrected resampled t-test.

    Attributes:
      low: lower end of the 95% interval of the effect, in the unit of the metric.
      high: upper end.
      p: of the contrast's own test, not adjusted.
    """

    low: float
    high: float
    p: float


class Mixed(NamedTuple):
    """A mixed model of the effects of all model seeds.

    Attributes:
      estimate: of the mean effect, in the unit of the metric.
      error: its standard error.
      p: of the contrast's own test, not adjusted.
    """

    estimate: float
    error: float
    p: float


def resampled(effect: Effect, test_to_train: float) -> Resampled:
    """The corrected resampled t-test of Nadeau and Bengio (2003, Machine Learning 52:239-281).

    Replicates draw their splits from one data set, so that their effects are correlated, and the
    variance of the mean is more than sd^2 / R. The test takes sd^2 * (1/R + n_test/n_train).

    Args:
      effect: of R replicates that are not all equal.
      test_to_train: n_test / n_train, >= 0; 0 is the paired t-test.
    """
    values = effect.per_replicate
    error = float(values.std(ddof=1)) * math.sqrt(1 / len(values) + test_to_train)
    estimate = Estimate(float(values.mean()), error, len(values) - 1)
    return Resampled(*estimate.interval(), _p(effect, estimate))


def mixed(effect: Effect) -> Mixed | None:
    """A linear mixed model by REML: effect ~ 1, with a random intercept for each replicate.

    With the same number of seeds in each replicate, it is the paired t-test wherever it estimates
    a variance of replicates above 0; where it estimates 0, its standard error is that of R * S
    independent effects. p has R - 1 degrees of freedom, Satterthwaite's for such a design, in
    place of the normal distribution that statsmodels refers to, which rejects too often for few
    replicates.

    Returns:
      None for a single model seed, without variance in replicates, and where the fit fails or
      does not converge.
    """
    values = np.asarray(effect.values, np.float64)
    replicates, seeds = values.shape
    inside = values - values.mean(axis=1, keepdims=True)
    if seeds == 1 or not has_variance(inside, float(np.abs(values).max())):
        return None
    scale = float(values.std())     # the optimizer's tolerances are made for values around 1
    fitted = _fit(values / scale)
    if fitted is None:
        return None
    mean, error = fitted[0] * scale, fitted[1] * scale
    return Mixed(mean, error, _p(effect, Estimate(mean, error, replicates - 1)))


def _fit(values: np.ndarray) -> tuple[float, float] | None:
    """Intercept and its standard error."""
    # slow to import
    from statsmodels.regression.mixed_linear_model import (  # pyright: ignore[reportMissingTypeStubs]
        MixedLM,
    )

    groups = np.repeat(np.arange(len(values)), values.shape[1])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # that the variance of replicates may be 0
            model: Any = MixedLM(values.ravel(), np.ones((values.size, 1)), groups=groups)
            # without derivatives, as the optimum often lies where the variance is 0
            result = model.fit(method=["powell", "lbfgs"])
            mean, error = float(result.fe_params[0]), float(result.bse_fe[0])
    except (np.linalg.LinAlgError, ValueError):
        return None
    return (mean, error) if result.converged and math.isfinite(mean) and error > 0 else None


def _p(effect: Effect, estimate: Estimate) -> float:
    contrast = effect.contrast
    return supports(estimate.times(contrast.sign), contrast.test, contrast.margin)
