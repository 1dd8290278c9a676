"""Several forget sets side by side, rows of every kind, traces and proxies, at toy size."""

import json

import numpy as np
import pytest

from rum_jax.cli.forget_sets import write
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.forget.entanglement import entanglement_score
from rum_jax.study import pipeline
from rum_jax.study.example_scores import ExampleScores
from study.pipeline_test import metric, reported, toy

SETS = ("memorization:mix", "entanglement:high", "random")
ROWS = ("vanilla:finetune", "rum", "rum[by=confidence]", "rum_f:finetune[steps=merged]",
        "rum[by=memorization*entanglement]")
FIELDS = {"rum.algorithms.high": "finetune", "rum.hparams.finetune.high.epochs": 1,
          "forget.sets": SETS, "rows": ROWS, "trace": True, "relearn.epochs": 0, "metrics": (),
          "campaign.influence": "none", "campaign.models": 0,
          "proxies.compared": ("confidence", "loss_curvature"),
          **{f"rum_f.hparams.finetune.{subset}.epochs": 1 for subset in ("low", "mid", "high")}}


@pytest.fixture(scope="module")
def fields(dataset, tmp_path_factory):
    """With scores that are known of every example: toy campaigns leave some out."""
    path = tmp_path_factory.mktemp("scores") / "scores.npz"
    ids = dataset.ids[dataset.train]
    np.savez(path, ids=ids, memorization=np.where(
        dataset.noisy[dataset.train], 1, 0.8) * np.random.default_rng(0).random(len(ids)))
    return {**FIELDS, "memorization.scores": str(path)}


@pytest.fixture(scope="module")
def finished(fields, tmp_path_factory):
    return reported(tmp_path_factory.mktemp("cases"), **fields)[0]


def example_scores_of(finished):
    return ExampleScores(finished.study, finished.models["original"])


def row_metrics(finished, row):
    return records.read_json(finished.rows[row] / "metrics.json")


def test_cases_are_set_after_set(finished):
    cases = finished.cases
    assert cases.sets == SETS and cases.seeds == (0, 1, 2) * 3 and cases.forget.shape == (9, 30)
    assert [cases.original(m) for m in range(9)] == [0, 1, 2] * 3
    assert cases.of_set("entanglement:high") == slice(3, 6)
    assert (cases.forget[0] == cases.forget[1]).all()      # memorization is one for all seeds
    assert (cases.forget[3] != cases.forget[4]).any()      # entanglement is each original's own
    assert (cases.forget[6] != cases.forget[7]).any()
    assert np.isin(cases.forget, finished.study.dataset.train).all()


def test_each_set_gives_what_it_gives_alone(finished, fields, tmp_path):
    alone = pipeline.run(tmp_path, toy(**{**fields, "forget.sets": SETS[1:2],
                                          "rows": ROWS[:3], "trace": False}))
    for row in ("retrain", "retrain_again", *ROWS[:3]):
        together = np.array(row_metrics(finished, row)["tow"])[finished.cases.of_set(SETS[1])]
        np.testing.assert_array_equal(together, row_metrics(alone, row)["tow"])


def test_statistics_are_those_of_the_sets(finished):
    stored = records.read_json(finished.forget / "statistics.json")
    features, forget = example_scores_of(finished).features(), finished.cases.forget
    train = finished.study.dataset.train
    for number, name in enumerate(SETS):
        assert stored[number]["set"] == name and stored[number]["size"] == 30
        for m in range(3):
            chosen = forget[3 * number + m]
            np.testing.assert_allclose(
                stored[number]["entanglement_score"][m],
                entanglement_score(features[m][np.setdiff1d(train, chosen)], features[m][chosen]))
            assert sum(stored[number]["class_histogram"][m]) == 30
    known = example_scores_of(finished).score("memorization")
    np.testing.assert_allclose(stored[1]["mean_memorization"][2], np.nanmean(known[2][forget[5]]))
    shared = len(set(forget[1]) & set(forget[4]))
    assert stored[0]["overlap"][SETS[1]][1] == shared / (60 - shared)
    by_score = [np.mean(record["entanglement_score"]) for record in stored]
    assert by_score[1] == min(by_score)


