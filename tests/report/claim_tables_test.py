import pytest

from report import made_up_replicates
from rum_jax.report import claim_tables, claim_words


@pytest.fixture
def results():
    return made_up_replicates.assembled()[1]


def test_contrasts_have_power_before_and_after(results):
    claims = claim_words.ordered(results["claims"])
    groups = claim_tables.contrasts(claims)
    assert [group["claim"] for group in groups][1] == "RUM is better than the best one-shot method"
    line = groups[1]["lines"][2]
    claim = next(claim for claim in claims if claim["name"] == "3 RUM, tow_stratified")
    assert line[:3] == ["RUM", "mix/rum - mix/vanilla:scrub", "stratified ToW"]
    assert line[5:] == [f"{claim['sd']:.3f}", "<0.001", "supported",
                        f"{claim['power_before']['power']:.0%}", f"{claim['power']['power']:.0%}",
                        f"{claim['power']['detectable']:.3f}", str(claim["power"]["needed"])]
    same = next(line for group in groups for line in group["lines"] if line[0] == "same")
    assert same[4:7] == ["+0.000 [n/a]", "0.000", "1.000"] and same[-3:] == ["n/a"] * 3
    assert all(len(line) == len(claim_tables.CONTRASTS)
               for group in groups for line in group["lines"])


def test_sensitivity_has_both_other_analyses(results):
    lines = claim_tables.sensitivity(results["claims"])
    claim = results["claims"][0]
    assert lines[0][4] == claim_words.bracketed(
        [claim["resampled"]["low"], claim["resampled"]["high"]])
    assert lines[0][6].startswith(f"{claim['mixed']['estimate']:+.3f}, se ")
    assert all(len(line) == len(claim_tables.SENSITIVITY) for line in lines)


def test_parts_have_stratified_scores_first_and_cost_last(results):
    table = claim_tables.part(next(part for part in results["parts"] if part["name"] == "mix"))
    assert table["columns"][:2] == ["ToW, strat.", "ToW-MIA, strat."]
    assert table["columns"][-3:] == [
        "agreement per example", "cost, retrainings", "cost of scores, retrainings"]
    lines = {line["name"]: line for line in table["lines"]}
    assert lines["vanilla:scrub"]["cells"][-2] == {"text": "0.400 ± 0.000", "best": False}
    assert [lines[name]["cells"][-1]["text"] for name in ("rum", "vanilla:scrub")] == [
        "32.000 ± 0.000", "0.000 ± 0.000"]
    assert lines["rum[by=confidence]"]["cells"][0]["best"]
    assert lines["original"]["is_reference"] and not lines["rum"]["is_reference"]
    assert table["about"] == ("memorization:mix: 30 examples; entanglement relative to random sets "
                              "0.9; mean memorization 0.125")
