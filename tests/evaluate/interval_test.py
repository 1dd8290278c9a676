import numpy as np
import pytest
from scipy import stats

from rum_jax.evaluate.interval import auroc, bounds, estimates, paired_difference, summary


def test_a_summary_says_what_its_interval_is_over():
    interval = summary([1.0, 2.0, 4.0])
    # t(0.975, 2) * std / sqrt(3) = 4.3027 * 1.5275 / 1.7321
    assert interval["ci95"] == pytest.approx(3.7945, rel=1e-4)
    assert (interval["n"], interval["over"]) == (3, "seeds")
    assert bounds(interval) == pytest.approx((7 / 3 - 3.7945, 7 / 3 + 3.7945), rel=1e-4)
    with pytest.raises(ValueError, match="at least 2"):
        summary([1.0])


def test_copies_of_one_estimate_have_no_interval():
    estimate = estimates([0.3, 0.3, 0.3])
    assert estimate["ci95"] is None and estimate["n"] == 1 and (
        estimate["mean"] == pytest.approx(0.3))
    assert estimate["over"] == "copies of one estimate" and bounds(estimate) is None
    assert estimates([0.3, 0.4])["over"] == "seeds"


def test_a_variance_that_is_really_zero_is_one():
    assert summary([1.0, 1.0, 1.0])["ci95"] == 0


def test_paired_differences_have_the_p_value_of_the_paired_t_test():
    first, second = [0.9, 0.8, 0.95, 0.7], [0.85, 0.82, 0.9, 0.6]
    assert paired_difference(first, second)["p"] == pytest.approx(
        stats.ttest_rel(first, second).pvalue)


def test_intervals_of_paired_differences_cover_at_the_nominal_rate():
    """1,000 studies of 4 seeds with a true difference of 0.03; four standard errors of a share."""
    rng, n = np.random.default_rng(0), 1000
    common = rng.normal(0.8, 0.1, (n, 4))
    first = common + 0.03 + rng.normal(0, 0.02, (n, 4))
    second = common + rng.normal(0, 0.02, (n, 4))
    intervals = [bounds(paired_difference(*pair)) for pair in zip(first, second, strict=True)]
    covered = np.mean([low <= 0.03 <= high for low, high in intervals])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)


def test_auroc_and_its_interval_over_examples():
    positive, negative = [0.9, 0.8, 0.4], [0.1, 0.4, 0.3, 0.85]
    area = auroc(positive, negative)
    pairs = np.sign(np.subtract.outer(positive, negative)) / 2 + 0.5
    assert area["mean"] == pytest.approx(pairs.mean())
    variance = pairs.mean(1).var(ddof=1) / 3 + pairs.mean(0).var(ddof=1) / 4
    assert area["ci95"] == pytest.approx(1.959964 * np.sqrt(variance))
    assert (area["n"], area["over"]) == (7, "examples")
    assert auroc([1.0, 2.0], [0.0, 0.5])["ci95"] is None


def test_the_interval_of_auroc_covers_at_the_nominal_rate():
    rng, n = np.random.default_rng(1), 500
    truth = stats.norm.cdf(1 / np.sqrt(2))
    areas = [auroc(high, low) for high, low in zip(
        rng.normal(1, 1, (n, 60)), rng.normal(0, 1, (n, 60)), strict=True)]
    covered = np.mean([abs(area["mean"] - truth) <= area["ci95"] for area in areas])
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / n)
