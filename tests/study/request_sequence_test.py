"""A stream of requests at toy size: what each row is asked, what it does, how it is judged."""

import json

import numpy as np
import pytest

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.experiment.build import unlearn_optimizer
from rum_jax.forget.by_score import select
from rum_jax.forget.entanglement import centroid_distances
from rum_jax.proxies import scores
from rum_jax.report import text
from rum_jax.rum.chain import WHOLE, Chain, run
from rum_jax.runtime.progress import silent
from rum_jax.study import pipeline
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.trained_models import load_logits, load_states, retrained, work_of
from rum_jax.study.unlearning import steps_of
from rum_jax.train.predict import embed, predict
from study.pipeline_test import reported, toy

REQUESTS = ("heldout_retrain:mix", "heldout_retrain:mix", "entanglement:high")
ROWS = ("vanilla:finetune", "rum[by=heldout_retrain]")
FIELDS = {"rows": ROWS[:1], "forget.sets": ("heldout_retrain:mix",), "forget.size": 30,
          "rum.algorithms.high": "finetune", "rum.hparams.finetune.high.epochs": 1,
          "relearn.epochs": 0, "metrics": (), "campaign.influence": "none", "campaign.models": 0,
          "stream.requests": REQUESTS, "stream.size": 30, "stream.rows": ROWS,
          "proxies.heldout_retrain.learning_rate": 10.0}  # too high, and told to be


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return reported(tmp_path_factory.mktemp("stream"), **FIELDS)[0]


def requested(finished, row):
    """int32[requests,S,F] positions."""
    return np.stack([records.read_arrays(folder / "request.npz")["positions"]
                     for folder in finished.streams[row].requests])


def metrics(finished, row, number):
    return records.read_json(finished.streams[row].evaluations[number] / "metrics.json")


def test_no_example_is_asked_for_twice(finished):
    for row in finished.streams:
        positions = requested(finished, row)
        for m in range(3):
            assert len(np.unique(positions[:, m])) == 90


def test_requests_are_chosen_by_the_models_that_are_there_by_then(finished):
    first = {row: requested(finished, row)[0].tolist() for row in ROWS}
    assert first[ROWS[0]] == first[ROWS[1]]
    row = ROWS[0]
    positions, folder = requested(finished, row), finished.streams[row].requests[1].parent
    values = records.read_arrays(folder / "proxies" / "heldout_retrain" / "values.npz")["values"]
    fresh = scores("heldout_retrain", values)
    for m in range(3):
        left = np.setdiff1d(finished.study.dataset.train, positions[0, m])
        expected = left[select("mix", fresh[m][left], 30, "heldout_retrain")]
        assert positions[1, m].tolist() == expected.tolist()
    before = ExampleScores(finished.study, finished.models["original"]).score("heldout_retrain")
    assert not np.array_equal(before, fresh)
    assert not np.array_equal(positions[1], requested(finished, "retrain")[1])


