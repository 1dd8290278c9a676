"""The report of a campaign whose models are not trained."""

import json
import math
import pathlib
import re

import jsonschema
import referencing
from campaign.random_campaign import config, make_up

from report.figures_test import texts
from rum_jax.campaign import pipeline
from rum_jax.report import campaign
from rum_jax.runtime.worker_index import Worker

POINTS = ("split_half_pearson", "split_half_spearman", "reliability")


def test_page_and_results_follow_their_schema(monkeypatch, dataset, task, tmp_path):
    monkeypatch.setattr(pipeline, "make_task", lambda config: (dataset, task))
    make_up(monkeypatch)
    pipeline.run(str(tmp_path), config(memorization__epochs=1), Worker(0, 1), campaign.write)
    schemas = {path.name: json.loads(path.read_text())
               for path in pathlib.Path(campaign.__file__).parent.glob("*.schema.json")}
    registry = referencing.Registry().with_resources(
        (name, referencing.Resource.from_contents(schema)) for name, schema in schemas.items())
    check = jsonschema.Draft202012Validator(schemas["campaign.schema.json"], registry=registry)
    results = json.loads((tmp_path / "results.json").read_text())
    check.validate(results)
    assert not check.is_valid({**results, "memorization": {}})
    page = (tmp_path / "report.html").read_text()
    shown = re.sub(r'"data:[^"]*"', "", page)
    assert "· 1 epoch\n" in shown or "1 epoch</p>" in shown
    assert "nan" not in shown and "None" not in shown
    for name in re.findall(r'<a href="([^"]*)"', page):
        assert (tmp_path / name).exists(), name


def summary(**curve):
    last = dict.fromkeys(POINTS, 0.5)
    return {"models": 8, "split_half_pearson": 0.5, "reliability_wanted": 0.9,
            "reliability_curve": [{"models": 4, **dict.fromkeys(POINTS, math.nan), **curve},
                                  {"models": 8, **last}]}


def test_what_is_not_defined_is_said_so():
    _, lines = campaign.reliability_table(summary()["reliability_curve"])
    assert lines == [["4", *["not defined"] * 3], ["8", *["0.500"] * 3]]
    _, lines = campaign.reliability_table([{"models": 4, **dict.fromkeys(POINTS)}])
    assert lines == [["4", *["not defined"] * 3]]


def test_logarithmic_axes_say_so_and_nothing_known_is_drawn_too():
    drawn = texts(campaign.reliability(summary()))
    assert "models of each estimate (logarithmic)" in drawn and "aimed at: 0.9" in drawn
    nothing = {**summary(), "split_half_pearson": None, "reliability_curve": [
        {"models": 8, **dict.fromkeys(POINTS)}]}
    assert "not defined for any number of models" in texts(campaign.reliability(nothing))
