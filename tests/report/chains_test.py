import pytest

from report.made import row
from rum_jax.report import chains

UP, DOWN = "rum_f:salun[order=low-mid-high]", "rum_f:salun[order=high-mid-low]"


def found(up, down, shot=(0.8, 0.81, 0.8), merged_steps=100.0):
    rows = [row("vanilla:salun", tow=shot), row("vanilla:scrub", tow=shot), row(UP, tow=up),
            row(DOWN, tow=down), row("rum_f:salun[by=shuffled]", tow=shot),
            row("rum_f:salun[steps=merged]", tow=[0.5, 0.52, 0.5], steps=merged_steps)]
    return chains.assemble(rows, "ascending")


def test_only_algorithms_done_in_both_ways_are_compared():
    made = found([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])
    assert [one["algorithm"] for one in made["algorithms"]] == ["salun"]
    assert [way["way"] for way in made["algorithms"][0]["ways"]] == [
        "one-shot", "low-mid-high", "high-mid-low", "shuffled", "merged"]
    assert chains.assemble([row("vanilla:salun", tow=[1, 1.0])], "ascending") is None


def test_forget_sets_are_told_apart():
    rows = [row(name, forget_set=forget_set, tow=tow) for forget_set, tow in
            (("a", [0.9, 0.8]), ("b", [0.4, 0.5])) for name in ("vanilla:salun", UP, DOWN)]
    made = chains.assemble(rows, "ascending")["algorithms"]
    assert [one["algorithm"] for one in made] == ["salun, a", "salun, b"]
    assert [[way["tow"]["mean"] for way in one["ways"]] for one in made] == [
        pytest.approx([0.85] * 3), pytest.approx([0.45] * 3)]
    assert chains.figures({"algorithms": made})["chains.svg"].startswith(b"<?xml")


def test_rows_that_name_no_order_have_that_of_the_config():
    rows = [row("vanilla:scrub", tow=[0.8, 0.9]), row("rum_f:scrub", tow=[0.8, 0.9]),
            row("rum_f:scrub[order=ascending]", tow=[0.8, 0.9])]
    ways = chains.assemble(rows, "descending")["algorithms"][0]["ways"]
    assert [way["way"] for way in ways] == ["one-shot", "high-mid-low", "low-mid-high"]


@pytest.mark.parametrize("up, down, expected", [
    ([0.9, 0.91, 0.9], [0.7, 0.72, 0.7], "low-mid-high is better than high-mid-low: ToW +0.197"),
    ([0.7, 0.72, 0.7], [0.9, 0.91, 0.9], "low-mid-high is worse than high-mid-low: ToW -0.197"),
    ([0.9, 0.71, 0.9], [0.7, 0.92, 0.8], "low-mid-high and high-mid-low are not distinguishable")])
def test_upwards_against_downwards(up, down, expected):
    assert any(expected in sentence for sentence in chains.sentences(found(up, down)))


def test_orders_against_one_shot():
    said = " ".join(chains.sentences(found([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])))
    assert "1 of 2 orders are better at 95% (low-mid-high) and 1 worse (high-mid-low)" in said
    assert "merged -0.297 ± 0.014 (worse)" in said
    assert "shuffled +0.000 ± 0.000 (not distinguishable)" in said
    assert "of 2 orders the best is low-mid-high (ToW 0.903 ± 0.014)" in said


def test_budgets_are_compared():
    same = [0.8, 0.81, 0.8]
    said = chains.sentences(found(same, same))[-2:]
    assert said == [f"All ways of an algorithm take the same number of {words}, within 10%."
                    for words in ("optimizer steps", "example gradients")]
    said = chains.sentences(found(same, same, merged_steps=150.0))[-2:]
    assert all(one.endswith("by more than 10% for salun, merged (1.50).") for one in said)


def test_table_and_picture():
    made = found([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])
    header, lines = chains.table(made)
    assert all(len(line) == len(header) for line in lines)
    assert lines[1][:4] == ["salun", "low-mid-high", "0.903 ± 0.014", "+0.100 ± 0.000"]
    assert chains.figures(made)["chains.svg"].startswith(b"<?xml")
