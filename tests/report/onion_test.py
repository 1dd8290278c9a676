import numpy as np
import pytest

from report.example_rows import spec
from rum_jax.report import onion

STEPS = [{"subset": "low", "algorithm": "salun"}, {"subset": "high", "algorithm": "none"},
         {"subset": "mid", "algorithm": "salun"}]


def assembled(trace, sets=("a",), row="rum_f:salun"):
    return onion.assemble({row: trace}, sets, 3, {row: spec(row)})


def section_of(high_after_low, residual=0.1, sets=("a",), retain=(0.5, 0.6, 0.7)):
    """`high` is called a member as given once `low` is unlearned, the retain set likewise."""
    flat = [[0.5, 0.6, 0.7] * len(sets)] * 4
    high = [flat[0], *[list(high_after_low) * len(sets)] * 3]
    kept = [flat[0], *[list(retain) * len(sets)] * 3]
    still = [[residual] * 3 * len(sets)] * 4
    return assembled({"steps": STEPS, "measures": {
        "accuracy": {"low": flat, "test": flat},
        "called_member": {"low": flat, "mid": flat, "high": high, "retain": kept},
        "residual_memorization": {"low": still, "mid": still, "high": still, "retain": still}}},
        sets)


def of(section, step, part):
    return next(change for change in section["rows"][0]["changes"]
                if change["measure"] == "called_member"
                and (change["step"], change["part"]) == (step, part))


def test_changes_have_their_part_in_the_chain():
    section = section_of([0.9, 1.0, 1.1])
    roles = {key: of(section, *key)["role"] for key in ((0, "low"), (0, "high"), (2, "low"),
                                                        (2, "retain"))}
    assert list(roles.values()) == ["own", "waiting", "unlearned", "retain"]
    assert of(section, 0, "high")["change"]["per_seed"] == pytest.approx([0.4, 0.4, 0.4])


def test_changes_are_looked_at_beyond_the_retain_sets():
    """+0.425 of a subset means little where the retain set's own change is +0.389."""
    section = section_of([0.925, 1.02, 1.13], retain=[0.889, 0.99, 1.09])
    high = of(section, 0, "high")
    assert high["change"]["mean"] == pytest.approx(0.425)
    assert high["retain_change"]["mean"] == pytest.approx(0.38967, abs=1e-4)
    assert high["beyond_retain"]["per_seed"] == pytest.approx([0.036, 0.03, 0.04])
    assert of(section, 0, "retain")["beyond_retain"] is None


def test_a_rise_that_the_retain_set_shares_is_not_called_one():
    said = waiting(section_of([0.92, 0.98, 1.15], retain=[0.9, 1.0, 1.1]))
    # of high and of mid, which stays as it was: the mean change is half of high's
    assert "by +0.208 ± 0.044, and of the retain set by +0.400" in said
    assert "Beyond the retain set: -0.192 ± 0.044, lower (paired t" in said


def waiting(section):
    return next(s for s in onion.sentences(section) if "have yet to be unlearned" in s
                and "attack" in s)


@pytest.mark.parametrize("high, expected", [
    ([0.9, 1.0, 1.2], "Beyond the retain set: +0.217 ± 0.072, higher (paired t, p = 0.0"),
    ([0.1, 0.2, 0.2], "Beyond the retain set: -0.217 ± 0.072, lower (paired t, p = 0.0"),
    ([0.4, 0.8, 0.6], "Beyond the retain set: +0.000 ± 0.215, difference not significant")])
def test_each_claim_has_one_test(high, expected):
    """Of the mean over steps and parts; what is waiting are high and mid in the first step."""
    said = waiting(section_of(high))
    assert expected in said and "(means over 2 steps and parts)" in said
    assert "selected post hoc" in said


def test_claims_are_corrected_together():
    rng = np.random.default_rng(0)
    walks = {part: np.cumsum(rng.normal(0, 0.1, (4, 3)), axis=0).tolist()
             for part in ("low", "mid", "high", "retain")}
    section = assembled({"steps": STEPS, "measures": {"called_member": walks,
                                                      "residual_memorization": walks}})
    assert all("after Holm over 4" in sentence for sentence in onion.sentences(section))
    assert len(onion.sentences(section)) == 4


def test_merged_steps_do_not_come_one_after_another():
    trace = {"steps": STEPS, "measures": {"called_member": {
        part: [[0.5, 0.6, 0.7]] * 4 for part in ("low", "mid", "high", "retain")}}}
    section = assembled(trace, row="rum_f:salun[steps=merged]")
    assert onion.sentences(section) == [] and onion.table(section)[1] == []


def test_steps_that_do_nothing_are_not_counted():
    # of three steps one does nothing; salun's second one sees 2 subsets unlearned before
    said = onion.sentences(section_of([0.5, 0.6, 0.7]))
    assert any("unlearned before" in sentence and "(means over 2 steps" in sentence
               for sentence in said)


def test_unknown_memorization_is_left_out():
    section = section_of([0.9, 1.0, 1.1], residual=None)
    assert {change["measure"] for change in section["rows"][0]["changes"]} == {"called_member"}
    assert list(onion.figures(section)) == ["onion_called_member_salun.svg"]
    assert all("residual" not in sentence for sentence in onion.sentences(section))


def test_sets_are_told_apart_and_nothing_traced_is_no_section():
    assert [row["set"] for row in section_of([0.9, 1.0, 1.1], sets=("a", "b"))["rows"]] == [
        "a", "b"]
    assert onion.assemble({}, ("a",), 3, {}) is None


def test_table_and_pictures():
    section = section_of([0.9, 1.0, 1.2])
    header, lines = onion.table(section)
    assert lines[1] == ["rum_f:salun", "a", "the share that the attack calls members",
                        "yet to be unlearned", "2", "+0.217 ± 0.072", "+0.000 ± n/a",
                        "+0.217 ± 0.072"]
    assert all(len(line) == len(header) for line in lines)
    assert all(svg.startswith(b"<?xml") for svg in onion.figures(section).values())
