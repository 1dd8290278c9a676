import math
import types

import pytest

from report.example_rows import row
from rum_jax.core import records
from rum_jax.report import results
from rum_jax.study.evaluation import ABOUT_FILE, user_metrics


def test_the_table_for_programs_says_what_intervals_are_over_and_what_is_censored():
    """The mean of relearning times that stop at a limit says little by itself."""
    rum = row("rum", tow=[0.5, 0.7])
    rum["metrics"] |= results.summaries({"relearn_epochs": [1.0, 11.0],
                                         "relearn_censored": [0.0, 1.0]})
    header, lines = results.csv_rows({"rows": [rum], "provenance": {"seeds": [4, 5]}})
    assert header[5:7] == ["seed_4", "seed_5"] and len({len(header), *map(len, lines)}) == 1
    of = {line[2]: dict(zip(header, line, strict=True)) for line in lines}
    assert {"tow", "tow_stratified", "tow_mia", "tow_mia_stratified"} <= set(of)
    assert (of["tow"]["n"], of["tow"]["over"], of["tow"]["median"]) == (2, "seeds", None)
    assert of["relearn_epochs"]["median"] == 6 and of["relearn_epochs"]["censored_share"] == 0.5
    assert of["tow"]["mean"] == pytest.approx(0.6) and math.isfinite(of["tow"]["ci95"])


def test_metrics_whose_files_have_the_same_content_all_have_a_result(tmp_path, monkeypatch):
    """And one whose file was moved since has the name that the config gives it now."""
    monkeypatch.chdir(tmp_path)
    for name in ("first.py", "second.py", "moved.py"):
        (tmp_path / name).write_text("def errors(view):\n    return 1.0\n")
    evaluation = tmp_path / "evaluation"
    evaluation.mkdir()

    def names(stored, current):
        records.write_json(evaluation / "metrics.json", {"tow": [0.5], **stored})
        records.write_json(evaluation / ABOUT_FILE, {"user_metrics": user_metrics(tuple(stored))})
        finished = types.SimpleNamespace(rows={"rum": evaluation}, study=types.SimpleNamespace(
            config=types.SimpleNamespace(metrics=current)))
        return results._metrics(finished, "rum")

    both = {"first.py:errors": [1.0], "second.py:errors": [2.0]}
    assert names(both, tuple(both)) == {"tow": [0.5], **both}
    assert names({"first.py:errors": [1.0]}, ("moved.py:errors",)) == {
        "tow": [0.5], "moved.py:errors": [1.0]}
