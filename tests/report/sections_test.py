"""A report is written by one process alone: it reads what stages have left, and runs none."""

import pathlib
import types
import typing

import numpy as np
import pytest

from report.example_rows import row
from rum_jax.config import base
from rum_jax.core import records
from rum_jax.report import sections
from rum_jax.storage import stage_cache
from rum_jax.study import pipeline
from rum_jax.study.example_scores import ExampleScores


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A study with one proxy; its stages and all other processes are out of reach."""
    def refuse(*arguments, **named):
        raise AssertionError("a report starts a stage, or waits for other processes")

    monkeypatch.setattr(stage_cache, "stage", refuse)
    config, n = base.get_config(), 12
    config.proxies.compared = ("confidence",)
    cost = tmp_path / "proxies"
    cost.mkdir()
    records.write_json(cost / "cost.json", {"seconds": 0.0, "example_gradients": 0})
    trained = tmp_path / "retrain"
    trained.mkdir()
    monkeypatch.setattr(sections, "work_of", lambda folder: {"example_gradients": 10})
    dataset = types.SimpleNamespace(train=np.arange(n), noisy=np.arange(n) == 3)
    study = types.SimpleNamespace(config=config, dataset=dataset)
    values = dict.fromkeys(pipeline.StudyArtifacts._fields)
    return pipeline.StudyArtifacts(**{
        **values, "study": study, "models": {"retrain": trained},
        "proxies": {"confidence": pathlib.Path(cost)}, "traces": {}, "streams": {},
        "proxy_scores": {"confidence": np.tile(np.arange(float(n)), (2, 1))},
        "cases": types.SimpleNamespace(sets=("a",))})


def test_scores_are_read_before_the_report_begins(finished):
    contents = sections.assemble(finished, [row("rum", tow=[0.5, 0.6])], [{"set": "a"}])
    assert [proxy["proxy"] for proxy in contents["proxies"]["proxies"]] == ["confidence"]
    assert contents["proxies"]["proxies"][0]["injected_noise_auroc"]["mean"] == pytest.approx(
        3 / 11)


@pytest.mark.parametrize("other, alike", [([3, 4], True), ([3, 5], False)])
def test_rows_are_asked_alike_if_every_request_is(tmp_path, finished, other, alike):
    streams = {}
    for name, last in (("retrain", [3, 4]), ("rum", other)):
        folders = [tmp_path / name / str(number) for number in (1, 2)]
        for folder, positions in zip(folders, ([1, 2], last), strict=True):
            folder.mkdir(parents=True)
            np.savez(folder / "request.npz", positions=[positions])
        streams[name] = types.SimpleNamespace(requests=folders)
    assert sections._requests_are_alike(finished._replace(streams=streams)) is alike


def test_no_part_of_a_report_can_start_a_stage():
    """One process of several writes it, and would wait for the others."""
    assert all(kind is not ExampleScores
               for kind in typing.get_type_hints(pipeline.StudyArtifacts).values())
    for path in pathlib.Path(sections.__file__).parent.glob("*.py"):
        for call in ("ExampleScores", "stage_cache.stage(", "import distributed"):
            assert call not in path.read_text(), f"{path.name}: {call}"
