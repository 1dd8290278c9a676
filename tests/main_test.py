"""The command itself, in processes of its own: killed, resumed, and given bad inputs."""

import json
import re
import signal
import subprocess
import time

import numpy as np
import pytest
from toy import ROOT, command

INSTANT = ("data", "memorization", "influence", "forget", "evaluation/rum")
STAGES = ("data", "original", "members/00000-00003", "members/00004-00007", "memorization",
          "influence", "forget", "retrain", "retrain_again", "unlearn/vanilla-finetune",
          "unlearn/rum_f-neggrad_plus", "unlearn/rum", "unlearn/rum_shuffled", "evaluation/rum")


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT)


def findings(workdir):
    """What must not depend on interruptions: all but run times and provenance."""
    results = json.loads((workdir / "results.json").read_text())
    for row in results["rows"]:
        del row["metrics"]["seconds"]
    return results["rows"], results["memorization"], results["comparisons"]


def stamps(workdir):
    """When each finished stage, and each group of members, was written."""
    stages = {str(path.parent.relative_to(workdir / "stages")): path.stat().st_mtime_ns
              for path in (workdir / "stages").rglob("done.json")
              if not path.parent.name.endswith(".partial")}
    return {**stages, **{f"members/{path.stem}": path.stat().st_mtime_ns
                         for path in (workdir / "campaign" / "members").glob("*.npz")}}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("unbroken")
    done = run(*command(workdir))
    assert done.returncode == 0, done.stderr
    return workdir, done


def killed_in(stage, arguments, workdir):
    """Kills the command with SIGKILL as soon as it works on that stage."""
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    partial = workdir / "stages" / f"{stage}.partial"
    finished = workdir / "stages" / stage
    if stage.startswith("members/"):
        first = stage.removeprefix("members/")[:5]
        partial = workdir / "campaign" / "leases" / f"{first}.0000"
        finished = workdir / "campaign" / f"{stage}.npz"
    while process.poll() is None and not partial.exists() and not finished.exists():
        time.sleep(0.001)
    if stage == "original":
        time.sleep(0.5)  # far into the compilation; the others are over too soon to wait
    process.send_signal(signal.SIGKILL)
    _, errors = process.communicate()
    assert process.returncode == -signal.SIGKILL, errors
    return finished.exists()


def test_prints_the_table_and_last_the_reports_path(unbroken):
    workdir, done = unbroken
    lines = done.stdout.splitlines()
    assert lines[-1] == str(workdir / "report.html") and (workdir / "report.html").is_file()
    assert any(line.split()[:2] == ["row", "ToW"] for line in lines)
    assert any(line.startswith("rum_shuffled ") for line in lines)
    assert "original: done in" in done.stderr and "\r" not in done.stderr


@pytest.mark.slow
def test_killed_in_every_stage_it_ends_with_the_same_findings(unbroken, tmp_path):
    workdir, arguments = tmp_path / "killed", command(tmp_path / "killed")
    kept, survived = {}, []
    for stage in STAGES:
        if killed_in(stage, arguments, workdir):
            survived.append(stage)
        now = stamps(workdir)
        assert {name: now[name] for name in kept} == kept, "finished stages are not repeated"
        kept = now
    assert not set(survived) - set(INSTANT), "those were not killed half-way"
    assert not (workdir / "results.json").exists()
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    now = stamps(workdir)
    assert {name: now[name] for name in kept} == kept
    assert findings(workdir) == findings(unbroken[0])
    assert list((workdir / "stages").rglob("*.partial")) == []


@pytest.mark.slow
def test_groups_of_another_size_after_a_kill_change_scores_by_rounding_at_most(unbroken, tmp_path):
    workdir = tmp_path / "regrouped"
    killed_in("members/00004-00007", command(workdir), workdir)
    done = run(*command(workdir, campaign__group_size=3, engine__steps_per_call=7))
    assert done.returncode == 0, done.stderr
    assert {"members/00000-00003", "members/00004-00005", "members/00006-00007"} <= set(
        stamps(workdir))
    scores, expected = (np.load(folder / "memorization.npz")["memorization"]
                        for folder in (workdir, unbroken[0]))
    np.testing.assert_array_equal(np.isnan(scores), np.isnan(expected))
    assert (np.abs(scores - expected) > 1e-9).sum() <= 5


@pytest.mark.parametrize("changed, expected", [
    ({"train__epochz": 3}, "config.train.epochz: unknown field"),
    ({"forget__size": 3000}, "config.forget.size: is 3000")])
