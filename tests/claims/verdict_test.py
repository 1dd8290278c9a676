"""Every verdict, in both directions, and the numbers that it comes from; made-up effects."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from claims.made_up import contrast, effect, spread
from rum_jax.claims.contrast import Effect
from rum_jax.claims.verdict import decide
from rum_jax.core.errors import InputError
from rum_jax.evaluate.hypothesis_tests import equivalence


def single(per_replicate, **fields):
    """The decision on the only contrast of a study."""
    return decide([effect(per_replicate, **fields)], None)[0]


# With 16 replicates and sd 0.02, the 95% interval is the mean +-0.0107, the one-sided one of
# TOST and non-inferiority +-0.0088; the margin is 0.02. Means are those of direction "greater".
NARROW, WIDE = 0.02, 0.1
TABLE = [
    ("superiority", 0.03, NARROW, "supported"), ("superiority", -0.03, NARROW, "refuted"),
    ("superiority", 0.015, NARROW, "supported"),    # within the margin, but not 0
    ("superiority", 0.005, NARROW, "equivalent"), ("superiority", -0.005, NARROW, "equivalent"),
    ("superiority", 0.03, WIDE, "undecided"), ("superiority", -0.03, WIDE, "undecided"),
    ("non-inferiority", 0.03, NARROW, "supported"), ("non-inferiority", 0.0, WIDE, "undecided"),
    ("non-inferiority", -0.01, NARROW, "supported"),
    ("non-inferiority", -0.015, NARROW, "undecided"),
    ("non-inferiority", -0.025, NARROW, "undecided"),
    ("non-inferiority", -0.032, NARROW, "refuted"),
    ("equivalence", 0.005, NARROW, "supported"), ("equivalence", -0.01, NARROW, "supported"),
    ("equivalence", 0.015, NARROW, "undecided"), ("equivalence", -0.025, NARROW, "undecided"),
    ("equivalence", 0.032, NARROW, "refuted"), ("equivalence", -0.032, NARROW, "refuted"),
    ("equivalence", 0.0, WIDE, "undecided"),
]


@pytest.mark.parametrize("direction, sign", [("greater", 1), ("less", -1)])
@pytest.mark.parametrize("test, mean, sd, word", TABLE)
def test_verdicts(test, mean, sd, word, direction, sign):
    decision = single(sign * spread(mean, sd), test=test, direction=direction)
    assert decision.word == word
    assert decision.mean == pytest.approx(sign * mean) and decision.sd == pytest.approx(sd)
    half = stats.t.ppf(0.975, 15) * sd / 4
    assert decision.interval == pytest.approx((sign * mean - half, sign * mean + half))
    assert decision.n == 16 and decision.verdict.startswith(word)


def test_direction_does_not_matter_for_equivalence():
    for mean in (0.032, -0.032, 0.015, 0.005):
        values = spread(mean, NARROW)
        both = [single(values, test="equivalence", direction=one) for one in ("greater", "less")]
        assert both[0].verdict == both[1].verdict and both[0].p == pytest.approx(both[1].p)


def test_words_of_verdicts():
    assert single(spread(0.03, NARROW)).verdict == "supported"
    assert single(spread(0.03, NARROW), direction="less").verdict == "refuted"
    assert single(spread(0.005, NARROW)).verdict == "equivalent within 0.02"
    # t(0.975, 15) = 2.1314; 2.1314 * 0.1 / 4 = 0.0533; the far end of 0.03 +- 0.0533
    assert single(spread(0.03, WIDE)).verdict == (
        "undecided: a difference of up to 0.0833 is not excluded")
    assert single(spread(-0.03, WIDE)).verdict.endswith("up to 0.0833 is not excluded")


def test_only_a_disadvantage_matters_for_non_inferiority():
    # the lower end of 0.02 +- 0.0533, or the upper one where less is better
    fields = {"test": "non-inferiority"}
    assert single(spread(0.02, WIDE), **fields).verdict == (
        "undecided: a difference of up to 0.0333 is not excluded")
    assert single(-spread(0.02, WIDE), direction="less", **fields).verdict.endswith(
        "up to 0.0333 is not excluded")
    assert single(spread(0.02, WIDE), direction="less", **fields).verdict.endswith(
        "up to 0.0733 is not excluded")


def test_p_values_are_those_of_scipy_after_holm_of_statsmodels():
    rng = np.random.default_rng(1)
    values = [rng.normal(mean, 0.02, 8) for mean in (0.03, 0.02, 0.0)]
    decisions = decide([effect(one, name=str(i)) for i, one in enumerate(values)], None)
    p = [stats.ttest_rel(one, np.zeros(8)).pvalue for one in values]
    within = [equivalence(one, 0.02) for one in values]
    assert [d.p for d in decisions] == pytest.approx(p)
    assert [d.p_adjusted for d in decisions] == pytest.approx(multipletests(p, method="holm")[1])
    assert [d.p_equivalence for d in decisions] == pytest.approx(
        multipletests(within, method="holm")[1])
    assert [d.p_refuted for d in decisions] == [d.p_adjusted for d in decisions]


def test_non_inferiority_and_equivalence_have_the_p_values_of_their_own_tests():
    values = spread(-0.01, NARROW)
    decision = single(values, test="non-inferiority")
    assert decision.p == pytest.approx(
        stats.ttest_1samp(values, -0.02, alternative="greater").pvalue)
    assert decision.p_equivalence is None
    decision = single(-values, test="non-inferiority", direction="less")
    assert decision.p == pytest.approx(stats.ttest_1samp(-values, 0.02, alternative="less").pvalue)
    decision = single(values, test="equivalence")
    assert decision.p == pytest.approx(equivalence(values, 0.02))
    assert decision.p_equivalence == decision.p_adjusted == decision.p


def test_contrasts_are_corrected_in_their_family_and_kind_of_test_only():
    values = spread(0.012, NARROW)   # p = 0.029 alone
    alone = single(values)
    assert alone.word == "supported" and alone.p_adjusted == alone.p
    others = [effect(values, name="b", family="other"),
              effect(values, name="c", test="non-inferiority")]
    assert decide([effect(values), *others], None)[0] == alone
    together = decide([effect(values), effect(values, name="b"), *others[1:]], None)
    assert [d.p_adjusted for d in together] == pytest.approx([2 * alone.p, 2 * alone.p,
                                                              together[2].p])
    assert together[0].word != "supported"


def test_what_holm_leaves_undecided_is_not_called_excluded():
    """The interval is not corrected: by it alone each of these is within the margin."""
    several = decide([effect(spread(0.008, NARROW), name=str(i), test="equivalence")
                      for i in range(14)], None)
    assert {each.verdict for each in several} == {
        "undecided: a difference of up to 0.0187 is not excluded, before Holm's correction"}


@pytest.mark.parametrize("mean, sd, word", [(0.03, NARROW, "supported"),
                                            (-0.03, NARROW, "undecided"),
                                            (0.03, WIDE, "undecided")])
def test_a_contrast_that_is_decided_only_if_another_is_supported(mean, sd, word):
    asked = effect(spread(0.03, NARROW), name="harder")
    asked = asked._replace(contrast=asked.contrast._replace(only_if="forgets"))
    decision = decide([asked, effect(spread(mean, sd), name="forgets", family="f")], None)[0]
    assert decision.word == word
    assert decision.verdict == ("supported" if word == "supported" else
                                "undecided: not asked, as forgets is not supported")
    assert decision.p < 0.001


def test_an_interval_beyond_the_margin_refutes_in_any_family():
    values, fields = spread(-0.032, NARROW), {"test": "non-inferiority"}
    assert single(values, **fields).word == "refuted"
    several = decide([effect(values, name=str(i), **fields) for i in range(4)], None)
    assert {d.word for d in several} == {"refuted"} and several[0].interval[1] < -0.02
    assert several[0].p_refuted == pytest.approx(stats.ttest_1samp(values, -0.02).pvalue)


def test_contrasts_that_have_no_test_count_in_their_family():
    values = spread(0.012, NARROW)
    decisions = decide([effect(values), effect(np.full(16, 0.3), name="same")], None)
    assert decisions[0].p_adjusted == pytest.approx(2 * decisions[0].p)


@pytest.mark.parametrize("test", ["superiority", "non-inferiority", "equivalence"])
@pytest.mark.parametrize("value, shown", [(0.3, "0.3"), (-0.001, "-0.001"), (0.0, "0")])
def test_effects_that_do_not_vary_decide_nothing(value, shown, test):
    decision = single(np.full(5, value), test=test)
    assert decision.verdict == (
        f"undecided: no test, the effect is {shown} in all 5 replicates")
    assert decision.p == (1.0 if value == 0 and test == "superiority" else None)
    assert decision.p_adjusted == decision.p and decision.interval is None
    assert decision.p_equivalence is None and decision.resampled is None


def test_rounding_is_no_variance():
    values = np.array([0.9, 0.8, 0.7]) - np.array([0.5, 0.4, 0.3])
    assert np.ptp(values) > 0
    assert single(values).p is None
    assert single([1e-17, 0.0, -1e-17]).p == 1.0
    assert single([2e-17, 1e-17, 1e-17]).verdict.startswith("undecided: no test, the effect is 0 ")


@pytest.mark.parametrize("values", [np.zeros((2, 4)), np.full((4, 2), math.nan)])
def test_bad_effects_are_refused_by_name(values):
    with pytest.raises(InputError, match="contrast rum_tow: "):
        decide([effect([0.1, 0.2, 0.4]), Effect(contrast("rum_tow"), values)], None)


def test_bad_contrasts_and_ratios_are_refused():
    with pytest.raises(InputError, match=r"config\.contrasts\.first\.margin: is 0"):
        single([0.1, 0.2, 0.4], margin=0)
    for ratio in (-0.1, math.nan, math.inf):
        with pytest.raises(InputError, match="test_to_train: is"):
            decide([effect([0.1, 0.2, 0.4])], ratio)


def test_sensitivity_analyses_stand_next_to_the_verdict_and_do_not_change_it():
    values = spread(0.012, NARROW)[:, None] + np.array([[-0.01, 0.01]])
    plain, analyzed = (decide([Effect(contrast(), values)], ratio, mixed_models)[0]
                       for ratio, mixed_models in ((None, False), (0.25, True)))
    assert plain.resampled is None and plain.mixed is None
    assert analyzed.resampled.p > 0.05 and analyzed.mixed.p == pytest.approx(plain.p, rel=1e-3)
    assert analyzed.word == plain.word == "supported"
