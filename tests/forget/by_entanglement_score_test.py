"""Requests for a score, absolute or relative, among examples of little memorization."""

import re

import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget import choose, fault, scores_of, statistics
from rum_jax.forget.entanglement import entanglement_score

BOUND = "memorization<0.3"


@pytest.fixture(scope="module")
def context():
    """600 examples, memorized the more the farther from their cluster; unknown of every tenth."""
    rng = np.random.default_rng(0)
    labels, noise = rng.integers(0, 5, 600), rng.normal(size=(600, 8))
    features = 3 * rng.normal(size=(5, 8))[labels] + noise
    memorization = np.argsort(np.argsort(np.square(noise).sum(1))) / 600
    memorization[::10] = np.nan
    return known({"memorization": memorization}, features, labels % 3)


def measured(context, forget):
    features = context.features()
    return (entanglement_score(np.delete(features, forget, 0), features[forget]),
            statistics.in_embedding(features, forget, np.arange(600), context.generator()))


@pytest.mark.parametrize("target", [10, 40.0, 200])
def test_a_score_at_little_memorization(context, target):
    forget = choose(f"entanglement_score:{target},{BOUND}", context, 60)
    assert len(set(forget.tolist())) == 60
    assert (context.score("memorization")[forget] < 0.3).all(), "and NaN is not"
    assert measured(context, forget)[0] == pytest.approx(target, rel=0.01), "of the set and all"


@pytest.mark.parametrize("bound", ["", f",{BOUND}"])
def test_a_ratio_is_the_one_that_is_reported(context, bound):
    for target in (0.1, 0.5, 1):
        forget = choose(f"entanglement_score_ratio:{target}{bound}", context, 60)
        score, statistic = measured(context, forget)
        assert statistic["entanglement_score_ratio"] == pytest.approx(target, rel=0.01)
        assert statistic["entanglement_score"] == pytest.approx(score)


def test_without_a_bound_memorization_is_not_asked_for(context):
    def unknown(name):
        raise InputError("is not known")

    forget = choose("entanglement_score:40", context._replace(score=unknown), 60)
    assert forget.tolist() == choose("entanglement_score:40", context, 60).tolist()
    assert scores_of("entanglement_score:40") == scores_of("random") == ()
    assert scores_of(f"entanglement_score_ratio:1,{BOUND}") == ("memorization",)
    assert scores_of("confidence:low") == ("confidence",)


def test_too_few_candidates_are_counted(context):
    few = int((context.score("memorization") < 0.02).sum())
    with pytest.raises(InputError, match=rf"config.forget.size: is 60; allowed with entanglement_"
                                         rf"score:9,memorization<0.02: at most {few}, as memorizat"
                                         rf"ion of only {few} of 600 examples is below 0.02 "
                                         r"\(known of 540\)"):
        choose("entanglement_score:9,memorization<0.02", context, 60)


@pytest.mark.parametrize("family", ["entanglement_score", "entanglement_score_ratio"])
def test_what_is_out_of_reach_is_told_in_the_unit_that_is_asked_for(context, family):
    with pytest.raises(InputError, match=rf"config.forget.sets: {family}:1e11,{BOUND} is out of "
                                         r"reach for 60 of \d+ examples; allowed: ") as caught:
        choose(f"{family}:1e11,{BOUND}", context, 60)
    low, high = (float(text.replace(",", "")) for text in re.search(
        r"about ([\d.,e+-]+) to ([\d.,e+-]+)", str(caught.value)).groups())
    assert low < (1 if family.endswith("ratio") else 40) < high
    for end in (low, high):
        choose(f"{family}:{end},{BOUND}", context, 60)


def test_features_that_are_not_finite_are_refused(context):
    broken = context.features().copy()
    broken[[3, 7], 2] = np.nan, np.inf
    with pytest.raises(InputError, match="entanglement_score:20: features of 2 of 600 examples are "
                                         "not finite; allowed: originals whose"):
        choose("entanglement_score:20", context._replace(features=lambda: broken), 60)


@pytest.mark.parametrize("argument", [
    "40,memorization<1", "0.5,memorization<0.1", "0.5,memorization<-0.2"])
def test_sound_arguments(argument):
    assert fault(f"entanglement_score:{argument}") is None
    assert fault(f"entanglement_score_ratio:{argument}") is None


@pytest.mark.parametrize("argument", [
    "40,", "40,memorization", "40,memorization<", "40,memorization<1.5", "40,memorization<-1",
    "40,memorization<nan", "40,memorization>0.1", "40,confidence<0.1", "0,memorization<0.1",
    "40, memorization<0.1", "40,memorization<0.1,memorization<0.2", ""])
def test_faulty_arguments(argument):
    for family in ("entanglement_score", "entanglement_score_ratio"):
        assert (f"whose argument is {argument!r}; allowed: a number above 0, also with a bound "
                "above -1 and at most 1, as 0.5,memorization<0.1") in fault(f"{family}:{argument}")
