import numpy as np
import pytest

from report.made import spec
from rum_jax.report import onion

STEPS = [{"subset": "low", "algorithm": "salun"}, {"subset": "high", "algorithm": "none"},
         {"subset": "mid", "algorithm": "salun"}]


def assembled(trace, sets=("a",), row="rum_f:salun"):
    return onion.assemble({row: trace}, sets, 3, {row: spec(row)})


def found(high_after_low, residual=0.1, sets=("a",), retain=(0.5, 0.6, 0.7)):
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


def of(made, step, part):
    return next(one for one in made["rows"][0]["changes"] if one["measure"] == "called_member"
                and (one["step"], one["part"]) == (step, part))


def test_changes_have_their_part_in_the_chain():
    made = found([0.9, 1.0, 1.1])
    roles = {key: of(made, *key)["role"] for key in ((0, "low"), (0, "high"), (2, "low"),
                                                     (2, "retain"))}
    assert list(roles.values()) == ["own", "waiting", "unlearned", "retain"]
    assert of(made, 0, "high")["change"]["per_seed"] == pytest.approx([0.4, 0.4, 0.4])


def test_changes_are_looked_at_beyond_the_retain_sets():
    """+0.425 of a subset means little where the retain set's own change is +0.389."""
    made = found([0.925, 1.02, 1.13], retain=[0.889, 0.99, 1.09])
    one = of(made, 0, "high")
    assert one["change"]["mean"] == pytest.approx(0.425)
    assert one["retain_change"]["mean"] == pytest.approx(0.38967, abs=1e-4)
    assert one["beyond_retain"]["per_seed"] == pytest.approx([0.036, 0.03, 0.04])
    assert of(made, 0, "retain")["beyond_retain"] is None


def test_a_rise_that_the_retain_set_shares_is_not_called_one():
    said = waiting(found([0.92, 0.98, 1.15], retain=[0.9, 1.0, 1.1]))
    # of high and of mid, which stays as it was: the mean change is half of high's
    assert "by +0.208 ± 0.044, and of the retain set by +0.400" in said
    assert "Beyond the retain set: -0.192 ± 0.044, lower (paired t" in said


def waiting(made):
    return next(s for s in onion.sentences(made) if "have yet to be unlearned" in s
                and "attack" in s)


@pytest.mark.parametrize("high, expected", [
    ([0.9, 1.0, 1.2], "Beyond the retain set: +0.217 ± 0.072, higher (paired t, p = 0.0"),
    ([0.1, 0.2, 0.2], "Beyond the retain set: -0.217 ± 0.072, lower (paired t, p = 0.0"),
    ([0.4, 0.8, 0.6], "Beyond the retain set: +0.000 ± 0.215, difference not significant")])
def test_each_claim_has_one_test(high, expected):
    """Of the mean over steps and parts; what is waiting are high and mid in the first step."""
    said = waiting(found(high))
    assert expected in said and "(means over 2 steps and parts)" in said
    assert "selected post hoc" in said


def test_claims_are_corrected_together():
    rng = np.random.default_rng(0)
    walks = {part: np.cumsum(rng.normal(0, 0.1, (4, 3)), axis=0).tolist()
             for part in ("low", "mid", "high", "retain")}
    made = assembled({"steps": STEPS, "measures": {"called_member": walks,
                                                   "residual_memorization": walks}})
    assert all("after Holm over 4" in one for one in onion.sentences(made))
    assert len(onion.sentences(made)) == 4


def test_merged_steps_do_not_come_one_after_another():
    trace = {"steps": STEPS, "measures": {"called_member": {
        part: [[0.5, 0.6, 0.7]] * 4 for part in ("low", "mid", "high", "retain")}}}
    made = assembled(trace, row="rum_f:salun[steps=merged]")
    assert onion.sentences(made) == [] and onion.table(made)[1] == []


def test_steps_that_do_nothing_are_not_counted():
    # of three steps one does nothing; salun's second one sees 2 subsets unlearned before
    said = onion.sentences(found([0.5, 0.6, 0.7]))
    assert any("unlearned before" in one and "(means over 2 steps" in one for one in said)


def test_unknown_memorization_is_left_out():
    made = found([0.9, 1.0, 1.1], residual=None)
    assert {one["measure"] for one in made["rows"][0]["changes"]} == {"called_member"}
    assert list(onion.figures(made)) == ["onion_called_member_salun.svg"]
    assert all("residual" not in sentence for sentence in onion.sentences(made))


def test_sets_are_told_apart_and_nothing_traced_is_no_section():
    assert [row["set"] for row in found([0.9, 1.0, 1.1], sets=("a", "b"))["rows"]] == ["a", "b"]
    assert onion.assemble({}, ("a",), 3, {}) is None


def test_table_and_pictures():
    made = found([0.9, 1.0, 1.2])
    header, lines = onion.table(made)
    assert lines[1] == ["rum_f:salun", "a", "the share that the attack calls members",
                        "yet to be unlearned", "2", "+0.217 ± 0.072", "+0.000 ± 0.000",
                        "+0.217 ± 0.072"]
    assert all(len(line) == len(header) for line in lines)
    assert all(svg.startswith(b"<?xml") for svg in onion.figures(made).values())
