"""Figures of names that are not words, and of values at the ends of what they can be."""

import warnings
import xml.dom.minidom

import matplotlib
import numpy as np
import pytest

from report.example_rows import row
from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report import curves, dots, figures

HOSTILE = ["a$b^$", "$\\frac$", "a_b", "50%", "back\\slash", "<script>alert(1)</script>",
           "new\nline", "$" + 40 * "ab" + "$", "\u5b57\u7b26\u4e32", "   ", "nul\x00",
           "\u0627\u0644 \U0001f600"]


def texts(svg: bytes) -> list[str]:
    """Every text of an SVG."""
    nodes = xml.dom.minidom.parseString(svg).getElementsByTagName("text")
    return ["".join(child.data for child in node.childNodes
                    if child.nodeType == child.TEXT_NODE) for node in nodes]


def rows_named(names):
    rows = [row(name, tow=[0.98, 0.97, 0.99], forget_set="a")
            for name in ("original", "retrain", "retrain_again")]
    return rows + [{**row("vanilla:finetune", tow=[0.5, 0.6, 0.55 + number / 100]), "name": name}
                   for number, name in enumerate(names)]


def test_hostile_names_are_drawn_as_they_are():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn = texts(dots.tow(rows_named(HOSTILE)))
    for name in ("a$b^$", "$\\frac$", "a_b", "50%", "back\\slash", "<script>alert(1)</script>",
                 "new line", "\u5b57\u7b26\u4e32", "(blank)"):
        assert name in drawn
    assert any("…" in text for text in drawn)


def test_no_text_is_mathematics_however_it_was_made():
    figure = matplotlib.figure.Figure()
    figure.subplots().set_title("a $b^$ c")
    assert "a $b^$ c" in texts(figures.svg(figure))
    figure = matplotlib.figure.Figure()
    figure.subplots().set_title("a $b^$ c")
    assert figures.png(figure).startswith(b"\x89PNG")


def test_the_same_numbers_give_the_same_bytes():
    first, again = (dots.tow(rows_named(["a", "b"])) for _ in range(2))
    assert first == again and b"<dc:date>" not in first and b"Matplotlib v" not in first


def points(axis) -> list[float]:
    return [x for line in axis.lines if line.get_linestyle() != "--" for x in line.get_xdata()]


def drawn_axes(monkeypatch, module, draw) -> list:
    seen = []
    monkeypatch.setattr(module, "svg", lambda figure: seen.append(figure) or b"")
    draw()
    return seen[0].axes


def test_tow_has_a_point_for_each_seed_and_nothing_beyond_1(monkeypatch):
    rows = rows_named(["vanilla:finetune"])
    rows[-1]["metrics"]["tow"] = summary([0.7, 0.99, 0.98])  # mean + ci95 is 1.3
    axes = drawn_axes(monkeypatch, dots, lambda: dots.tow(rows))
    assert [axis.get_title() for axis in axes] == list(dots.TOW.values())
    values = points(axes[0])
    assert max(values) == 1 and axes[0].get_xlim()[1] == 1
    assert {0.7, 0.99, 0.98} <= set(values)
    assert min(values) >= axes[0].get_xlim()[0] >= 0


def test_axes_start_where_the_data_are(monkeypatch):
    axes = drawn_axes(monkeypatch, dots, lambda: dots.tow(
        [row(name, tow=[0.90, 0.91, 0.92]) for name in ("retrain_again", "vanilla:finetune")]))
    assert axes[0].get_xlim()[0] > 0.85


def test_the_control_has_a_color_of_its_own():
    kinds = [figures.kind_of(row(name, tow=[1, 1])["spec"]) for name in (
        "rum", "rum_shuffled", "rum_f:salun[by=shuffled]", "rum_f:salun", "vanilla:salun",
        "original")]
    assert kinds == ["rum", "control", "control", "rum_f", "vanilla", "reference"]
    assert len(set(figures.COLORS.values())) == len(figures.COLORS)


def test_copies_of_one_estimate_have_no_interval():
    assert figures.ends({"mean": 0.5, "ci95": None}) == (0.5, 0.5)
    assert figures.ends({"mean": 0.9, "ci95": 0.3}, (0, 1)) == pytest.approx((0.6, 1))


def test_an_interval_over_examples_has_no_point_for_a_seed():
    value = {"mean": 0.5, "ci95": 0.1, "per_seed": [0.5], "over": "examples", "n": 60}
    assert figures.numbers([value]) == pytest.approx([0.4, 0.6])
    assert figures.numbers([{**value, "over": "seeds"}]) == pytest.approx([0.5, 0.4, 0.6])


def test_unknown_values_are_left_out():
    rows = rows_named(["vanilla:finetune", "vanilla:salun"])
    del rows[-1]["metrics"]["tow_mia"]
    rows[-2]["metrics"]["tow"] = {"mean": None, "ci95": None, "per_seed": [None, 0.5, None]}
    assert dots.tow(rows).startswith(b"<?xml")


def test_run_times_show_all_forget_sets(monkeypatch):
    sets = {name: [row(method, forget_set=name, tow=[1, 1], seconds=seconds)
                   for method in ("original", "retrain", "vanilla:salun")]
            for name, seconds in (("a", 0.5), ("b", 0.7))}
    axes = drawn_axes(monkeypatch, dots, lambda: dots.run_times(sets))
    assert sorted(points(axes[0])) == pytest.approx([0.5, 0.5, 0.7, 0.7])
    drawn = texts(figures.svg(axes[0].figure))
    assert "a" in drawn and "b" in drawn


def test_differences_are_of_every_measure():
    rows = rows_named(["rum", "vanilla:finetune"])
    compared = [{"set": "a", "first": "rum", "second": "vanilla:finetune", "metric": metric,
                 "difference": paired_difference([0.5, 0.6], [0.4, 0.45])} for metric in dots.TOW]
    drawn = texts(dots.differences(compared, rows))
    assert "rum - vanilla:finetune" in drawn and set(dots.TOW.values()) <= set(drawn)
    assert dots.differences([], rows) is None


RECORDS = [{"stage": "original", "phase": "train", "seed": 0, "loss_per_epoch": [2.0, 1.0]},
           {"stage": "original", "phase": "train", "seed": 1, "loss_per_epoch": [2.0, None]},
           {"stage": "unlearn/rum", "phase": "0 low none", "seed": 0, "loss_per_epoch": []},
           {"stage": "unlearn/rum", "phase": "1 mid finetune", "seed": 0, "loss_per_epoch": [0.3]},
           {"stage": "evaluation", "row": "rum", "seed": 0}]


def test_learning_curves_are_those_of_the_lines():
    losses = curves.learning(RECORDS)
    assert list(losses) == ["original", "unlearn/rum"]
    np.testing.assert_array_equal(losses["original"][0][1], [[2, 1], [2, np.nan]])
    assert [phase for phase, _ in losses["unlearn/rum"]] == ["1 mid finetune"]
    assert "original: 2 models" in texts(curves.training(losses))
    spec = row("rum", tow=[1, 1])["spec"]
    assert "a$b^$" in texts(curves.unlearning(losses, {"unlearn/rum": ("a$b^$", spec)}))
    assert curves.training({}) is None and curves.unlearning({}, {}) is None


def test_the_histogram_says_what_its_axis_is():
    scores = np.r_[np.zeros(30), np.linspace(-0.1, 1, 12), np.nan]
    drawn = texts(curves.memorization_histogram(scores, np.arange(43) > 40))
    assert any("logarithmic" in text for text in drawn)
    assert "injected label noise: 1" in drawn and "published label: 41" in drawn
