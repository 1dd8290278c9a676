import pytest

from report.example_rows import row
from rum_jax.report import chains

UP, DOWN = "rum_f:salun[order=low-mid-high]", "rum_f:salun[order=high-mid-low]"
SHOT = (0.8, 0.81, 0.8)


def step(subset, epochs, rate=0.1):
    return {"subset": subset, "algorithm": "salun",
            "hparams": {"epochs": epochs, "learning_rate": rate}}


def section_of(up, down, shot=SHOT, merged_steps=100.0, **more):
    rows = [row("vanilla:salun", tow=shot), row("vanilla:scrub", tow=shot), row(UP, tow=up),
            row(DOWN, tow=down), row("rum_f:salun[by=shuffled]", tow=[0.7, 0.82, 0.81]),
            row("rum_f:salun[steps=merged]", tow=[0.5, 0.52, 0.5], steps=merged_steps)]
    return chains.assemble([{**entry, **more.get(entry["name"], {})} for entry in rows])


def ways(rows):
    return [way["way"] for way in chains.assemble(rows)["algorithms"][0]["ways"]]


def test_only_algorithms_done_in_both_ways_are_compared():
    section = section_of([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])
    assert [algorithm["algorithm"] for algorithm in section["algorithms"]] == ["salun"]
    assert [way["way"] for way in section["algorithms"][0]["ways"]] == [
        "one-shot", "low-mid-high", "high-mid-low", "shuffled", "merged"]
    assert chains.assemble([row("vanilla:salun", tow=[1, 1.0])]) is None


def test_rows_with_other_refinements_are_told_apart():
    """Two rows of one order by different scores are not two results of one order."""
    rows = [row("vanilla:salun", tow=SHOT), row("rum_f:salun", tow=[0.96, 0.95, 0.97]),
            row("rum_f:salun[by=confidence]", tow=[0.5, 0.52, 0.51])]
    assert ways(rows) == ["one-shot", "low-mid-high, by memorization",
                          "low-mid-high, by confidence"]
    said = " ".join(chains.sentences(chains.assemble(rows)))
    assert "selected post hoc" not in said     # there is one order of each


def test_labels_have_the_refinement_and_order_of_the_config():
    fields = {"rum_f__refinement": "entropy", "rum_f__order": "descending"}
    rows = [row("vanilla:scrub", tow=SHOT), row("rum_f:scrub", tow=SHOT, fields=fields),
            row("rum_f:scrub[order=ascending]", tow=SHOT, fields=fields)]
    section = chains.assemble(rows)
    assert ways(rows) == ["one-shot", "high-mid-low", "low-mid-high"]
    assert [line[2] for line in chains.table(section)[1]] == ["-", "entropy", "entropy"]
    assert any("scrub, refined by entropy: of 2 orders" in sentence
               for sentence in chains.sentences(section))


@pytest.mark.parametrize("names, expected", [
    (["rum_f:salun", "rum_f:salun[subsets=5]"],
     ["low-mid-high, 3 subsets", "ascending, 5 subsets"]),
    (["rum_f:salun[by=shuffled]", "rum_f:salun[by=shuffled;order=descending]", "rum_f:salun"],
     ["shuffled, low-mid-high", "shuffled, high-mid-low", "low-mid-high"]),
    (["rum_f:salun[steps=merged]", "rum_f:salun[steps=merged;by=entropy]",
      "rum_f:salun[steps=merged;by=shuffled]"],
     ["merged, by memorization", "merged, by entropy", "shuffled, merged"]),
    (["rum_f:salun[subsets=4;order=high-mid-low]", "rum_f:salun[subsets=4]"],
     ["high-mid_1-mid_2-low", "ascending"])])
def test_every_way_has_a_name_of_its_own(names, expected):
    assert ways([row("vanilla:salun", tow=SHOT), *(row(name, tow=SHOT) for name in names)]) == [
        "one-shot", *expected]


def test_forget_sets_are_told_apart():
    rows = [row(name, forget_set=forget_set, tow=tow) for forget_set, tow in
            (("a", [0.9, 0.8]), ("b", [0.4, 0.5])) for name in ("vanilla:salun", UP, DOWN)]
    algorithms = chains.assemble(rows)["algorithms"]
    assert [algorithm["algorithm"] for algorithm in algorithms] == ["salun, a", "salun, b"]
    assert [[way["tow"]["mean"] for way in algorithm["ways"]] for algorithm in algorithms] == [
        pytest.approx([0.85] * 3), pytest.approx([0.45] * 3)]
    assert chains.figures({"algorithms": algorithms})["chains.svg"].startswith(b"<?xml")


