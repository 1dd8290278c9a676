import importlib
import json

import pytest
from toy import ROOT

PAGE = """# Studies

Words.

## Entanglement

### scikit-learn's digits

    command

![A](a.png)

### five classes of CIFAR-10

more

## Memorization

### scikit-learn's digits

other
"""


@pytest.fixture
def studies_page(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module("studies_page")


def test_what_is_not_done_again_is_kept(studies_page):
    assert studies_page.kept(PAGE, "Entanglement", "scikit-learn's digits") == [
        "", "### scikit-learn's digits", "", "    command", "", "![A](a.png)"]
    assert studies_page.kept(PAGE, "Entanglement", "five classes of CIFAR-10") == [
        "", "### five classes of CIFAR-10", "", "more"]
    assert studies_page.kept(PAGE, "Memorization", "scikit-learn's digits")[-1] == "other"
    assert studies_page.kept(PAGE, "Memorization", "five classes of CIFAR-10") == []
    assert studies_page.kept("", "Memorization", "scikit-learn's digits") == []


def test_findings_are_counted_at_95_percent(studies_page):
    up, down, flat = ({"mean": mean, "ci95": 0.1} for mean in (0.2, -0.2, 0.05))
    assert studies_page.counted([up, up, flat], 1).startswith("agrees: so at 95% for 2 of 3")
    assert studies_page.counted([up, down, down, down], 1).startswith("the opposite: ")
    assert studies_page.counted([up, flat, flat], 1).startswith("agrees in part: ")
    assert studies_page.counted([flat], 1) == (
        "not seen: so at 95% for 0 of 1, the other way for 0, not distinguishable for 1")
    assert studies_page.alike([up, flat]) == (
        "not distinguishable at 95% for 1 of 2; differences of up to 0.100 would not be seen")


def test_every_point_of_a_search_is_told(studies_page, monkeypatch, tmp_path):
    monkeypatch.setattr(studies_page, "TARGET", tmp_path)
    assert studies_page.searched() == []
    trials = [{"trial": n, "steps": [{"hparams": {"alpha": alpha, "other": 1}}],
               "validation_tow": tow} for n, (alpha, tow) in enumerate(
                   [(0.1, {"mean": 0.5, "ci95": 0.25}), (0.2, None)])]
    (tmp_path / "search_x.json").write_text(json.dumps({
        "provenance": {"command": ["python", "--config.sweep.grid=alpha=0.1, 0.2"]},
        "sweep": {"seeds": [7, 8]},
        "rows": {"vanilla:x": {"trials": trials, "chosen": trials[0]}}}))
    said = "\n".join(studies_page.searched())
    assert "studies do not use, 7 and 8," in said
    assert "    python '--config.sweep.grid=alpha=0.1, 0.2'\n" in said
    assert said.endswith("| `vanilla:x` |  |  | 0.1 | 0.500 ± 0.250 | chosen |\n"
                         "| `vanilla:x` |  |  | 0.2 | diverged |  |")
