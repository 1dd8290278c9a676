import numpy as np
import pytest

from report.example_rows import row
from rum_jax.report import levels, section_lines

HARDER = {"vanilla__salun": [-0.3, -0.28, -0.32]}


def statistics(name, scores, memorization=None):
    return {"set": name, "entanglement_score": scores, "disentanglement": scores, "mmd": scores,
            "mean_memorization": memorization}


SETS = [statistics("entanglement:low", [10.0, 12.0, 11.0]),
        statistics("entanglement:high", [30.0, 32.0, 34.0])]


def section_of(original=(0.0, 0.01, 0.0), **changes):
    """Rows whose ToW on the second set differs from that on the first by so much, seed by seed.

    The original has a ToW of 0.2, and the others of 0.8, on the first set.
    """
    rows = []
    for name, change in {"original": original, "retrain_again": [0, 0.01, 0], **changes}.items():
        first = [0.2, 0.21, 0.2] if name == "original" else [0.8, 0.81, 0.82]
        for forget_set, more in (("entanglement:low", [0, 0, 0]), ("entanglement:high", change)):
            rows.append(row(name.replace("__", ":"), forget_set,
                            tow=[a + b for a, b in zip(first, more, strict=True)]))
    return levels.assemble(rows, SETS)


def of(section, name):
    return next(entry for entry in section["rows"] if entry["row"] == name)


@pytest.mark.parametrize("low, high, end", [
    ([5.0, 5.0, 5.1], [5.0, 5.0, 6.0], "1 of 3 seeds have the order of the means."),
    ([5.0] * 3, [6.0, 6.1, 6.0], "3 of 3 seeds have the order of the means."),
    ([5.0] * 3, [6.0] * 3, "The means are in the ratio 1 : 1.2.")])
def test_seeds_whose_scores_tie_do_not_have_the_order_of_the_means(low, high, end):
    sets = [statistics("entanglement:low", low), statistics("entanglement:high", high)]
    rows = [row(name, of_set["set"], tow=[0.5, 0.6, 0.7])
            for name in ("original", "vanilla:salun") for of_set in sets]
    assert levels.sentences(levels.assemble(rows, sets))[0].endswith(end)


def test_one_set_has_no_section():
    assert levels.assemble([], SETS[:1]) is None


def test_changes_are_paired_by_seed_and_beyond_the_originals():
    salun = of(section_of(original=[-0.1, -0.11, -0.1], **HARDER), "vanilla:salun")
    assert salun["change"]["tow"]["per_seed"] == pytest.approx([-0.3, -0.28, -0.32])
    assert salun["beyond_original"]["per_seed"] == pytest.approx([-0.2, -0.17, -0.22])
    assert salun["is_evidence"] and salun["verdict"]["word"] == "lower"
    assert salun["verdict"]["p"] == pytest.approx(salun["beyond_original"]["p"])
    assert (salun["falling_seeds"], salun["rising_seeds"]) == (3, 0)
    assert set(levels.CHANGES) == set(salun["change"])


def test_what_falls_because_the_original_falls_is_no_evidence():
    """A row that does next to nothing follows the original, whose ToW falls with the set."""
    idle = {"vanilla__fisher": [-0.3, -0.28, -0.31], "vanilla__neggrad": [-0.3, -0.29, -0.31]}
    rows = []
    for name, change in {"original": [-0.3, -0.28, -0.31], "retrain_again": [0, 0.01, 0],
                         **idle, **HARDER}.items():
        first = [0.8, 0.81, 0.82] if "salun" in name or "again" in name else [0.5, 0.5, 0.51]
        rows += [row(name.replace("__", ":"), SETS[0]["set"], tow=first),
                 row(name.replace("__", ":"), SETS[1]["set"], tow=np.add(first, change).tolist())]
    section = levels.assemble(rows, SETS)
    assert not of(section, "vanilla:fisher")["is_evidence"]
    said = " ".join(levels.sentences(section))
    assert "it falls for 0 of 1, rises for 0, difference not significant for 1" in said
    assert "where the original's is lowest: vanilla:neggrad." in said
    assert ("differs from the original's by the same for all seeds, of which there is no test: "
            "vanilla:fisher.") in said


