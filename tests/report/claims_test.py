import json
import pathlib

import jsonschema
import pytest

from report import made_up_replicates
from rum_jax.claims.verdict import EQUIVALENT, REFUTED, SUPPORTED, UNDECIDED
from rum_jax.config import base
from rum_jax.config.config_file import fault
from rum_jax.report import claim_search, claims

SCHEMA = pathlib.Path(claims.__file__).with_name("replicates.schema.json")


@pytest.fixture
def written(tmp_path):
    """(config, results as they are read again, text for the terminal, page)."""
    (tmp_path / "config.json").write_text("{}")
    config, results, csv = made_up_replicates.assembled()
    text, path = claims.write(tmp_path, config, results, csv)
    return config, json.loads((tmp_path / "results.json").read_text()), text, path.read_text()


def test_results_follow_their_schema_and_have_every_verdict(written, tmp_path):
    results = written[1]
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(results)
    assert {claim["word"] for claim in results["claims"]} == {
        SUPPORTED, REFUTED, EQUIVALENT, UNDECIDED}
    assert results["pictures"] == [*(f"claims-{number}.svg" for number in range(1, 9)),
                                   "cost-1.svg"]
    assert all((tmp_path / name).read_bytes().startswith(b"<?xml") for name in results["pictures"])
    lines = (tmp_path / "results.csv").read_text().splitlines()
    assert lines[0] == "part,row,metric,replicate,model_seed,value"
    rows = sum(map(len, made_up_replicates.SCORES.values()))
    assert len(lines) == 1 + rows * 11 * made_up_replicates.REPLICATES * made_up_replicates.SEEDS


def test_the_terminal_has_a_line_for_each_contrast(written):
    results, text = written[1:3]
    lines = text.splitlines()
    assert lines[1] == "17 contrasts: 6 supported, 3 refuted, 1 equivalent, 7 undecided."
    assert lines[3].split() == ["contrast", "metric", "effect", "[95%", "interval]", "p", "(Holm)",
                                "verdict"]
    for line, claim in zip(lines[4:], results["claims"], strict=False):
        assert line.endswith(claim["verdict"]) and f"{claim['mean']:+.3f} [" in line
        assert line.startswith(claim["name"].partition(",")[0])


def test_the_page_needs_nothing_else_and_answers_first(written):
    page = written[3]
    assert "http://" not in page and 'src="claims' not in page
    assert page.count("data:image/svg+xml") == 9
    order = [page.index(text) for text in (
        "2026-11-29 06:00", "17 contrasts:", "RUM is better than the best one-shot method:",
        "95% t-intervals over 6 replicates", "<h2>Effects", "<h2>Contrasts", "Nadeau and Bengio",
        "<h2>Results of each part", "<h2>Score against cost", "<h2>Search for hyper-parameters")]
    assert order == sorted(order)
    for link in ("results.json", "results.csv", "config.json", "auto_rum.json",
                 "replicates/00005/"):
        assert f'<a href="{link}">' in page


def test_auto_rum_has_its_regret_against_the_best_row_with_the_same_forget_set(written):
    results, text, page = written[1:]
    means = {row["name"]: row["metrics"]["tow_stratified"]["mean"]
             for part in results["parts"] if part["name"] in ("mix", "auto")
             for row in part["rows"] if row["spec"]["kind"] != "reference"}
    tow = results["regrets"]["auto"][0]
    best = results["parts"][[part["name"] for part in results["parts"]].index("auto")]
    own = best["rows"][-1]["metrics"]["tow_stratified"]["mean"]
    assert tow["rows"] == len(made_up_replicates.MIX) + 1
    assert tow["best"] == "mix/rum[by=confidence]"
    assert tow["mean"] == pytest.approx(means["rum[by=confidence]"] - own)
    sentence = claim_search.regret(results["regrets"]["auto"])
    assert sentence in text and sentence in page


def test_a_contrast_without_a_value_is_not_decided_and_stops_no_other(tmp_path):
    made = made_up_replicates.assembled(missing="rum_f:scrub")
    text, path = claims.write(tmp_path, *made)
    fault = "contrast 4 scrub: is nan in replicate 2; allowed: finite numbers"
    assert made[1]["not_decided"] == [fault] and len(made[1]["claims"]) == 16
    assert f"Not decided: {fault}." in text and f"Not decided: {fault}." in path.read_text()


def test_auto_rum_is_a_file_that_a_config_reads(written, tmp_path, monkeypatch):
    """The config that the page shows makes the row rum do what was found."""
    monkeypatch.chdir(tmp_path)
    fields = json.loads((tmp_path / "auto_rum.json").read_text())
    assert fields["rum"]["algorithms"] == {"low": "none", "mid": "scrub", "high": "finetune"}
    assert fields["rum"]["order"] == "descending"
    source = claim_search.USE.format(path="auto_rum.json")
    (tmp_path / "use.py").write_text(source)
    assert fault("use.py") is None
    names = {}
    exec(compile(source, "use.py", "exec"), names)
    c = names["get_config"]()
    assert c.rum.hparams.scrub.mid.learning_rate == 0.012345
    assert c.rum.hparams.scrub.high == base.get_config().rum.hparams.scrub.high


def test_without_contrasts_tables_remain(tmp_path):
    made = made_up_replicates.assembled(with_contrasts=False)
    text, path = claims.write(tmp_path, *made)
    page = path.read_text()
    assert "<h1>Replicates: digits</h1>" in page and "<h2>Contrasts" not in page
    assert 'class="answer"' not in page and "<h2>Results of each part" in page
    assert "supported" not in text and "rum[by=confidence]  0.90" in text


def test_figures_of_an_earlier_report_are_removed(tmp_path):
    for with_contrasts in (True, False):
        claims.write(tmp_path, *made_up_replicates.assembled(with_contrasts))
    assert [path.name for path in tmp_path.glob("*.svg")] == ["cost-1.svg"]
