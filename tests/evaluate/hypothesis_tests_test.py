"""Words come from tests, and the tests keep their error rates; no data, made-up normal values."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from rum_jax.evaluate import hypothesis_tests
from rum_jax.evaluate.hypothesis_tests import (
    EQUIVALENT,
    HIGHER,
    LOWER,
    NO_TEST,
    NOT_SIGNIFICANT,
    equivalence,
    holm,
    not_excluded,
    verdict,
    verdicts,
)
from rum_jax.evaluate.interval import paired_difference

# Four standard errors of a share of this many repetitions around 5%.
REPETITIONS = 400
TOLERANCE = 4 * np.sqrt(0.05 * 0.95 / REPETITIONS)


def differences(rng, family, seeds=4, effect=0.0):
    """Paired differences of so many rows to one row, of seeds that rows have in common."""
    common = rng.normal(0.8, 0.05, seeds)
    return [paired_difference(common + effect + rng.normal(0, 0.02, seeds),
                              common + rng.normal(0, 0.02, seeds)) for _ in range(family)]


def test_holm_by_hand():
    # 0.01 * 3, then max(0.03, 0.02 * 2), then max(0.04, 0.04)
    assert holm([0.02, 0.01, 0.04]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0]) and holm([]) == []


def test_holm_is_that_of_statsmodels():
    p_values = np.random.default_rng(0).uniform(0, 0.1, 12)
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_what_has_no_test_counts_in_the_family():
    assert holm([0.02, None, None]) == [pytest.approx(0.06), None, None]


def test_equivalence_is_the_larger_of_two_one_sided_tests():
    values, margin = [0.01, -0.005, 0.004, 0.0], 0.02
    expected = max(stats.ttest_1samp(values, -margin, alternative="greater").pvalue,
                   stats.ttest_1samp(values, margin, alternative="less").pvalue)
    assert equivalence(values, margin) == pytest.approx(expected)
    assert equivalence([0.001] * 4, margin) is None


@pytest.mark.parametrize("values, margin, word", [
    ([0.2, 0.21, 0.19, 0.2], None, HIGHER), ([-0.2, -0.21, -0.19, -0.2], None, LOWER),
    ([0.001, -0.002, 0.001, 0.0], 0.02, EQUIVALENT),
    ([0.001, -0.002, 0.001, 0.0], None, NOT_SIGNIFICANT),
    ([0.1, -0.1, 0.05, -0.02], 0.02, NOT_SIGNIFICANT),
    ([0.4] * 4, 0.02, NO_TEST), ([0.0] * 4, 0.02, NO_TEST)])
def test_words_of_a_single_claim(values, margin, word):
    assert verdict(paired_difference(values, [0.0] * len(values)), margin).word == word


def test_words_say_what_is_not_excluded_in_both_directions():
    difference = paired_difference([0.5, 0.7, 0.6, 0.5], [0.6, 0.6, 0.7, 0.6])
    # mean -0.05, ci95 t(0.975, 3) * 0.1 / 2 = 0.159
    assert not_excluded(difference) == "-0.209 to +0.109 not excluded"
    text = verdict(difference).text
    assert text.startswith("difference not significant (paired t, p = 0.391, n = 4;")
    assert "-0.209 to +0.109 not excluded" in text


def test_equal_differences_are_no_certainty():
    """Rounding must not make a variance of 1e-33, and a p-value of 0, of equal differences."""
    difference = paired_difference([0.9, 0.8, 0.7], [0.5, 0.4, 0.3])
    assert difference["p"] is None and difference["ci95"] is None
    assert verdict(difference).text == "no test: the difference is the same for all 3 seeds"
    same = paired_difference([0.1, 0.2], [0.1, 0.2])
    assert same["p"] == 1 and verdict(same).text == "no test: identical for all 2 seeds"


def test_a_significant_difference_that_is_small_is_said_to_be_small():
    said = verdict(paired_difference([0.005, 0.006, 0.005, 0.004], [0.0] * 4), 0.02)
    assert said.word == HIGHER and "and equivalent within ±0.02, p < 0.001" in said.text


def test_several_claims_are_corrected():
    strong = paired_difference([0.11, 0.1, 0.12, 0.1], [0.0] * 4)
    weak = paired_difference([0.10, 0.05, 0.12, 0.03], [0.0] * 4)
    assert verdict(weak).word == HIGHER
    together = verdicts([strong, *[weak] * 6])
    assert [claim.word for claim in together] == [HIGHER, *[NOT_SIGNIFICANT] * 6]
    assert together[0].p == pytest.approx(7 * strong["p"]) and together[0].family == 7
    assert "after Holm over 7" in together[0].text


@pytest.mark.parametrize("family", [1, 7])
def test_words_appear_at_most_at_the_nominal_rate_without_any_effect(family):
    """The chance of any word among several claims is 5%, not 5% for each."""
    rng = np.random.default_rng(family)
    wrong = sum(any(claim.is_significant for claim in verdicts(differences(rng, family)))
                for _ in range(REPETITIONS))
    assert wrong / REPETITIONS < 0.05 + TOLERANCE
    if family == 1:
        assert wrong / REPETITIONS > 0.05 - TOLERANCE


def test_equivalence_is_wrong_at_most_at_the_nominal_rate_at_the_margin():
    """The worst case that is not equivalent: a true difference of exactly the margin."""
    margin, rng = 0.02, np.random.default_rng(0)
    values = rng.normal(margin, 0.01, (REPETITIONS, 6))
    said = [hypothesis_tests.verdict(paired_difference(per_seed, np.zeros(6)), margin).word
            for per_seed in values]
    rate = said.count(EQUIVALENT) / REPETITIONS
    assert rate < 0.05 + TOLERANCE
    # and it is found where there is next to no difference
    close = rng.normal(0, 0.005, (50, 6))
    assert sum(equivalence(per_seed, margin) < 0.05 for per_seed in close) > 45
