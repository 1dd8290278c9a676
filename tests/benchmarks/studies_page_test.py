import importlib
import json

import pytest
from report.example_rows import row
from toy import ROOT

from rum_jax.report import levels

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


def test_the_command_of_the_page_names_no_folder_of_the_machine_it_ran_on(studies_page):
    assert studies_page.reader_command(
        ["python", "-m", "rum_jax.main", "--config=configs/digits_proxies.py", "--workdir=/x/a"],
        "a") == ["python", "-m", "rum_jax.main", "--config=configs/proxies.py:digits",
                 "--workdir=runs/a"]


def test_a_study_is_described_with_date_and_commit_and_without_verdicts(studies_page, monkeypatch,
                                                                        tmp_path):
    """Old figures go."""
    monkeypatch.setattr(studies_page, "TARGET", tmp_path / "target")
    workdir, old = tmp_path / "digits_x", tmp_path / "target" / "digits_x" / "levels.png"
    workdir.mkdir()
    old.parent.mkdir(parents=True)
    old.write_bytes(b"")
    statistics = [{"set": name, "size": 12, "entanglement_score": [1.0, 2.0, 3.0],
                   "mean_memorization": [0.2] * 3, "overlap": {}} for name in "ab"]
    rows = [row(name, forget_set, tow=[base + 0.01 * seed * (base > 0.5) + 0.1 * (
                forget_set == "b") * (1 + seed * base / 20) for seed in range(3)])
            for forget_set in "ab" for name, base in (
                ("original", 0.2), ("retrain", 1.0), ("retrain_again", 0.9),
                ("vanilla:salun", 0.7))]
    (workdir / "results.json").write_text(json.dumps({
        "rows": rows, "comparisons": [], "sets": statistics, "stages": {}, "memorization": None,
        "sections": {"levels": levels.assemble(rows, statistics)},
        "provenance": {"started": "2026-11-28T05:47:20+00:00", "commit": "4abba06e066c4a0a65",
                       "command": ["python", "-m", "x"], "seeds": [0, 1, 2], "cpu": "made-up",
                       "cpu_count": 2, "versions": {"jax": "0"}, "earlier_processes": [],
                       "wall_seconds": 3.0}}))
    for name in studies_page.COPIED:
        (workdir / name).write_text("")
    said = "\n".join(studies_page.part("digits_x", "digits", workdir))
    assert "Measured 2026-11-28 with commit 4abba06e06: 3 seeds, forget sets of 12;" in said
    assert "| beyond the original's | seeds that fall" in said and "0.200 ± n/a" in said
    assert "| test |" not in said and not any(line.startswith("- ") for line in said.splitlines())
    assert not old.exists() or old.read_bytes()
    shown = [line for line in said.splitlines() if line.startswith("![")]
    assert shown and all((tmp_path / "target" / "digits_x" / line.rpartition("/")[2][:-1]).is_file()
                         for line in shown)


def test_pages_of_single_splits_describe_and_decide_nothing():
    for page in ("studies.md", "cifar10_small.md"):
        content = (ROOT / "docs" / page).read_text()
        for word in ("agrees", "the opposite", "not seen", "no difference", "significant",
                     "supported", "refuted", "equivalent", "not evidence", "p = "):
            assert word not in content, f"{page}: {word}"
        assert "(claims.md)" in content and "conditional on" in content
        assert "easured 2026-11" in content and "with commit" in content


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
