"""The page of a study, of results that are made up."""

import html as html_module
import re

import matplotlib.figure
import pytest

from report.example_rows import row
from rum_jax.config import base
from rum_jax.report import comparisons, figures, page, sections, text

LONG = "vanilla:" + 80 * "n"
USER_METHOD = "vanilla:my_unlearning.py:forget"


def results(names=("vanilla:finetune", "vanilla:salun", "rum", "rum_shuffled")):
    rows = [row(name, tow=[0.9 + number / 100, 0.91, 0.92])
            for number, name in enumerate(("original", "retrain", "retrain_again"))]
    rows += [{**row("vanilla:finetune", tow=[0.5, 0.6, 0.7]), "name": name}
             if name not in ("rum", "rum_shuffled") else row(name, tow=[0.8, 0.81, 0.85])
             for name in names]
    for entry in rows:
        for metric in ("retain_accuracy", "validation_accuracy", "test_accuracy"):
            entry["metrics"][metric] = entry["metrics"]["forget_accuracy"]
        entry["steps"] = [{"subset": "forget", "algorithm": "finetune", "hparams": {"epochs": 1}}]
    statistics = {"set": "a", "size": 30, "overlap": {}, "entanglement_score": [1.0, 2.0, 3.0]}
    return {"rows": rows, "comparisons": comparisons.compare(rows), "sections": {},
            "sets": [statistics], "memorization": None, "cautions": [],
            "provenance": {"started": "2026-03-01T10:00:00+00:00", "commit": "0123456789abcdef",
                           "versions": {"rum_jax": "9.9"}, "seeds": [0, 1, 2]}}


def rendered(study_results=None, **drawn):
    study_results = study_results or results()
    config = base.get_config().to_dict()
    return page.render(study_results, drawn, {}, config, [("original", 1.0)],
                       ["results.json", "a.csv"])


def visible(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def test_the_answer_is_the_first_thing_after_the_title_and_the_date():
    html = rendered()
    start = html[html.index("<h1>"):]
    assert "2026-03-01 10:00 UTC" in start[:300] and "commit 0123456789" in start[:300]
    first = page.headline(text.answer(results()))[0]
    assert first.endswith(".") and first in html_module.unescape(visible(start))
    assert start.index('class="answer"') < start.index("<table") < start.index("<h2>Findings")


def test_figures_of_sections_are_not_drawn_again(monkeypatch):
    monkeypatch.setattr(sections, "figures", None)
    assert "<h1>" in rendered()


def test_provenance_is_folded_and_files_are_linked():
    html = rendered()
    assert '<a href="results.json">' in html and '<a href="a.csv">' in html
    assert html.count("<details>") == 3
    assert html.index("<details>") < html.index("<pre>")


def test_first_columns_stay_and_wide_tables_say_that_they_go_on():
    html = rendered()
    assert "position: sticky; left: 0" in html
    assert html.count("Swipe sideways to see all columns") >= 4
    wide = len(re.findall(r'<div class="wide[^"]*"', html))
    assert wide and html.count('tabindex="0"') == wide


def test_functions_stand_in_place_of_paths_but_for_what_each_method_does():
    html = rendered(results((USER_METHOD, LONG, "rum")))
    methods = html.index("<h2>What each method does")
    shown = visible(html[:methods])
    assert "vanilla:forget" in shown and "my_unlearning.py" not in shown
    assert f'title="{USER_METHOD}"' in html[:methods]
    assert "my_unlearning.py:forget" in visible(html[methods:])
    assert LONG in visible(html)


def test_names_are_no_markup():
    name = "vanilla:<script>alert(1)</script>"
    html = rendered(results((name, "rum")))
    assert "<script" not in html and "&lt;script&gt;" in html


def test_figures_are_never_shown_so_small_that_their_text_is():
    figure = matplotlib.figure.Figure(figsize=(10, 2))
    figure.subplots().set_title("title")
    html = rendered(**{"tow.svg": figures.svg(figure)})
    match = re.search(r'width="(\d+)"\s+style="min-width: (\d+)px"', html)
    width, least = map(int, match.groups())
    assert width > 700 and least >= 0.8 * width
    assert "data:image/svg+xml;base64," in html and "data:image/png" not in html


@pytest.mark.parametrize("said, expected", [
    (["Yes: 0.5 more. It is the best.", "More."], ["Yes: 0.5 more.", "It is the best.", "More."]),
    (["Yes.", "More. Still more."], ["Yes.", "More. Still more."]), ([], [])])
def test_the_first_sentence_has_a_paragraph_of_its_own(said, expected):
    assert page.headline(said) == expected


@pytest.mark.parametrize("provenance", [{}, {"started": None, "commit": None},
                                        {"started": "x", "versions": {}}])
def test_what_is_not_known_of_the_origin_is_left_out(provenance):
    assert page.origin(provenance) == ""


def test_cells_of_wide_tables_may_go_on_before_the_interval_and_nowhere_else():
    """So that a table of seventeen columns fits a page of 1,400 pixels."""
    html = rendered()
    cells = re.findall(r"<td[^>]*>([^<]*±[^<]*)", html)
    assert cells and all(re.fullmatch(r"[^ ]+ ±\xa0[^ ]+", cell) for cell in cells)
    wide = html[html.index("@media (min-width: 821px)"):]
    assert wide.index("td { white-space: normal; }") < wide.index("</style>")
    assert page.joined("0.1 ± 0.2 (chance 0.02)") == "0.1 ±\xa00.2 (chance\xa00.02)"
    assert page.joined("difference not significant") == "difference not significant"
    assert page.joined("<b>") == "&lt;b&gt;"