@pytest.mark.parametrize("up, down, expected", [
    ([0.9, 0.91, 0.9], [0.7, 0.72, 0.7], "low-mid-high - high-mid-low +0.197 ± 0.014: higher"),
    ([0.7, 0.72, 0.7], [0.9, 0.91, 0.9], "low-mid-high - high-mid-low -0.197 ± 0.014: lower"),
    ([0.9, 0.71, 0.9], [0.7, 0.92, 0.8],
     "difference not significant (paired t, p = ")])
def test_upwards_against_downwards(up, down, expected):
    assert any(expected in sentence for sentence in chains.sentences(section_of(up, down)))


def test_ways_against_one_shot_are_one_family():
    section = section_of([0.9, 0.915, 0.9], [0.7, 0.71, 0.702])
    said = " ".join(chains.sentences(section))
    assert ("salun: stratified ToW of subset after subset, against one-shot: higher for 1 of 4 "
            "(low-mid-high), lower for 2 (high-mid-low, merged), equivalent within ±0.02 for 0, "
            "difference not significant for 1 (shuffled) (paired t, 95%, Holm over 4, n = 3). "
            "Where not significant, differences from -0.184 to +0.131 are not excluded"
            ) in said
    way = section["algorithms"][0]["ways"][1]
    assert way["verdict"]["p"] > way["to_one_shot"]["tow_stratified"]["p"]
    assert set(way["to_one_shot"]) == {"tow", "tow_mia", "tow_stratified", "tow_mia_stratified"}
    assert "of 2 orders low-mid-high has the highest" in said and "selected post hoc" in said


def test_exposure_and_the_origin_of_hyper_parameters_are_said():
    """A chain of 2 epochs a step relabels each forget example twice; at once it is 6 times."""
    same = [0.8, 0.81, 0.8]
    section = section_of(same, same, **{
        "vanilla:salun": {"steps": [step("forget", 6)]},
        UP: {"steps": [step(name, 2) for name in ("low", "mid", "high")]},
        DOWN: {"steps": [step(name, 2, 0.3) for name in ("high", "mid", "low")]}})
    said = " ".join(chains.sentences(section))
    assert ("Each forget example is relabeled for 6 epochs at once, and in a chain for those of "
            "its own step (low-mid-high 2, high-mid-low 2)") in said
    assert "salun: the steps of low-mid-high take the hyper-parameters of one-shot" in said
    header, lines = chains.table(section)
    column = header.index("epochs for each forget example")
    assert [line[column] for line in lines] == ["6", "2", "2", "-", "-"]


def test_budgets_are_compared():
    same = [0.8, 0.81, 0.8]
    said = chains.sentences(section_of(same, same))[-2:]
    assert said == [f"All ways of an algorithm take the same number of {words}, within 10%."
                    for words in ("optimizer steps", "example gradients")]
    said = chains.sentences(section_of(same, same, merged_steps=150.0))[-2:]
    assert all(sentence.endswith("by more than 10% for salun, merged (1.50).") for sentence in said)


def test_table_and_picture():
    section = section_of([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])
    header, lines = chains.table(section)
    assert all(len(line) == len(header) for line in lines)
    assert lines[1][:5] == ["salun", "low-mid-high", "memorization", "0.903 ± 0.014",
                            "+0.100 ± n/a"]
    assert chains.figures(section)["chains.svg"].startswith(b"<?xml")


def test_what_is_tested_is_drawn_too():
    section = section_of([0.9, 0.91, 0.9], [0.7, 0.72, 0.7])
    assert section["metric"] == "tow_stratified"
    drawn = chains.figures(section)
    assert list(drawn) == ["chains.svg", "chains_stratified.svg"]
    assert b"ToW, stratified" in drawn["chains_stratified.svg"]
    assert b"stratified" not in drawn["chains.svg"]
    for way in section["algorithms"][0]["ways"]:
        del way["tow_stratified"]
    assert list(chains.figures(section)) == ["chains.svg"]
