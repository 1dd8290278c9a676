"""The experiments on reasons differ from the study of claims in what their reason says."""

import pytest

from rum_jax.config import claim_studies
from rum_jax.config.content import flat
from rum_jax.config.replicates import of_part
from rum_jax.config.validate import faults
from rum_jax.unlearn.retrain import hparams_of


@pytest.fixture(scope="module")
def studies():
    variant = claim_studies.read("digits")
    return claim_studies.claims(variant), claim_studies.reasons(variant)


def different(config, part, other):
    """Field -> its values in two parts, but for the rows."""
    first, second = (flat(of_part(config, name).to_dict(), "") for name in (part, other))
    return {name.removeprefix("."): (first[name], second[name]) for name in first
            if first[name] != second[name] and name != ".rows"}


def test_parts_of_the_claims_are_the_same_so_that_their_results_are_taken(studies):
    claims, reasons = studies
    for part in ("low", "high", "mix", "shuffled", "descending", "apart", "between", "entangled"):
        assert of_part(reasons, part) == of_part(claims, part)
    assert reasons.tuning.like.apart == claims.tuning.like.apart == "low"
    assert (reasons.data, reasons.replicates) == (claims.data, claims.replicates[:8])


@pytest.mark.parametrize("part, other, expected", [
    ("high_other", "high", {"vanilla.hparams.salun.relabel": ("other", "any")}),
    ("mix_other", "mix", {"rum.hparams.salun.high.relabel": ("other", "any"),
                          "trace": (False, True)}),
    ("mix_half", "mix", {"forget.size": (120, 240), "trace": (False, True)}),
    ("low_as_mix", "low", {}), ("high_as_mix", "high", {}), ("apart_own", "apart", {})])
def test_a_part_differs_in_what_the_reason_says(studies, part, other, expected):
    assert different(studies[1], part, other) == expected


def test_where_hyper_parameters_come_from_is_the_difference_of_the_others(studies):
    like = studies[1].tuning.like
    assert like.low_as_mix == like.high_as_mix == "mix"
    assert like.exact == "mix", "it has no hyper-parameters to search"
    assert not {"low", "high", "apart_own", "between_own", "entangled_own"} & {*like}


@pytest.mark.parametrize("variant", ["digits", "digits,smoke"])
def test_the_study_of_reasons_can_be_run(variant):
    assert faults(claim_studies.reasons(claim_studies.read(variant)).to_dict()) == []


def test_only_the_place_of_low_differs_from_the_order_of_the_claims(studies):
    config = studies[1]
    assert different(config, "mix_low_last", "mix") == {"trace": (False, True)}
    assert list(config.parts.mix_low_last.rows) == [
        f"rum_f:{name}[order=mid-high-low]" for name in ("neggrad_plus", "scrub")]
    assert {name: contrast.test for name, contrast in config.contrasts.items()
            if "low last" in name} == {
        f"{family} low last, {name}": test for name in ("neggrad_plus", "scrub")
        for family, test in (("4", "superiority"), ("5", "superiority"), ("6", "equivalence"))}


def test_chains_of_retraining_train_as_oracles_do(studies):
    part = of_part(studies[1], "exact")
    for subset in ("low", "mid", "high"):
        hparams = part.rum_f.hparams.retrain[subset]
        assert {**hparams} == hparams_of(part.train)
