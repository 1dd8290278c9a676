"""Verdicts keep their error rates in simulated studies, and find what was planted."""

import numpy as np
import pytest
from scipy import stats

from claims.made_up import contrast
from rum_jax.claims.simulate import family_errors, found, limit, null_studies, planted
from rum_jax.claims.verdict import decide
from rum_jax.core.errors import InputError

ROWS, R, S, STUDIES = 5, 16, 4, 200
NAMES = ["a", "b", "c", "d"]


def values(rng, sd=0.03, effect=0.0):
    """float64[rows, R, S]; sd: of seeds, a number or float[R]; effect: a row minus the last."""
    noise = rng.normal(0, 1, (ROWS, R, S)) * np.reshape(np.broadcast_to(sd, R), (R, 1))
    return 0.8 + rng.normal(0, 0.05, (1, R, 1)) + noise + effect * np.arange(ROWS)[:, None, None]


def weights(first, second):
    """float64[ROWS]: what the difference of two means of rows multiplies each row by."""
    one = np.eye(ROWS)
    return one[list(first)].mean(0) - one[list(second)].mean(0)


def cells(one_family=True, **fields):
    """Four contrasts of rows 1 to 4 to row 0."""
    return [(contrast(name, family="rum" if one_family else name, **fields),
             weights((i + 1,), (0,))) for i, name in enumerate(NAMES)]


@pytest.mark.parametrize("studies, rate, most", [(200, 0.05, 15), (1, 0.05, 0), (50, 0.2, 15)])
def test_limit_is_the_binomial_quantile(studies, rate, most):
    assert limit(studies, rate) == most
    assert stats.binom.sf(most, studies, rate) <= 0.05 < stats.binom.sf(most - 1, studies, rate)


@pytest.mark.parametrize("kind", ["equal spread", "spread that differs by replicate",
                                  "rows that do differ", "long tails"])
def test_families_keep_their_error_rate_without_any_effect(kind):
    rng = np.random.default_rng(0)
    measured = {
        "equal spread": lambda: values(rng),
        "spread that differs by replicate": lambda: values(rng, rng.lognormal(-3.5, 0.8, R)),
        "rows that do differ": lambda: values(rng, effect=0.1),
        "long tails": lambda: 0.03 * rng.standard_t(3, (ROWS, R, S))}[kind]()
    studies = null_studies(measured, cells(), STUDIES, rng)
    assert len(studies) == STUDIES
    assert family_errors(studies, "rum") <= limit(STUDIES, 0.05)


def test_without_correction_the_same_studies_exceed_the_limit():
    """The count can fail: four contrasts at 5% each."""
    studies = null_studies(values(np.random.default_rng(0)), cells(one_family=False), STUDIES,
                           np.random.default_rng(1))
    wrong = sum(any(decision.word in ("supported", "refuted")
                    for decision in decide(study, None, mixed_models=False)) for study in studies)
    assert wrong > limit(STUDIES, 0.05)
    assert all(family_errors(studies, name) <= limit(STUDIES, 0.05) for name in NAMES)


def test_single_tests_have_their_nominal_rate():
    """Resampling replicates and seeds makes the t-test neither liberal nor much too strict."""
    rng, count = np.random.default_rng(0), 600
    studies = null_studies(values(rng), cells()[:1], count, rng)
    rejected = family_errors(studies, "rum")
    assert 0.05 * count - 4 * np.sqrt(0.0475 * count) < rejected <= limit(count, 0.05)


def test_without_an_effect_equivalent_is_no_error():
    rng = np.random.default_rng(0)
    studies = null_studies(values(rng, sd=0.005), cells(), 20, rng)
    words = [decision.word for study in studies
             for decision in decide(study, None, mixed_models=False)]
    assert words.count("equivalent") > 60
    assert family_errors(studies, "rum") == sum(
        any(word in ("supported", "refuted") for word in words[4 * i:4 * i + 4])
        for i in range(20))


def test_simulated_rows_have_the_spread_of_measured_seeds():
    rng = np.random.default_rng(2)
    studies = null_studies(values(rng, sd=0.03), cells()[:1], 300, rng)
    drawn = np.concatenate([study[0].values for study in studies])
    assert drawn.shape == (300 * R, S)
    # of a difference of two seeds; 0.16 is 3.5 standard errors of the sd of 5 * 16 * 3 residuals
    assert drawn.std() == pytest.approx(0.03 * np.sqrt(2), rel=0.16)
    assert drawn.mean() == pytest.approx(0, abs=4 * drawn.std() / np.sqrt(drawn.size))


def test_several_rows_of_a_side_are_averaged_and_shared_rows_are_shared():
    rng = np.random.default_rng(0)
    study = null_studies(values(rng), [
        (contrast("mean"), weights((1, 2), (0,))), (contrast("one"), weights((1,), (0,))),
        (contrast("two"), weights((2,), (0,))), (contrast("itself"), weights((1,), (1,)))],
        1, rng)[0]
    mean, one, two, itself = (effect.values for effect in study)
    np.testing.assert_allclose(mean, (one + two) / 2, atol=1e-15)
    assert (itself == 0).all() and one.any()


@pytest.mark.parametrize("direction", ["greater", "less"])
def test_a_planted_effect_is_found_where_the_spread_allows_it(direction):
    rng = np.random.default_rng(0)
    studies = planted(values(rng), cells(direction=direction), 50, rng, effect=0.03)
    assert all(found(studies, name) >= 40 for name in NAMES)
    # the sign of the effect is that of the direction
    assert np.sign(studies[0][0].values.mean()) == (1 if direction == "greater" else -1)
    loud = planted(values(rng, sd=0.3), cells(direction=direction), 50, rng, effect=0.03)
    assert all(found(loud, name) < 10 for name in NAMES)


def test_planted_studies_are_null_studies_with_a_constant():
    measured = values(np.random.default_rng(0))
    null, with_effect = (draw(measured, cells(), 2, np.random.default_rng(7))
                         for draw in (null_studies, planted))
    for before, after in zip(null, with_effect, strict=True):
        for left, right in zip(before, after, strict=True):
            np.testing.assert_allclose(right.values - left.values, 0.03)


def test_draws_come_from_the_generator_alone():
    measured = values(np.random.default_rng(0))
    first, again, other = (null_studies(measured, cells(), 1, np.random.default_rng(seed))[0]
                           for seed in (1, 1, 2))
    np.testing.assert_array_equal(first[0].values, again[0].values)
    assert (first[0].values != other[0].values).any()


@pytest.mark.parametrize("measured", [np.zeros((ROWS, R, 1)), np.zeros((R, S)),
                                      np.full((ROWS, R, S), np.nan)])
def test_values_that_studies_cannot_be_drawn_from(measured):
    with pytest.raises(InputError, match="values to simulate from"):
        null_studies(measured, cells(), 1, np.random.default_rng(0))


def test_names_that_no_study_has_are_refused():
    rng = np.random.default_rng(0)
    studies = null_studies(values(rng), cells(), 1, rng)
    with pytest.raises(InputError, match="family ruin: "):
        family_errors(studies, "ruin")
    with pytest.raises(InputError, match="contrast z: "):
        found(studies, "z")


@pytest.mark.slow
def test_error_rates_over_many_measured_studies():
    """The level does not hang on one lucky set of measured values."""
    rng, count = np.random.default_rng(0), 0
    for _ in range(40):
        count += family_errors(null_studies(values(rng), cells(), 100, rng), "rum")
    assert count <= limit(4000, 0.05)