def test_bad_fields_exit_with_2_before_the_workdir_is_made(tmp_path, changed, expected):
    done = run(*command(tmp_path / "new", **changed))
    assert done.returncode == 2 and expected in done.stderr
    assert "Traceback" not in done.stderr and done.stdout == ""
    assert not (tmp_path / "new").exists()


def test_more_devices_than_there_are(tmp_path):
    done = run(*command(tmp_path, engine__devices=10**6))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "config.engine.devices: is 1000000; allowed: 0..256" in done.stderr


def test_another_configs_folder_is_left_alone(unbroken):
    workdir, _ = unbroken
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*")}
    done = run(*command(workdir, train__epochs=5))
    assert done.returncode == 2
    assert "has stages that were made from something else" in done.stderr
    assert "config.train.epochs: there 4, here 5 (read by stages/original)" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*")} == before


def test_an_unwritable_workdir():
    done = run(*command("/proc/run"))
    assert done.returncode == 2 and "--workdir: /proc/run: cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_nan_loss_names_stage_model_and_step(tmp_path):
    done = run(*command(tmp_path, train__learning_rate=1e38))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert re.search("stage original: loss is (nan|inf) at seed 0, step [0-9]+;", done.stderr)
    assert not (tmp_path / "stages" / "original").exists()


def test_help():
    done = run(command("")[0], "-m", "rum_jax.main", "--help")
    assert done.returncode == 0 and "python -m rum_jax.main --config=" in done.stdout


@pytest.mark.slow
def test_a_sweep_chooses_by_validation_and_resumes(tmp_path):
    arguments = command(tmp_path, sweep__points=2, sweep__seeds=(8, 9),
                        sweep__rows=("vanilla:finetune", "rum"))
    first = run(*arguments)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == str(tmp_path / "sweep.html")
    sweep = json.loads((tmp_path / "sweep.json").read_text())
    assert set(sweep["rows"]) == {"vanilla:finetune", "rum"}
    for best in sweep["rows"].values():
        means = [trial["validation_tow"]["mean"] for trial in best["trials"]]
        assert len(means) == 2 and best["chosen"]["validation_tow"]["mean"] == max(means)
    fields = sweep["chosen_fields"]
    assert {"vanilla.hparams.finetune.epochs", "vanilla.hparams.finetune.learning_rate",
            "rum.hparams.finetune.mid.epochs", "rum.hparams.finetune.mid.learning_rate",
            "rum.hparams.salun.high.mask_fraction"} <= set(fields)
    before = stamps(tmp_path)
    again = run(*arguments)
    assert again.stdout == first.stdout and stamps(tmp_path) == before


@pytest.mark.slow
def test_the_config_a_sweep_writes_runs_and_has_what_was_chosen(tmp_path):
    done = run(*command(tmp_path / "sweep", sweep__seeds=(8, 9), sweep__method="grid",
                        sweep__grid="learning_rate=0.02,0.04,1e38",
                        sweep__rows=("vanilla:finetune",)))
    assert done.returncode == 0, done.stderr
    sweep = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
    trials = sweep["rows"]["vanilla:finetune"]["trials"]
    assert [trial["steps"][0]["hparams"]["learning_rate"] for trial in trials] == [
        0.02, 0.04, 1e38]
    assert trials[2]["validation_tow"] is None, "that diverges, and spoils no other"
    chosen = sweep["chosen_fields"]["vanilla.hparams.finetune.learning_rate"]
    used = run(command("")[0], "-m", "rum_jax.main",
               f"--config={tmp_path / 'sweep' / 'sweep_chosen.py'}",
               f"--workdir={tmp_path / 'used'}", "--config.rows=('vanilla:finetune',)")
    assert used.returncode == 0, used.stderr
    config = json.loads((tmp_path / "used" / "config.json").read_text())
    assert config["vanilla"]["hparams"]["finetune"]["learning_rate"] == chosen
    assert config["model"]["widths"] == [4] and config["train"]["epochs"] == 4


def test_a_faulty_sweep_exits_with_2_before_the_workdir_is_made(tmp_path):
    done = run(*command(tmp_path / "new", sweep__rows=("vanilla:finetune",),
                        sweep__method="grid", sweep__grid="learning_rate=-1"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "learning_rate: is -1.0; allowed: a number in (0, inf)" in done.stderr
    assert not (tmp_path / "new").exists()
