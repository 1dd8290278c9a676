"""Sweeps, as far as they do not train; `main_test.py` runs them."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest
from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.core.errors import InputError
from rum_jax.report import sweep as report
from rum_jax.study import sweep_scores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.sweep import fields_of, planned
from rum_jax.study.sweep_scores import named, summaries


def config(**fields) -> ConfigDict:
    sweep_config = base.get_config()
    base.set_fields(sweep_config, {f"sweep.{name}": value for name, value in fields.items()})
    return sweep_config


@pytest.mark.parametrize("fields, expected", [
    ({"grid": "rate=1"}, "'rate' is unknown in vanilla:finetune; known: epochs, "
                          "last_epoch_factor, learning_rate"),
    ({"grid": "learning_rate=0.1,x"}, "config.sweep.grid: learning_rate: is 'x'; allowed: floats"),
    ({"grid": " "}, "config.sweep.grid: is ' '; allowed"),
    ({"method": "random", "rows": ("vanilla:none",)},
     "vanilla:none has no hyper-parameters to search"),
    ({"rows": ("rum_shuffled",)}, "rum_shuffled does what rum does, on other subsets; sweep rum")])
def test_faulty_sweeps(fields, expected):
    with pytest.raises(InputError, match=expected):
        planned(config(**{"rows": ("vanilla:finetune",), "method": "grid", **fields}))


def test_random_points_begin_with_the_published_ones_whatever_the_config_has():
    sweep_config = config(rows=("rum", "vanilla:finetune"), points=3)
    base.set_fields(sweep_config, {"rum.hparams.salun.high.epochs": 9,
                                   "vanilla.hparams.finetune.learning_rate": 0.3})
    plan = planned(sweep_config)
    assert plan["vanilla:finetune"][0].steps[0].hparams["learning_rate"] == 0.01
    assert plan["rum"][0].steps[2].hparams["epochs"] == 5
    assert len({repr(point) for point in plan["rum"]}) == 3


@pytest.mark.parametrize("oracles, expected", [("mean", [0.8, 0.9]), ("paired", [0.95, 0.95])])
def test_points_are_compared_as_rows_of_a_study_are(monkeypatch, oracles, expected):
    """Two seeds forget the same examples; their oracles get 0.5 and 0.8 of them right."""
    def seen(start, logits):
        return [{"forget_accuracy": right, "retain_accuracy": 1.0, "validation_accuracy": 1.0}
                for right in logits]

    monkeypatch.setattr(sweep_scores, "_accuracies_of_all", seen)
    forget = np.array([[3, 5], [3, 5]])
    sweep_config = config()
    sweep_config.oracles = oracles
    start = SimpleNamespace(
        oracle_logits=[0.5, 0.8], study=SimpleNamespace(config=sweep_config),
        cases=Cases(("random",), (0, 1), forget, np.empty((2, 0), int)))
    (score,) = sweep_scores.scores(start, np.array([[0.45, 0.75]]))
    assert score["validation_tow"]["per_seed"] == pytest.approx(expected)


def trials(sweep_config, row):
    return [{"trial": point.number, "steps": [step._asdict() for step in point.steps],
             "validation_tow": {"mean": 0.5 + point.number / 10, "ci95": 0.1,
                                "per_seed": [0.4 + point.number / 10, 0.6 + point.number / 10]}}
            for point in planned(sweep_config)[row]]


def test_chosen_fields_are_all_that_the_config_has_not():
    sweep_config = config(rows=("vanilla:finetune",), method="grid",
                          grid="epochs=3; learning_rate=0.01,1")
    tried = trials(sweep_config, "vanilla:finetune")
    assert fields_of(sweep_config, "vanilla:finetune", tried, tried[0]) == {
        "vanilla.hparams.finetune.epochs": 3, "vanilla.hparams.finetune.learning_rate": 0.01}
    sweep_config = config(rows=("rum",), method="grid", grid="high.mask_fraction=0.25,0.5")
    tried = trials(sweep_config, "rum")
    assert fields_of(sweep_config, "rum", tried, tried[1]) == {
        "rum.hparams.salun.high.mask_fraction": 0.5}


def test_a_written_config_has_them_and_makes_tables_of_ones_own(tmp_path):
    sweep_config = config(rows=("rum",))
    base.set_fields(sweep_config, {"train.epochs": 3, "vanilla.hparams.forget.rate": 0.5})
    path = tmp_path / "chosen.py"
    path.write_text(report.config_file(sweep_config, {"rum.hparams.salun.high.epochs": 2}))
    spec = importlib.util.spec_from_file_location("chosen", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    chosen = module.get_config()
    assert chosen.train.epochs == 3 and chosen.rum.hparams.salun.high.epochs == 2
    assert chosen.vanilla.hparams.forget.rate == 0.5 and chosen.sweep.rows == ()


def test_the_table_has_the_best_first_and_marks_the_chosen():
    tried = trials(config(rows=("vanilla:finetune",), points=3), "vanilla:finetune")
    tried[1]["validation_tow"] = None
    header, lines = report.table({"vanilla:finetune": {"chosen": tried[2], "trials": tried}})
    assert [line[1] for line in lines] == [2, 0, 1] and lines[2][2] == "diverged"
    assert [line[header.index("chosen")] for line in lines] == ["yes", "", ""]
    picture = report.surface({"chosen": tried[2], "trials": tried})
    assert picture.startswith(b"<?xml")


def test_an_interval_is_over_seeds_however_many_forget_sets_there_are():
    """Two sets that differ by 0.4, three seeds that differ by 0.01: sets add no width."""
    cases = Cases(("easy", "hard"), (0, 1, 2) * 2, *[np.zeros((6, 1))] * 2)
    tow = [0.90, 0.91, 0.92, 0.50, 0.51, 0.52]
    summary = summaries(cases, {"validation_tow": tow})
    overall = summary["validation_tow"]
    np.testing.assert_allclose(overall["per_seed"], [0.70, 0.71, 0.72])
    np.testing.assert_allclose(overall["mean"], 0.71)
    np.testing.assert_allclose(overall["ci95"], 4.302653 * 0.01 / 3**0.5, rtol=1e-6)
    np.testing.assert_allclose(summary["sets"]["hard"]["validation_tow"]["per_seed"], tow[3:])
    np.testing.assert_allclose(summary["sets"]["easy"]["validation_tow"]["mean"], 0.91)


def test_scores_have_the_names_that_the_forget_sets_have_now():
    cases = Cases(("file:b", "file:c"), (0, 1) * 2, *[np.zeros((4, 1))] * 2)
    score = {"validation_tow": {"mean": 0.5}, "sets": {"file:a": {"x": 1}, "file:b": {"x": 2}}}
    assert named(score, cases) == {**score, "sets": {"file:b": {"x": 1}, "file:c": {"x": 2}}}
    assert named({"validation_tow": None, "sets": {}}, cases)["sets"] == {}
