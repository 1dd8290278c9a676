import pytest

from rum_jax.report import claim_words


def claim(name="3 RUM, tow_stratified", **fields):
    return {"name": name, "claim": "RUM is better", "family": "3", "metric": "tow_stratified",
            "test": "superiority", "direction": "greater", "margin": 0.02, "measure": "difference",
            "first": ["mix/rum"], "second": ["mix/vanilla:scrub"], "mean": 0.031,
            "interval": [0.01, 0.052], "verdict": "supported", "word": "supported", **fields}


def test_a_claim_is_answered_with_the_words_of_its_verdicts_alone():
    undecided = "undecided: a difference of up to 0.031 is not excluded"
    mia = {"metric": "tow_mia_stratified", "verdict": undecided, "word": "undecided"}
    alone = [claim(), claim("3 RUM, tow_mia_stratified", **mia)]
    assert claim_words.answers(alone) == [
        ("RUM is better", "supported (stratified ToW), undecided (stratified ToW-MIA).")]
    several = [*alone, claim("3 Auto-RUM, tow_stratified"), claim("x", claim="Another")]
    assert claim_words.answers(several) == [
        ("RUM is better", "RUM: supported (stratified ToW), undecided (stratified ToW-MIA); "
                          "Auto-RUM: supported."),
        ("Another", "supported.")]
    assert claim_words.counted(several) == (
        "4 contrasts: 3 supported, 0 refuted, 0 equivalent, 1 undecided.")


def test_contrasts_are_in_the_order_of_their_numbers():
    names = ["10 a", "2 b, tow_stratified", "2 b, tow_mia_stratified", "2 a"]
    metrics = ["tow", "tow_stratified", "tow_mia_stratified", "tow"]
    claims = [claim(name, metric=metric) for name, metric in zip(names, metrics, strict=True)]
    assert [each["name"] for each in claim_words.ordered(claims)] == [
        "2 a", "2 b, tow_stratified", "2 b, tow_mia_stratified", "10 a"]


@pytest.mark.parametrize("fields, said", [
    ({}, "mix/rum - mix/vanilla:scrub"),
    ({"second": []}, "mix/rum"),
    ({"first": ["a/x", "b/x"], "second": ["c/x"]}, "mean of (a/x, b/x) - c/x"),
    ({"measure": "interaction", "first": ["low/x", "high/x"], "second": ["low/y", "high/y"]},
     "(high/x - low/x) - (high/y - low/y)"),
    ({"measure": "slope", "first": ["low/x", "high/x"], "second": []},
     "slope of low/x, high/x on the log of entanglement")])
def test_what_is_compared(fields, said):
    assert claim_words.compared(claim(**fields)) == said


@pytest.mark.parametrize("fields, said", [
    ({}, "superiority, above 0; margin 0.02"),
    ({"direction": "less"}, "superiority, below 0; margin 0.02"),
    ({"test": "non-inferiority"}, "non-inferiority, above -0.02"),
    ({"test": "non-inferiority", "direction": "less"}, "non-inferiority, below +0.02"),
    ({"test": "equivalence"}, "equivalence, within ±0.02")])
def test_what_a_test_is_to_show(fields, said):
    assert claim_words.tested(claim(**fields)) == said


def power(share, needed=30):
    return {"power": share, "needed": needed}


def test_power_is_told_with_what_the_others_lack():
    strong = claim(power=power(0.9), sd=0.01, sd_seeds=0.005)
    assert claim_words.powered([strong, claim(power=None)]) == (
        "A power of 80% for its margin was attained for 1 of 1 contrasts.")
    weak = [claim(power=power(0.5), sd=0.05, sd_seeds=0.02),
            claim(power=power(0.2, 1234), sd=0.09, sd_seeds=0.03)]
    assert claim_words.powered([strong, *weak]) == (
        "A power of 80% for its margin was attained for 1 of 3 contrasts. Effects of the others "
        "have standard deviations over replicates of 0.050 to 0.090, those from model seeds alone "
        "would be 0.020 to 0.030. The one that needs most needs 1,234 replicates for that power.")
    alone = claim(power=power(0.0, None), sd=0.5, sd_seeds=None)
    assert claim_words.powered([alone]) == (
        "A power of 80% for its margin was attained for 0 of 1 contrasts. Effects of the others "
        "have standard deviations over replicates of 0.500. The one that needs most needs over "
        "a million replicates for that power.")


def test_numbers():
    assert claim_words.effect(claim()) == "+0.031 [+0.010, +0.052]"
    assert claim_words.effect(claim(interval=None)) == "+0.031 [n/a]"
    assert [claim_words.p_value(p) for p in (None, 0.0004, 0.0006, 0.05)] == [
        "n/a", "<0.001", "0.001", "0.050"]


def test_the_scope_says_what_intervals_leave_out():
    about = {"replicates": [0, 1, 2], "model_seeds": 2, "search_replicates": [100, 101],
             "same_test_examples": False}
    said = claim_words.scope(about)
    assert "over 3 replicates" in said and "the 2 model seeds" in said
    assert "searched on 2 other splits" in said and "images overlap" in said
    assert "Test images" not in said and "Test images are the same in all of them" in (
        claim_words.scope({**about, "same_test_examples": True}))
    said = claim_words.scope({**about, "model_seeds": 1, "search_replicates": []})
    assert "model seeds" not in said and "none was searched" in said
    assert "not done again" not in claim_words.scope({**about, "searches_given": {}})
    assert ("Searches for low, mix were not done again, but taken from a finished study (SHA-256 "
            "of its results.json: 0123456789ab...).") in claim_words.scope({
                **about, "searches_given": dict.fromkeys(("low", "mix"), "0123456789abcdef")})


def test_calibration_says_counts_and_limits():
    assert claim_words.calibrated(None) == []
    first, second = claim_words.calibrated({
        "null": {"studies": 200, "most": 15, "errors": {"3": 9, "4": 16}},
        "planted": {"effect": 0.03, "studies": 50, "found": {"a": 50, "b": 39, "c": 40}}})
    assert "3: 9; 4: 16" in first and "at most 15" in first and "In 200 studies" in first
    assert "2 of 3 contrasts" in second and second.endswith("is 78% (b).")