def test_where_the_original_is_as_good_as_the_oracles_there_is_nothing_to_gain():
    """What is not memorized need not be forgotten: only where it is can a row be better."""
    rows = [row(name, level["set"], tow=tow) for name, of_sets in (
        ("original", ([0.97, 0.96, 0.97], [0.1, 0.11, 0.1])),
        ("vanilla:salun", ([0.8, 0.81, 0.8], [0.6, 0.62, 0.6])),
        ("vanilla:fisher", ([0.97, 0.96, 0.97], [0.1, 0.12, 0.1])))
        for level, tow in zip(SETS, of_sets, strict=True)]
    section = levels.assemble(rows, SETS)
    assert of(section, "vanilla:salun")["is_evidence"]
    assert not of(section, "vanilla:fisher")["is_evidence"]


def test_verdicts_of_rows_are_one_family():
    section = section_of(vanilla__salun=[-0.3, -0.28, -0.32], vanilla__finetune=[-0.1, 0.09, -0.01],
                         vanilla__scrub=[0.05, 0.06, 0.055])
    said = " ".join(levels.sentences(section))
    assert ("ToW from entanglement:low to entanglement:high, beyond the original's own change: it "
            "falls for 1 of 3 (vanilla:salun), rises for 1 (vanilla:scrub), difference not "
            "significant for 1 (vanilla:finetune) (paired t, 95%, Holm over 3, n = 3). Where not "
            "significant, differences from -0.234 to +0.214 are not excluded (uncorrected "
            "95% intervals)."
            ) in said
    assert "is largest for vanilla:salun (-0.303 ± 0.038) and smallest" in said
    assert "selected post hoc; not corrected for selection" in said
    assert of(section, "vanilla:salun")["verdict"]["p"] == pytest.approx(
        3 * of(section, "vanilla:salun")["beyond_original"]["p"])


def test_words_are_rare_where_forget_sets_have_no_effect():
    """200 studies of 4 seeds and 6 rows; at most 5% of them have any word, plus Monte Carlo."""
    rng, wrong, studies = np.random.default_rng(0), 0, 200
    sets = [statistics(name, [1.0, 2.0, 3.0, 4.0]) for name in "ab"]
    specs = {name: row(name, tow=[0.1, 0.2]) for name in ("original", "vanilla:salun")}
    for _ in range(studies):
        rows = []
        for number in range(7):
            base = specs["vanilla:salun" if number else "original"]
            for level in sets:
                tow = {"per_seed": rng.normal(0.8 if number else 0.3, 0.05, 4).tolist()}
                rows.append({**base, "set": level["set"], "metrics": {"tow": {
                    **tow, "mean": float(np.mean(tow["per_seed"])), "ci95": 0.1, "n": 4}},
                    "name": f"vanilla:salun {number}" if number else "original"})
        said = [entry["verdict"]["word"] for entry in levels.assemble(rows, sets)["rows"]
                if entry["verdict"] and entry["is_evidence"]]
        wrong += any(word in ("higher", "lower") for word in said)
    assert wrong / studies < 0.05 + 4 * np.sqrt(0.05 * 0.95 / studies)


def test_what_forgets_nothing_is_told_beside_what_chance_does():
    section = section_of(original=[-0.15, -0.14, -0.15], **HARDER)
    assert levels.sentences(section)[-2:] == [
        "The original, which forgets nothing, changes by -0.147 ± 0.014.",
        "Retraining again with other seeds changes by +0.003 ± 0.014."]