def test_entanglement_is_with_what_is_left(finished):
    row = ROWS[0]
    positions, study = requested(finished, row), finished.study
    models = finished.streams[row].requests[1].parent / "models"
    features = embed(study.task, load_states(study, models))
    for m in range(3):
        left = np.setdiff1d(study.dataset.train, positions[:2, m])
        order = left[np.argsort(centroid_distances(features[m][left]), kind="stable")]
        each = len(left) // (len(left) // 30)
        number = 3 * (len(left) // 30) // 15
        assert positions[2, m].tolist() == sorted(order[number * each:][:30].tolist())


def test_the_first_request_gives_what_the_study_gives(finished):
    alone = records.read_json(finished.rows[ROWS[0]] / "metrics.json")
    stream = metrics(finished, ROWS[0], 0)
    del alone["seconds"], stream["seconds"]
    assert stream == alone


def test_oracles_never_saw_what_was_asked_for_so_far(finished):
    positions = requested(finished, "retrain")
    for number in range(3):
        # Each is compared with the other oracle of its requests, and so is the other.
        exact, again = (metrics(finished, row, number)["tow"]
                        for row in ("retrain", "retrain_again"))
        assert exact == pytest.approx(again) and max(exact) < 1
        forgotten = np.sort(np.concatenate(positions[:number + 1], axis=1), axis=1)
        name = records.digest(forgotten.tolist())[:12]
        oracle = finished.study.workdir / "stages" / "stream" / "oracles" / name
        right = load_logits(oracle).argmax(-1) == finished.study.task.labels
        np.testing.assert_allclose(
            metrics(finished, "retrain", number)["forget_accuracy"],
            [right[m, forgotten[m]].mean() for m in range(3)])
        np.testing.assert_allclose(
            metrics(finished, "original", number)["forget_accuracy"],
            [(load_logits(finished.models["original"]).argmax(-1)
              == finished.study.task.labels)[m, forgotten[m]].mean() for m in range(3)])


def test_oracles_are_retrained_without_all_that_was_asked_for(finished):
    """The second ones, made anew from what was asked for."""
    study, positions = finished.study, requested(finished, "retrain")
    forgotten = np.sort(np.concatenate(positions[:2], axis=1), axis=1)
    name = records.digest(forgotten.tolist())[:12]
    for kind, seeds in (("oracles", (0, 1, 2)), ("oracles_again", (3, 4, 5))):
        anew = retrained(study, f"test/{kind}", seeds, forgotten)
        stored = study.workdir / "stages" / "stream" / kind / name
        np.testing.assert_array_equal(load_logits(stored), load_logits(anew))
        assert work_of(stored)["example_gradients"] == 4 * (len(study.dataset.train) - 60)


def test_later_requests_are_refined_by_the_models_by_then(finished):
    folder = finished.streams[ROWS[1]].requests[1].parent
    fresh = scores("heldout_retrain", records.read_arrays(
        folder / "proxies" / "heldout_retrain" / "values.npz")["values"])
    subsets = records.read_arrays(folder / "models" / "subsets.npz")
    for m in range(3):
        low, mid, high = (fresh[m][subsets[name][m]] for name in ("low", "mid", "high"))
        assert low.max() <= mid.min() and mid.max() <= high.min()


def test_each_request_starts_where_the_one_before_ended(finished):
    trace = records.read_json(finished.streams[ROWS[0]].trace / "trace.json")
    accuracy = trace["measures"]["accuracy"]
    assert [step["subset"] for step in trace["steps"]] == ["request 1", "request 2", "request 3"]
    assert np.shape(accuracy["request 2"]) == (4, 3)
    original = (load_logits(finished.models["original"]).argmax(-1)
                == finished.study.task.labels)
    positions = requested(finished, ROWS[0])
    np.testing.assert_allclose(accuracy["request 3"][0],
                               [original[m, positions[2, m]].mean() for m in range(3)])
    for number in range(3):
        np.testing.assert_allclose(accuracy["test"][number + 1],
                                   metrics(finished, ROWS[0], number)["test_accuracy"])


def test_a_request_is_unlearned_from_the_models_before_it(finished):
    study, row = finished.study, ROWS[0]
    positions = requested(finished, row)
    folders = [folder.parent / "models" for folder in finished.streams[row].requests]
    left = np.stack([np.setdiff1d(study.dataset.train, forget) for forget in positions[0]])
    (step,) = steps_of(study.config, row)
    done = run(Chain(study.task, left, [{WHOLE: forget} for forget in positions[1]], [step],
                     (0, 1, 2), unlearn_optimizer(study.config), load_states(study, folders[0]),
                     request=1), silent)
    np.testing.assert_array_equal(predict(study.task, done.states), load_logits(folders[1]))


def test_every_row_is_in_the_report(finished):
    results = json.loads((finished.study.workdir / "results.json").read_text())
    stream = results["sections"]["streams"]
    assert stream["requests"] == list(REQUESTS) and stream["sizes"] == [30, 30, 30]
    assert [row["row"] for row in stream["rows"]] == ["original", "retrain", "retrain_again", *ROWS]
    for row in stream["rows"]:
        assert [after["tow"]["per_seed"] for after in row["after"]] == [
            metrics(finished, row["row"], number)["tow"] for number in range(3)]
    page = (finished.study.workdir / "report.html").read_text()
    assert stream["alike"] is False
    assert "Methods unlearn different examples after the first request" in page
    assert "Sequential forget requests" in page and "1. heldout_retrain:mix (30 examples)" in page


@pytest.mark.slow
def test_other_rows_and_requests_may_come_later(finished):
    """The stream is no part of what a workdir is bound to; what is there is not done again."""
    def stage_times():
        return {path: path.stat().st_mtime_ns
                for path in (finished.study.workdir / "stages").rglob("done.json")}

    before = stage_times()
    pipeline.run(finished.study.workdir, toy(**{**FIELDS, "stream.rows": ROWS[:1]}))
    assert stage_times() == before
    other = pipeline.run(finished.study.workdir, toy(**{
        **FIELDS, "stream.requests": ("class:3", "class:5"), "stream.size": 20,
        "stream.rows": ROWS[:1]}))
    labels = finished.study.dataset.labels
    for number, label in enumerate((3, 5)):
        assert set(labels[requested(other, ROWS[0])[number].ravel()]) == {label}
    for request, exact in zip(other.streams[ROWS[0]].requests, other.streams["retrain"].requests,
                              strict=True):
        np.testing.assert_array_equal(*(records.read_arrays(folder / "request.npz")["positions"]
                                        for folder in (request, exact)))


def test_requests_that_scores_rule_out_are_refused_before_anything_is_unlearned(tmp_path):
    """Ten examples have a middle score and twenty a high one: enough for two mixes of 15."""
    config = toy(**{**FIELDS, "forget.sets": ("random",)})
    dataset = pipeline.make_study(tmp_path / "study", config).dataset
    ids = dataset.ids[dataset.train]
    memorization = np.zeros(len(ids))
    memorization[:30] = [0.5] * 10 + [1.0] * 20
    np.savez(tmp_path / "scores.npz", ids=ids, memorization=memorization)
    fields = {**FIELDS, "memorization.scores": str(tmp_path / "scores.npz"),
              "stream.requests": ("memorization:mix",) * 3, "stream.size": 15}
    with pytest.raises(InputError, match="every row, request 3: config.stream.size: is 15; 5 "
                                         "example.s. would be in two of the parts of memorization"):
        pipeline.run(tmp_path / "run", toy(**fields))
    assert sorted(path.name for path in (tmp_path / "run" / "stages").iterdir()) == [
        "data", "forget", "memorization", "original", "proxies"]


@pytest.mark.parametrize("changed, message", [
    ({"stream.rows": ()}, r"config.stream.rows: is \(\); allowed with config.stream.requests="),
    ({"stream.requests": ()}, r"config.stream.rows: is \('vanilla:finetune'.*allowed.*: \(\)"),
    ({"stream.requests": ("memorization:high",)},
     "config.campaign.models: is 0; allowed with config.stream.requests: at least 4"),
    ({"stream.requests": ("entanglement_score:40,memorization<0.5",)},
     "config.campaign.models: is 0; allowed with config.stream.requests: at least 4"),
    ({"stream.rows": ("rum",)},
     "config.campaign.models: is 0; allowed with config.stream.rows: rum: at least 4"),
    ({"stream.size": 31}, "config.stream.size: is 31; allowed with heldout_retrain:mix: a mult"),
    ({"stream.size": 420}, "config.stream.size: is 420; allowed: less than the training set's "
                           "1259 examples, for 3 requests together"),
    ({"stream.size": 0}, "config.stream.size: is 0; allowed with heldout_retrain:mix: at least 1"),
    ({"stream.requests": ("class:3", "class:3"), "stream.size": 0},
     "config.stream.requests: class:3 has no example in the training set that was not asked for "
     r"before; .* \(request 2, seed 0\)"),
    ({"stream.requests": ("class:0+1+2+3+4", "class:5+6+7+8+9"), "stream.size": 0},
     "config.stream.requests: ask for the whole training set; allowed: some that leave"),
    ({"stream.requests": ("random", "class:3"), "stream.size": 120},
     r"config.stream.size: is 120; allowed with class:3: at most 1\d\d, .*\(request 2, seed 0\)"),
    ({"stream.requests": ("noise", "noise"), "stream.size": 40},
     r"config.stream.size: is 40; allowed with noise: at most 23, as .*\(request 2, seed 0\)"),
    ({"stream.requests": ("class:12",), "stream.size": 10},
     "config.stream.requests: class:12 names class 12; known: 0, 1"),
    ({"stream.rows": ("rum_f:finetune[subsets=40;by=heldout_retrain]",)},
     "config.stream.rows: .* has 40 subsets; allowed with config.stream.size=30: at most 30")])
def test_streams_that_cannot_be_are_refused(changed, message):
    with pytest.raises(InputError, match=message):
        toy(**{**FIELDS, **changed})


def test_what_proxies_tell_of_themselves_is_in_the_report(finished):
    """Scores that were made again after a request, too."""
    workdir = finished.study.workdir
    cautions = {str(path.parent.relative_to(workdir / "stages")): records.read_json(path)["caution"]
                for path in (workdir / "stages").rglob("proxies/*/cost.json")}
    results = records.read_json(workdir / "results.json")
    expected = {stage: caution for stage, caution in cautions.items() if caution}
    assert any(stage.startswith("stream/") for stage in expected)
    assert {entry["stage"]: entry["caution"] for entry in results["cautions"]} == expected
    assert {f"Caution, {stage}: {caution}." for stage, caution in expected.items()} < set(
        text.findings(results))
