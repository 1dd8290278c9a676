import pytest

from report.made import row
from rum_jax.report import levels, section_lines


def statistics(name, scores, memorization=None):
    return {"set": name, "entanglement_score": scores, "entanglement_global": scores,
            "disentanglement": scores, "mmd": scores, "mean_memorization": memorization}


SETS = [statistics("entanglement:low", [10.0, 12.0, 11.0]),
        statistics("entanglement:high", [30.0, 32.0, 34.0])]


def found(**changes):
    """Rows whose ToW on the second set differs from that on the first by so much, seed by seed."""
    first, rows = [0.8, 0.81, 0.82], []
    for name, change in {"retrain_again": [0, 0, 0], **changes}.items():
        for forget_set, more in (("entanglement:low", [0, 0, 0]), ("entanglement:high", change)):
            rows.append(row(name.replace("__", ":"), forget_set,
                            tow=[a + b for a, b in zip(first, more, strict=True)]))
    return levels.assemble(rows, SETS)


def test_one_set_has_no_section():
    assert levels.assemble([], SETS[:1]) is None


def test_changes_are_paired_by_seed():
    made = found(vanilla__salun=[-0.3, -0.28, -0.32])["rows"][1]
    assert made["change"]["tow"]["per_seed"] == pytest.approx([-0.3, -0.28, -0.32])
    assert made["apart"] and made["monotone"] and made["row"] == "vanilla:salun"
    assert not found(vanilla__salun=[-0.01, 0.01, -0.01])["rows"][1]["apart"]


def test_what_falls_and_what_rises_is_counted():
    said = " ".join(levels.sentences(found(
        vanilla__salun=[-0.3, -0.28, -0.32], vanilla__finetune=[-0.1, 0.09, -0.01],
        vanilla__scrub=[0.05, 0.06, 0.055])))
    assert ("it falls for 2 of 3 rows, for 1 of them by more than the 95% interval of the paired "
            "difference (vanilla:salun); the intervals of the two sets are apart for 1 "
            "(vanilla:salun); it rises for 1 of 3 rows, for 1 of them by more") in said
    assert "It changes most for vanilla:salun (-0.300 ± 0.050) and least for" in said
    opposite = " ".join(levels.sentences(found(vanilla__salun=[0.1, 0.1, 0.11],
                                               vanilla__finetune=[0.1, 0.1, 0.12])))
    assert "it falls for 0 of 2 rows; it rises for 2 of 2 rows" in opposite


def test_what_forgets_nothing_is_told_beside_what_chance_does():
    made = found(original=[-0.5, -0.5, -0.5], vanilla__salun=[-0.3, -0.28, -0.32])
    assert [one["row"] for one in made["rows"]] == ["retrain_again", "original", "vanilla:salun"]
    said = levels.sentences(made)
    assert said[-2:] == [
        "Retraining again with other seeds changes by 0.000 ± 0.000: what chance does to such a "
        "difference.",
        "The original, which forgets nothing, changes by -0.500 ± 0.000: a row that does next to "
        "nothing changes by as much."]
    assert "it falls for 1 of 1 rows" in said[1]


@pytest.mark.parametrize("change, expected", [
    ([-0.3, -0.28, -0.32], "that of relabelling rows is less by 0.350 ± 0.050, distinguishable"),
    ([0.3, 0.28, 0.32], "that of relabelling rows is more by 0.250 ± 0.050, distinguishable"),
    ([0.3, -0.28, 0.1], "not distinguishable from 0")])
def test_relabelling_rows_against_the_others(change, expected):
    said = levels.sentences(found(vanilla__salun=change, vanilla__finetune=[0.05] * 3))
    assert any(expected in sentence for sentence in said)


def test_the_order_of_the_sets_is_looked_at_in_every_seed():
    said = levels.sentences(found(vanilla__salun=[0, 0, 0.1]))[0]
    assert said == ("Entanglement scores: entanglement:low 11 ± 2.484; entanglement:high 32 ± "
                    "4.968. The means are in the ratio 1 : 2.91; 3 of 3 seeds have the order "
                    "of the means.")
    rows = [row("retrain_again", one["set"], tow=[1.0, 1.0, 0.9]) for one in SETS]
    mixed = levels.assemble(rows, [SETS[0], statistics("b", [30.0, 1.0, 34.0])])
    assert "2 of 3 seeds have the order of the means" in levels.sentences(mixed)[0]


def test_table_and_picture():
    made = found(vanilla__salun=[-0.3, -0.28, -0.32])
    header, lines = levels.table(made)
    assert header[1] == "ToW, entanglement:low"
    assert lines[1] == ["vanilla:salun", "0.810 ± 0.025", "0.510 ± 0.043", "-0.300 ± 0.050",
                        "yes", "-0.300 ± 0.050"]
    assert levels.figures(made)["levels.svg"].startswith(b"<?xml")


def test_a_set_that_is_not_memorized_at_all_is_drawn_too(monkeypatch):
    seen = []
    monkeypatch.setattr(section_lines, "svg", lambda figure: seen.append(figure) or b"")
    sets = [statistics(f"memorization:{name}", [1.0, 1.0], [mean, mean])
            for name, mean in (("low", 0.0), ("mid", 0.2), ("high", 0.9))]
    rows = [row("vanilla:salun", one["set"], tow=[0.5, 0.6]) for one in sets]
    levels.figures(levels.assemble(rows, sets))
    axis = seen[0].axes[0]
    assert axis.get_xscale() == "linear" and axis.get_xlim()[0] < 0
