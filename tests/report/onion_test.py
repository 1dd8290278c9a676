import pytest

from rum_jax.report import onion

STEPS = [{"subset": "low", "algorithm": "salun"}, {"subset": "high", "algorithm": "none"},
         {"subset": "mid", "algorithm": "salun"}]


def found(high_after_low, residual=0.1, sets=("a",)):
    """`high` is called a member as given once `low` is unlearned; the rest stays as it is."""
    flat = [[0.5, 0.6, 0.7] * len(sets)] * 4
    high = [flat[0], *[list(high_after_low) * len(sets)] * 3]
    still = [[residual] * 3 * len(sets)] * 4
    trace = {"steps": STEPS, "measures": {
        "accuracy": {"low": flat, "test": flat},
        "called_member": {"low": flat, "mid": flat, "high": high, "retain": flat},
        "residual_memorization": {"low": still, "mid": still, "high": still, "retain": still}}}
    return onion.assemble({"rum_f:salun": trace}, sets, 3)


def test_changes_have_their_part_in_the_chain():
    made = found([0.9, 1.0, 1.1])["rows"][0]
    roles = {(one["step"], one["part"]): one["role"] for one in made["changes"]
             if one["measure"] == "called_member"}
    assert roles[0, "low"] == "own" and roles[0, "high"] == "waiting"
    assert roles[2, "low"] == "unlearned" and roles[2, "retain"] == "retain"
    change = next(one for one in made["changes"] if one["part"] == "high" and not one["step"])
    assert change["change"]["per_seed"] == pytest.approx([0.4, 0.4, 0.4])


@pytest.mark.parametrize("high, expected", [
    ([0.9, 1.0, 1.1], "in 1 of 2 cases at 95% (0.1 by chance alone): up in 1, down in 0. The "
                      "largest rise, +0.400"),
    ([0.1, 0.2, 0.3], "in 1 of 2 cases at 95% (0.1 by chance alone): up in 0, down in 1. The "
                      "largest change, -0.400"),
    ([0.4, 0.8, 0.6], "in 0 of 2 cases at 95% (0.1 by chance alone): up in 0, down in 0")])
def test_sentences_count_what_is_uncovered(high, expected):
    said = onion.sentences(found(high))
    waiting = next(s for s in said if "have yet to be unlearned" in s and "attack" in s)
    assert expected in waiting


def test_merged_steps_do_not_come_one_after_another():
    trace = {"steps": STEPS, "measures": {"called_member": {
        part: [[0.5, 0.6, 0.7]] * 4 for part in ("low", "mid", "high", "retain")}}}
    assert onion.sentences(onion.assemble({"rum_f:salun[steps=merged]": trace}, ("a",), 3)) == []


def test_steps_that_do_nothing_are_not_counted():
    # of three steps one does nothing; salun's two see 1 and 2 subsets unlearned before
    said = onion.sentences(found([0.5, 0.6, 0.7]))
    assert any("unlearned before in 0 of 2 cases" in sentence for sentence in said)


def test_unknown_memorization_is_left_out():
    made = found([0.9, 1.0, 1.1], residual=None)
    assert {one["measure"] for one in made["rows"][0]["changes"]} == {"called_member"}
    assert list(onion.figures(made)) == ["onion_called_member_salun.svg"]
    assert all("residual" not in sentence for sentence in onion.sentences(made))


def test_sets_are_told_apart_and_nothing_traced_is_no_section():
    assert [row["set"] for row in found([0.9, 1.0, 1.1], sets=("a", "b"))["rows"]] == ["a", "b"]
    assert onion.assemble({}, ("a",), 3) is None


def test_table_and_pictures():
    made = found([0.9, 1.0, 1.1])
    header, lines = onion.table(made)
    assert lines == [["rum_f:salun", "a", "1: low", "salun", "high", "waiting",
                      "the share that the attack calls members", "+0.400 ± 0.000"]]
    assert len(header) == len(lines[0])
    assert all(svg.startswith(b"<?xml") for svg in onion.figures(made).values())