def test_a_trace_begins_with_the_original_and_ends_with_the_row(finished):
    assert set(finished.traces) == set(ROWS) - {"vanilla:finetune"}
    for row in finished.traces:
        trace = records.read_json(finished.traces[row] / "trace.json")
        accuracy = trace["measures"]["accuracy"]
        assert set(accuracy) == {step["subset"] for step in trace["steps"]} | {"retain", "test"}
        assert all(np.shape(values) == (len(trace["steps"]) + 1, 9)
                   for part in trace["measures"].values() for values in part.values())
        for at, other in ((0, "original"), (-1, row)):
            np.testing.assert_allclose(accuracy["test"][at],
                                       row_metrics(finished, other)["test_accuracy"])


def test_rum_leaves_what_it_does_nothing_to_as_it_is(finished):
    trace = records.read_json(finished.traces["rum"] / "trace.json")
    assert trace["steps"][0] == {"subset": "low", "algorithm": "none"}
    for measure in trace["measures"].values():
        for values in measure.values():
            np.testing.assert_array_equal(values[0], values[1])


def test_subsets_are_by_the_score_that_a_row_asks_for(finished):
    known = example_scores_of(finished).score("confidence")
    stored = records.read_arrays(finished.models["rum[by=confidence]"] / "subsets.npz")
    for m in range(9):
        low, mid, high = (known[m % 3][stored[name][m]] for name in ("low", "mid", "high"))
        assert low.max() <= mid.min() and mid.max() <= high.min()
    both = records.read_arrays(finished.models["rum[by=memorization*entanglement]"]
                               / "subsets.npz")
    assert list(both) == ["low_1", "low_2", "mid_1", "mid_2", "high_1", "high_2"]


def test_proxies_come_from_the_originals_own_training(finished):
    events = records.read_arrays(finished.models["original"] / "learning_events.npz")
    np.testing.assert_array_equal(example_scores_of(finished).score("confidence"),
                                  -events["confidence"])
    dataset = finished.study.dataset
    assert events["accuracy"].shape == (3, len(dataset.ids))
    assert records.read_json(finished.proxies["confidence"] / "cost.json")["example_gradients"] == 0
    curvature = example_scores_of(finished).score("loss_curvature")
    outside = ~np.isin(np.arange(len(dataset.ids)), dataset.train)
    assert (curvature[:, ~outside] >= 0).all() and np.isnan(curvature[:, outside]).all()
    confidence = example_scores_of(finished).score("confidence")
    assert (np.nanmean(confidence[:, dataset.noisy])
            > np.nanmean(confidence[:, ~dataset.noisy]))


def test_results_have_every_set(finished):
    results = json.loads((finished.study.workdir / "results.json").read_text())
    assert [(row["set"], row["name"]) for row in results["rows"]] == [
        (name, row) for name in SETS for row in ("original", "retrain", "retrain_again", *ROWS)]
    assert {c["set"] for c in results["comparisons"]} == set(SETS)
    assert metric(results, "rum", "tow")["per_seed"] == row_metrics(finished, "rum")["tow"][:3]
    assert {"levels", "proxies", "onion"} <= set(results["sections"])


def test_ids_are_written_as_text(finished, tmp_path):
    paths = write(tmp_path, finished.forget, SETS)
    assert [path.name for path in paths[:3]] == ["forget.npz", "forget_statistics.json",
                                                 "memorization-mix-seed0.txt"]
    assert len(paths) == 2 + 9
    ids = (tmp_path / "entanglement-high-seed1.txt").read_text().split()
    assert ids == finished.study.dataset.ids[finished.cases.forget[4]].tolist()


def test_sets_of_different_sizes_are_refused():
    with pytest.raises(InputError, match=r"have different sizes \(class:3: \d+, class:4: \d+\)"):
        toy(**{**FIELDS, "forget.sets": ("class:3", "class:4"), "forget.size": 0, "rows": (),
               "proxies.compared": (), "campaign.models": 0})
