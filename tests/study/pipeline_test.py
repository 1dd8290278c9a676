"""The whole study at toy size, in one process."""

import csv
import json
import math
import pathlib
import re
import shutil

import jsonschema
import numpy as np
import pytest
from ml_collections import ConfigDict
from toy import FIELDS, ROWS

from rum_jax import report
from rum_jax.config import base
from rum_jax.config.validate import validate
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.evaluate import METRICS, REQUIRED
from rum_jax.report import text
from rum_jax.runtime import provenance
from rum_jax.storage import stage_cache
from rum_jax.study import pipeline
from rum_jax.study.memorization import members_seconds
from rum_jax.study.trained_models import again_seeds
from rum_jax.study.unlearning import steps_of


def toy(**changed) -> ConfigDict:
    config = base.get_config()
    config.update_from_flattened_dict({**FIELDS, **changed})
    validate(config.to_dict())
    return config


def reported(workdir, **changed) -> tuple:
    """A toy study with its report, and what that prints."""
    finished = pipeline.run(workdir, toy(**changed))
    return finished, *report.write(finished, provenance.provenance())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return reported(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def results(finished):
    return json.loads((finished[0].study.workdir / "results.json").read_text())


def metric(results, row, name):
    return next(r for r in results["rows"] if r["name"] == row)["metrics"][name]


def test_results_have_every_row_with_steps_and_per_seed_values(results):
    assert results["schema"] == 3
    assert [row["name"] for row in results["rows"]] == [
        "original", "retrain", "retrain_again", *ROWS]
    names = {"tow", "tow_mia", "tow_stratified", "tow_mia_stratified", "validation_tow",
             "relearn_epochs", "seconds",
             "example_gradients", "optimizer_steps", *REQUIRED, *METRICS}
    for row in results["rows"]:
        assert set(row["metrics"]) == names
        for value in row["metrics"].values():
            assert len(value["per_seed"]) == 3
            np.testing.assert_allclose(value["mean"], np.mean(value["per_seed"]))
    rum = next(row for row in results["rows"] if row["name"] == "rum")
    assert [(s["subset"], s["algorithm"]) for s in rum["steps"]] == [
        ("low", "none"), ("mid", "finetune"), ("high", "salun")]
    assert rum["steps"][2]["hparams"]["mask_fraction"] == 0.5
    assert results["provenance"]["seeds"] == [0, 1, 2]
    assert results["provenance"]["retrain_again_seeds"] == [3, 4, 5]
    assert results["provenance"]["convolution"] == "patches" and results["cautions"] == []


def test_seconds_and_convolutions_of_the_stages(finished, results):
    """Memorization models train outside of their stage; what they took is in its seconds."""
    folder = finished[0].memorization
    outside, inside = members_seconds(folder), stage_cache.seconds(folder)
    assert outside > 0
    assert results["stages"]["memorization"]["seconds"] == pytest.approx(inside + outside)
    used = results["provenance"]["convolutions"]
    assert set(used.values()) == {"patches"} and {"original", "memorization"} <= set(used)


def test_rows_that_must_agree_do(results):
    assert max(metric(results, "retrain", "tow")["per_seed"]) < 1  # compared with the others
    for name in ("tow", "mia", "forget_accuracy", "test_accuracy"):
        assert metric(results, "vanilla:none", name) == metric(results, "original", name)
        assert metric(results, "vanilla:retrain", name) == metric(results, "retrain", name)
    again = metric(results, "retrain_again", "test_accuracy")
    assert again != metric(results, "retrain", "test_accuracy")
    assert metric(results, "original", "seconds")["mean"] == 0
    assert metric(results, "rum", "seconds")["mean"] > 0


def judged(finished, row):
    """metrics.json of a row, and what is said of it."""
    folder = finished[0].rows[row]
    return (records.read_json(folder / name) for name in ("metrics.json", "metrics_about.json"))


def test_models_are_compared_with_the_mean_of_all_other_oracles(finished):
    """All seeds forget the same examples, so there are six oracles."""
    oracles = [{name: values[m] for name, values in metrics.items() if None not in values}
               for row in ("retrain", "retrain_again") for metrics, _ in [judged(finished, row)]
               for m in range(3)]

    def expected(measured, others):
        return math.prod(1 - abs(measured[part] - np.mean([oracle[part] for oracle in others]))
                         for part in ("forget_accuracy", "retain_accuracy", "test_accuracy"))

    for row, first in (("retrain", 0), ("retrain_again", 3), ("rum", 9), ("original", 9)):
        metrics, about = judged(finished, row)
        assert about["oracles"] == {"reference": "mean", "of_each_case": [6, 6, 6]}
        for m in range(3):
            others = [oracle for k, oracle in enumerate(oracles) if k != first + m]
            measured = {name: values[m] for name, values in metrics.items()}
            assert metrics["tow"][m] == pytest.approx(expected(measured, others))


def test_strata_are_thirds_by_memorization(finished):
    metrics, about = judged(finished, "rum")
    assert about["strata"] == {"by": "memorization", "sizes": [10, 10, 10]}
    results = records.read_json(finished[0].study.workdir / "results.json")
    assert results["sets"][0]["strata"] == about["strata"]
    scores = records.read_arrays(finished[0].study.workdir / "forget.npz")["memorization"][0]
    right = records.read_arrays(finished[0].rows["rum"] / "per_example.npz")["forget_accuracy"]
    for m in range(3):
        high = about["forget_accuracy_strata"][m][-1]
        np.testing.assert_allclose(np.mean(about["forget_accuracy_strata"][m]),
                                   metrics["forget_accuracy"][m])
        assert right[m][scores[m] > np.sort(scores[m])[-11]].mean() == pytest.approx(high, abs=0.2)
    assert max(np.subtract(metrics["tow_stratified"], metrics["tow"])) < 1e-9


def test_how_many_epochs_of_relearning_are_cut_off(finished):
    for row in ("original", "retrain", "rum"):
        metrics, about = judged(finished, row)
        assert about["relearn"]["limit"] == 2
        assert metrics["relearn_censored"] == [float(value > 2)
                                               for value in metrics["relearn_epochs"]]
    assert next(judged(finished, "original"))["relearn_epochs"] == [0, 0, 0]


def test_metrics_can_be_recomputed_from_the_models(finished, results):
    study = finished[0].study
    logits = records.read_arrays(study.workdir / "stages" / "original" / "logits.npz")["logits"]
    right = logits.argmax(-1) == study.dataset.labels
    forget = records.read_arrays(study.workdir / "forget.npz")["positions"][0]
    test = study.dataset.positions["test"]
    np.testing.assert_allclose(metric(results, "original", "forget_accuracy")["per_seed"],
                               np.take_along_axis(right, forget, 1).mean(1))
    np.testing.assert_allclose(metric(results, "original", "test_accuracy")["per_seed"],
                               right[:, test].mean(1))


def test_memorization_files(finished, results):
    study = finished[0].study
    scores = records.read_arrays(study.workdir / "memorization.npz")
    train = study.dataset.train
    assert scores["ids"].tolist() == study.dataset.ids[train].tolist()
    assert (scores["count_in"] + scores["count_out"] == 8).all()
    assert scores["injected_noise"].sum() == 63
    assert results["memorization"]["injected_noise_examples"] == 63
    assert results["memorization"]["models"] == 8
    forget = records.read_arrays(study.workdir / "forget.npz")
    assert forget["sets"].tolist() == ["memorization:mix"] and forget["ids"].shape == (1, 3, 30)
    chosen = set(forget["ids"].ravel())
    assert len(chosen) == 30 and chosen <= set(scores["ids"])
    influence = records.read_arrays(study.workdir / "influence.npz")
    assert influence["influence"].shape == (len(influence["test_ids"]), len(train))


def test_results_follow_their_schema(results):
    schema = json.loads((pathlib.Path(report.__file__).parent / "results.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(results, schema)
    for damage in ({"schema": 2}, {"rows": []}, {"more": 1}, {"comparisons": [{"set": "a"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**results, **damage}, schema)


def test_report_is_self_contained(finished):
    _, table, path = finished
    page = path.read_text()
    names = ("differences", "tow", "accuracies", "run_times", "memorization", "examples",
             "training", "unlearning")
    assert page.count("data:image/svg+xml;base64,") == len(names)
    assert "src=\"http" not in page and "<script" not in page and "<link" not in page
    shown = page.replace("<wbr>", "")
    for row in ROWS:
        assert row in shown and row in table
    for name in METRICS:
        assert f">{name}</th>" in shown
    for name in names:
        assert (path.parent / f"{name}.svg").read_bytes().startswith(b"<?xml")
    for name in re.findall(r'<a href="([^"]*)"', page):
        assert (path.parent / name).exists()


def test_relearn_time_is_told_by_its_median_and_the_share_censored(results):
    value = metric(results, "retrain", "relearn_epochs")
    assert value["median"] == np.median(value["per_seed"])
    limit = results["sets"][0]["relearn_limit"]
    assert value["censored_share"] == np.mean(np.array(value["per_seed"]) > limit)


def test_csv_and_lines_say_the_same(finished, results):
    workdir = finished[0].study.workdir
    with (workdir / "results.csv").open() as file:
        lines = {(line["row"], line["metric"]): line for line in csv.DictReader(file)}
    line = lines["rum", "tow"]
    assert float(line["mean"]) == metric(results, "rum", "tow")["mean"]
    assert float(line["seed_2"]) == metric(results, "rum", "tow")["per_seed"][2]
    lines = records.read_lines(workdir / "metrics.jsonl")
    judged = [m for m in lines if m["stage"] == "evaluation" and m["row"] == "rum"]
    assert [m["tow"] for m in judged] == metric(results, "rum", "tow")["per_seed"]
    losses = next(m for m in lines if m["stage"] == "original")["loss_per_epoch"]
    assert len(losses) == 4 and losses[-1] < losses[0]
    assert len([m for m in lines if m["stage"] == "memorization"]) == 8


def test_a_second_run_repeats_nothing_and_finds_the_same(finished, results):
    study = finished[0].study
    before = {p: p.stat().st_mtime_ns for p in (study.workdir / "stages").rglob("*")}
    again = pipeline.run(study.workdir, toy())
    report.write(again, provenance.provenance())
    assert {p: p.stat().st_mtime_ns for p in (study.workdir / "stages").rglob("*")} == before
    repeated = json.loads((study.workdir / "results.json").read_text())
    assert repeated["rows"] == results["rows"]


@pytest.mark.slow
def test_another_row_in_the_same_folder_computes_that_row_only(finished):
    study = finished[0].study
    before = {p: p.stat().st_mtime_ns for p in (study.workdir / "stages").rglob("done.json")}
    more = pipeline.run(study.workdir, toy(rows=(*ROWS, "vanilla:salun"),
                                           **{"engine.devices": 1,
                                              "vanilla.hparams.salun.epochs": 1}))
    assert "vanilla:salun" in more.rows
    after = {p: p.stat().st_mtime_ns for p in (study.workdir / "stages").rglob("done.json")}
    new = {str(p.parent.relative_to(study.workdir / "stages")) for p in set(after) - set(before)}
    assert new == {"unlearn/vanilla-salun", "evaluation/vanilla-salun"}
    assert {p: after[p] for p in before} == before


def test_damage_is_reported_before_anything_is_recomputed(finished):
    workdir = finished[0].study.workdir
    target = workdir / "stages" / "forget" / "forget.npz"
    content = target.read_bytes()
    before = {p: p.stat().st_mtime_ns for p in (workdir / "stages").rglob("*")}
    target.write_bytes(content[:-20])
    try:
        with pytest.raises(InputError, match="forget.npz: is damaged"):
            pipeline.run(workdir, toy())
    finally:
        target.write_bytes(content)
    after = {p: p.stat().st_mtime_ns for p in (workdir / "stages").rglob("*")}
    assert set(after) == set(before)
    assert {p for p in after if after[p] != before[p]} == {target}


def test_influence_asked_for_later_comes_from_all_members(finished):
    study = finished[0].study
    expected = records.read_arrays(study.workdir / "influence.npz")["influence"]
    shutil.rmtree(study.workdir / "stages" / "influence")
    (study.workdir / "campaign" / "members" / "00004-00007.npz").unlink()
    pipeline.run(study.workdir, toy())
    again = records.read_arrays(study.workdir / "stages/influence/influence.npz")["influence"]
    np.testing.assert_array_equal(again, expected)


def test_steps_of_rows():
    config, subsets = toy(**{"rum.order": "high-low-mid"}), ("low", "mid", "high")
    assert [s.subset for s in steps_of(config, "rum", subsets)] == ["high", "low", "mid"]
    assert [s.algorithm for s in steps_of(config, "rum", subsets)] == ["salun", "none", "finetune"]
    assert [s.algorithm for s in steps_of(config, "rum_f:salun", subsets)] == ["salun"] * 3
    assert [s.subset for s in steps_of(config, "vanilla:salun")] == ["forget"]
    assert again_seeds((0, 7, 3)) == (8, 9, 10)
    assert steps_of(config, "vanilla:retrain")[0].hparams["schedule"] == "cosine"


def test_subsets_without_an_entry_do_what_their_level_does():
    config, hparams = toy(), {"epochs": 9, "last_epoch_factor": 1.0, "learning_rate": 0.5}
    with config.unlocked():
        config.rum.algorithms.high_near = "neggrad_plus"
        config.rum.hparams.finetune.mid_2 = ConfigDict(hparams)
    validate(config.to_dict())
    steps = steps_of(config, "rum[order=descending]",
                     ("low", "mid_1", "mid_2", "high_apart", "high_near"))
    assert [(s.subset, s.algorithm) for s in steps] == [
        ("high_near", "neggrad_plus"), ("high_apart", "salun"), ("mid_2", "finetune"),
        ("mid_1", "finetune"), ("low", "none")]
    assert steps[0].hparams == config.rum.hparams.neggrad_plus.high.to_dict()
    assert steps[2].hparams == hparams
    assert steps[3].hparams == config.rum.hparams.finetune.mid.to_dict()


def test_rows_say_what_they_do_and_sentences_follow_the_tests(results):
    specs = {row["name"]: row["spec"] for row in results["rows"]}
    assert specs["rum_shuffled"] == {
        "kind": "rum", "algorithm": None, "refinement": "shuffled", "subsets": 3,
        "order": "ascending", "steps": "sequential"}
    assert specs["retrain"]["kind"] == "reference"
    assert results["scope"] == {"seeds": 3, "data_seed": 0, "memorization": True,
                                "forget_sets_alike": {"memorization:mix": True}}
    said = " ".join([*text.answer(results), *text.findings(results)])
    assert all(comparison["verdict"] in said for comparison in results["comparisons"])
    assert "no difference" not in said
