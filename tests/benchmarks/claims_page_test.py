import importlib
import json
import re

import pytest
from report import made_up_replicates
from toy import ROOT

from rum_jax.report import claims


@pytest.fixture
def claims_page(monkeypatch, tmp_path):
    """The script, which writes below a folder of the test."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    module = importlib.import_module("claims_page")
    monkeypatch.setattr(module, "TARGET", tmp_path / "docs" / "results" / "claims")
    monkeypatch.setattr(module, "PAGE", tmp_path / "docs" / "claims.md")
    return module


@pytest.fixture
def workdir(tmp_path):
    """Of a finished study."""
    folder = tmp_path / "run"
    folder.mkdir()
    claims.write(folder, *made_up_replicates.assembled())
    return folder


def run(claims_page, monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["claims_page.py", *arguments])
    claims_page.main()
    return claims_page.PAGE.read_text()


def test_the_page_has_every_contrast_with_its_verdict(claims_page, monkeypatch, workdir):
    page = run(claims_page, monkeypatch, f"--digits={workdir}")
    results = made_up_replicates.assembled()[1]
    lines = [line for line in page.splitlines() if re.match(r"\| \d", line)]
    assert len(lines) == len(results["claims"])
    for claim in results["claims"]:
        line = next(line for line in lines if f"{claim['mean']:+.3f} [" in line
                    and line.startswith(f"| {claim['name'].partition(',')[0]} |"))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        of = dict(zip(claims_page.HEADER, cells, strict=True))
        assert of["verdict"] == claim["verdict"] and of["n"] == "6"
        assert of["power"] == (f"{claim['power']['power']:.0%}" if claim["power"] else "n/a")
    assert "    python benchmarks/claims_page.py --digits=runs/digits_claims\n" in page
    assert ("    python -m rum_jax.main --config=configs/claims.py:digits "
            "--workdir=runs/digits_claims\n") in page and "/somewhere" not in page
    assert "Measured 2026-11-29 with commit 0123456789: 6 replicates of 2 model seeds" in page
    assert "## All verdicts" not in page
    assert re.search(r"\| `rum` .* \| 0\.300 ± 0\.000 \| 32\.000 ± 0\.000 \|", page)


def test_links_of_the_page_lead_to_files_beside_it(claims_page, monkeypatch, workdir):
    old = claims_page.TARGET / "digits" / "claims-99.svg"
    old.parent.mkdir(parents=True)
    old.write_text("")
    page = run(claims_page, monkeypatch, f"--digits={workdir}")
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert len(targets) == 11 and not old.exists()
    assert all((claims_page.PAGE.parent / target).is_file() for target in targets)
    assert "/somewhere" not in (old.parent / "results.json").read_text()


def test_a_data_set_that_is_not_done_again_stays(claims_page, monkeypatch, workdir):
    run(claims_page, monkeypatch, f"--digits={workdir}")
    page = run(claims_page, monkeypatch, f"--cifar10_small={workdir}")
    assert "## scikit-learn's digits" in page and "## Five classes of CIFAR-10" in page
    assert "| 4 scrub | stratified ToW | refuted | refuted |" in page


def test_large_results_are_trimmed(claims_page, monkeypatch, workdir):
    monkeypatch.setattr(claims_page, "LARGEST", 1)
    run(claims_page, monkeypatch, f"--digits={workdir}")
    stored = json.loads((claims_page.TARGET / "digits" / "results.json").read_text())
    rows = stored["parts"][0]["rows"]
    assert set(rows[0]["metrics"]) == set(claims_page.COLUMNS)
    assert "per_seed" not in json.dumps(stored)
    with_candidates = {part for part, rows in stored["searches"].items()
                       for found in rows.values() if "candidates" in json.dumps(found)}
    assert with_candidates == {"auto"}
    assert rows[0]["metrics"]["tow"]["per_replicate"] and len(stored["claims"]) == 17


def test_words_around_the_numbers_have_no_verdicts(claims_page):
    """Only the definition of the words is written by hand."""
    words = ("supported", "refuted", "equivalent", "undecided")
    assert all(claims_page.HEAD.count(word) == 1 for word in words)