@pytest.mark.parametrize("change, expected", [
    ([-0.3, -0.28, -0.32], "-0.347 ± 0.063: lower (paired t,"),
    ([0.1, -0.04, 0.12], "+0.013 ± 0.202: difference not significant (paired t, p = 0.803")])
def test_relabeling_rows_against_the_others(change, expected):
    """The family is the algorithm's own, whatever the row is called."""
    said = levels.sentences(section_of(vanilla__salun=change, vanilla__finetune=[0.05, 0.04, 0.05]))
    assert any(f"relabeling minus other methods {expected}" in sentence for sentence in said), said


def test_the_order_of_the_sets_is_looked_at_in_every_seed():
    said = levels.sentences(section_of(vanilla__salun=[0, 0, 0.1]))[0]
    assert said == ("Entanglement scores: entanglement:low 11 ± 2.484; entanglement:high 32 ± "
                    "4.968. The means are in the ratio 1 : 2.91; 3 of 3 seeds have the order "
                    "of the means.")
    rows = [row("retrain_again", level["set"], tow=[1.0, 1.0, 0.9]) for level in SETS]
    mixed = levels.assemble(rows, [SETS[0], statistics("b", [30.0, 1.0, 34.0])])
    assert "2 of 3 seeds have the order of the means" in levels.sentences(mixed)[0]


def test_one_estimate_for_all_seeds_has_no_interval():
    summary = levels.summarized(statistics("a", [1.0, 2.0], [0.3, 0.3]))
    assert summary["mean_memorization"]["ci95"] is None
    assert summary["mean_memorization"]["over"] == "copies of one estimate"
    assert summary["entanglement_score"]["ci95"] > 0


def test_table_and_picture():
    section = section_of(**HARDER)
    header, lines = levels.table(section)
    assert header == ["row", "ToW, entanglement:low", "ToW, entanglement:high", "last - first",
                      "beyond the original's", "test", "seeds that fall / rise throughout",
                      "stratified ToW, last - first", "ToW-MIA, last - first",
                      "stratified ToW-MIA, last - first"]
    assert lines[2] == ["vanilla:salun", "0.810 ± 0.025", "0.510 ± 0.043", "-0.300 ± 0.050",
                        "-0.303 ± 0.038", "lower", "3 / 0 of 3", *["-0.300 ± 0.050"] * 3]
    assert all(len(line) == len(header) for line in lines)
    drawn = levels.figures(section)
    assert list(drawn) == ["levels.svg", "levels_stratified.svg"]
    assert b"ToW, stratified" in drawn["levels_stratified.svg"]


def test_a_set_that_is_not_memorized_at_all_is_drawn_too(monkeypatch):
    seen = []
    monkeypatch.setattr(section_lines, "svg", lambda figure: seen.append(figure) or b"")
    sets = [statistics(f"memorization:{name}", [1.0, 1.0], [mean, mean])
            for name, mean in (("low", 0.0), ("mid", 0.2), ("high", 0.9))]
    rows = [row("vanilla:salun", level["set"], tow=[0.5, 0.6]) for level in sets]
    levels.figures(levels.assemble(rows, sets))
    axis = seen[0].axes[0]
    assert axis.get_xscale() == "linear" and axis.get_xlim()[0] < 0


def test_sets_of_several_families_have_their_whole_names(monkeypatch):
    """`class:3` is not `3` beside `memorization:low`."""
    seen = []
    monkeypatch.setattr(section_lines, "svg", lambda figure: seen.append(figure) or b"")
    for names, shown in ((["memorization:low", "class:3"], "class:3"),
                         (["class:2", "class:3"], "3")):
        rows = [row("vanilla:salun", name, tow=[0.5, 0.6]) for name in names]
        levels.figures(levels.assemble(rows, [statistics(name, [1.0, 2.0], [0.1, 0.2])
                                              for name in names]))
        assert [text.get_text().replace("\n", "") for text in
                seen[-1].axes[0].get_xticklabels()][-1] == shown
