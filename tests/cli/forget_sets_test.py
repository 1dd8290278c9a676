"""The command that chooses forget sets, as a user runs it."""

import subprocess

import numpy as np
import pytest
from toy import command

from rum_jax.core import records

FIELDS = {"campaign__models": 0, "rows": (), "campaign__influence": "none"}


def run(folder, **changed):
    return subprocess.run(command(folder / "run", module="rum_jax.forget_sets",
                                  **{**FIELDS, **changed}),
                          capture_output=True, text=True, cwd=folder)


def test_sets_are_written_and_can_be_read_again(tmp_path):
    done = run(tmp_path, forget__sets=("entanglement_score:60", "class:3"))
    assert done.returncode == 0, done.stderr
    assert "class-3-seed2.txt" in done.stdout and "entanglement_score:60" in done.stdout
    statistics = records.read_json(tmp_path / "run" / "forget_statistics.json")
    assert statistics[0]["entanglement_score"] == pytest.approx([60] * 3, rel=0.01)
    assert statistics[1]["class_histogram"] == [[0, 0, 0, 30, 0, 0, 0, 0, 0, 0]] * 3
    path = tmp_path / "run" / "class-3-seed2.txt"
    again = run(tmp_path, forget__sets=(f"file:{path}",), forget__size=0)
    assert again.returncode == 2 and "config.forget.sets: there [" in again.stderr


def test_entanglement_varies_at_little_memorization(tmp_path, dataset):
    scores = np.random.default_rng(0).random(len(dataset.train))
    np.savez(tmp_path / "scores.npz", ids=dataset.ids[dataset.train], memorization=scores)
    sets = tuple(f"entanglement_score_ratio:{ratio},memorization<0.6" for ratio in (0.2, 0.8))
    without = run(tmp_path, forget__sets=sets)
    assert without.returncode == 2
    assert "config.campaign.models: is 0; allowed with config.forget.sets: at" in without.stderr
    done = run(tmp_path, forget__sets=sets, memorization__scores="scores.npz")
    assert done.returncode == 0, done.stderr
    stored = records.read_arrays(tmp_path / "run" / "forget.npz")
    assert stored["memorization"].max() < 0.6
    for of_set, ratio in zip(records.read_json(tmp_path / "run" / "forget_statistics.json"),
                             (0.2, 0.8), strict=True):
        assert of_set["entanglement_score_ratio"] == pytest.approx([ratio] * 3, rel=0.01)


@pytest.mark.parametrize("text, message", [
    ("digits-99999", "are not in this data set, the first is digits-99999; its ids are like"),
    ("\n", "has no ids")])
def test_a_faulty_file_is_refused(tmp_path, text, message):
    (tmp_path / "ids.txt").write_text(text)
    done = run(tmp_path, forget__sets=("file:ids.txt",), forget__size=0)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_score_out_of_reach_is_refused_with_what_is_in_reach(tmp_path):
    done = run(tmp_path, forget__sets=("entanglement_score:0.0001",))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "is out of reach for 30 of 1259 examples; allowed: about" in done.stderr
