import json

import pytest
from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.tuning import given, pipeline


def study(path=""):
    config = base.get_config()
    config.replicates, config.tuning.replicates = (0, 1, 2), (100, 101)
    config.parts = ConfigDict({"low": {"forget": {"size": 20}, "rows": ("vanilla:finetune",)},
                               "mix": {"rows": ("vanilla:finetune", "rum")}})
    config.tuning.given = str(path)
    return config


def result(digest, **hparams):
    return {"vanilla:finetune": {
        "row": "vanilla:finetune", "made_from": digest, "score": 0.5, "trainings": 4, "log": [],
        "steps": [{"subset": "forget", "algorithm": "finetune", "hparams": hparams}]}}


@pytest.fixture
def written(tmp_path):
    """Writes a results.json with the search of `low`, and another one; its path."""
    def write(searches=None, **hparams):
        digest = pipeline.digests(study())["low"]
        path = tmp_path / "results.json"
        path.write_text(json.dumps({"searches": searches if searches is not None else {
            "low": result(digest, **{"epochs": 3, **hparams}), "other": result("0" * 64)}}))
        return path
    return write


def check(path):
    config = study(path)
    given.check(config, pipeline.digests(config))


def test_a_search_that_is_the_same_is_taken_and_others_are_done(written, tmp_path, monkeypatch,
                                                                capsys):
    searched = []
    monkeypatch.setattr(pipeline, "_search", lambda workdir, config, part, digest: (
        searched.append(part) or {"rows": {}, "fields": {}}))
    config = study(written())
    for piece in pipeline.pieces(tmp_path / "run", config)[0]:
        piece.work()
    assert searched == ["mix"]
    assert pipeline.fields(tmp_path / "run", config)["low"] == {
        "vanilla": {"hparams": {"finetune": {"epochs": 3}}}}
    assert pipeline.load(tmp_path / "run", "low")["given"] == records.sha256(
        tmp_path / "results.json")
    assert "given" not in pipeline.load(tmp_path / "run", "mix")
    assert f"search low: taken from {config.tuning.given}" in capsys.readouterr().err
    assert all(piece.is_done() for piece in pipeline.pieces(tmp_path / "run", study())[0])


def test_where_a_search_was_found_makes_no_other_search(written):
    assert pipeline.digests(study(written())) == pipeline.digests(study())


@pytest.mark.parametrize("changed, same", [
    ({"replicates": (0, 1, 2, 3)}, True), ({"tuning.budget": 6}, False),
    ({"tuning.replicates": (100, 102)}, False), ({"train.epochs": 3}, False),
    ({"parts.mix.forget": {"size": 30}}, True)])
def test_what_makes_it_another_search(changed, same):
    config = study()
    base.set_fields(config, changed)
    assert (pipeline.digests(config)["low"] == pipeline.digests(study())["low"]) == same


def test_models_of_the_search_are_needed_where_something_is_searched(written):
    assert pipeline.data_seeds(study(written())) == (100, 101)
    everything = {part: result(digest) for part, digest in pipeline.digests(study()).items()}
    assert pipeline.data_seeds(study(written(everything))) == ()


def test_a_file_that_is_no_results_json_is_refused(tmp_path, written):
    for path, message in ((tmp_path / "missing.json", "config.tuning.given: there is no file"),
                          (tmp_path, "it is a folder")):
        with pytest.raises(InputError, match=message):
            check(path)
    path = tmp_path / "results.json"
    for content in ("", "[]", "3", "{}", '{"searches": []}', '{"searches": {"low": {"row": 3}}}',
                    '{"searches": {"low": {"vanilla:finetune": {"made_from": "a"}}}}'):
        path.write_text(content)
        with pytest.raises(InputError, match="config.tuning.given: .*: is no results.json of"):
            check(path)


def test_a_file_without_a_search_of_this_study_is_refused(written):
    for searches in ({}, {"low": result("0" * 64)}):
        with pytest.raises(InputError, match="has no search that this study would do; allowed"):
            check(written(searches))


@pytest.mark.parametrize("hparams", [{"epochs": "many"}, {"epoch": 3}, {"learning_rate": -1}])
def test_values_that_no_config_may_have_are_refused(written, hparams):
    name = next(iter(hparams))
    with pytest.raises(InputError, match=f"given: .*search of low: config.*{name}"):
        check(written(**hparams))
    check(written())
