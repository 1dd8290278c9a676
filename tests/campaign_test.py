"""Campaigns in processes of their own: several at once, killed, stopped, given other groups."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from toy import ROOT

FIELDS = {"model.widths": "(4,)", "model.blocks": "(1,)", "memorization.epochs": 2,
          "campaign.models": 40, "campaign.group_size": 4, "campaign.lease_seconds": 3,
          "engine.devices": 2, "engine.cpu_threads": 8, "engine.steps_per_call": 32}


def command(workdir, module="rum_jax.main", *flags, **changed):
    fields = {**FIELDS, **{name.replace("__", "."): value for name, value in changed.items()}}
    return [sys.executable, "-m", module, *flags,
            f"--config={ROOT / 'configs' / 'memorization.py'}:digits", f"--workdir={workdir}",
            *(f"--config.{name}={value}" for name, value in fields.items())]


def run(*arguments):
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)


class Started:
    """A worker in the background; what it says goes into a file."""

    def __init__(self, workdir, log: pathlib.Path, **changed):
        self.log = log
        with log.open("a") as file:
            self.process = subprocess.Popen(command(workdir, **changed), cwd=ROOT, stderr=file,
                                            stdout=subprocess.DEVNULL)

    def send(self, number):
        self.process.send_signal(number)

    def ended(self):
        return self.process.wait(timeout=240), self.log.read_text()


def until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def groups(workdir):
    return sorted((workdir / "campaign" / "members").glob("*.npz"))


def holds(workdir, pid):
    """Whether a process of this machine has claimed models."""
    folder, matches = workdir / "campaign", []
    for claim in (folder / "leases").iterdir():
        with contextlib.suppress(FileNotFoundError):
            matches.append(f"-{pid}-" in claim.read_text())
    return any(matches)


def same(workdir, expected):
    with np.load(workdir / "memorization.npz") as ours, np.load(
            expected / "memorization.npz") as theirs:
        assert set(ours) == set(theirs) >= {"ids", "labels", "memorization", "standard_error",
                                            "count_in", "count_out"}
        for name in theirs:
            np.testing.assert_array_equal(ours[name], theirs[name], name)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("campaigns") / "unbroken"
    done = run(*command(workdir))
    assert done.returncode == 0, done.stderr
    return workdir, done


def test_it_says_what_it_found_and_where(unbroken):
    workdir, done = unbroken
    assert done.stdout.splitlines()[-2:] == [f"{workdir}/memorization.npz",
                                             f"{workdir}/report.html"]
    results = json.loads((workdir / "results.json").read_text())
    assert f"correlate by {results['memorization']['split_half_pearson']:.3f} (ranks" in done.stdout
    assert results["memorization"]["models"] == 40 and len(results["workers"]) == 1
    assert results["workers"][0]["provenance"]["versions"]["jax"]
    lines = (workdir / "reliability.csv").read_text().splitlines()
    assert lines[0] == "models,split_half_pearson,split_half_spearman,reliability"
    assert lines[-1].startswith("40,")
    page = (workdir / "report.html").read_text()
    assert "40 models" in page and page.count("data:image/svg+xml;base64,") == 4
    assert "nan" not in re.sub(r'"data:[^"]*"', "", page)


@pytest.mark.slow
def test_three_workers_killed_stopped_doubled_and_regrouped_give_the_same(unbroken, tmp_path):
    """One is killed again and again and comes back with other groups and devices, one is
    stopped for longer than its lease, and two have the same number."""
    workdir, count = tmp_path / "shared", {"campaign__workers": 3}
    leases = workdir / "campaign" / "leases"
    stopped = Started(workdir, tmp_path / "log2", campaign__worker=2, **count)
    until(lambda: leases.exists() and len(list(leases.iterdir())) == 4)
    time.sleep(0.2)  # it trains
    stopped.send(signal.SIGSTOP)
    steady = [Started(workdir, tmp_path / f"log0{twin}", campaign__worker=0, **count)
              for twin in range(2)]
    for size in (4, 3, 5):
        victim = Started(workdir, tmp_path / "log1", campaign__worker=1,
                         campaign__group_size=size, engine__devices=1, **count)
        until(lambda v=victim: holds(workdir, v.process.pid) or v.process.poll() is not None)
        time.sleep(0.2 * (size - 3))
        victim.send(signal.SIGKILL)
        victim.process.wait()
    for worker in steady:
        code, said = worker.ended()
        assert code == 0, said
    assert stopped.process.poll() is None
    stopped.send(signal.SIGCONT)
    code, said = stopped.ended()
    assert code == 0, said
    assert "taken over by another worker" in said
    same(workdir, unbroken[0])
    assert list(leases.iterdir()) == []


@pytest.mark.slow
def test_damage_is_named_and_mended_by_the_same_command(unbroken, tmp_path):
    workdir, arguments = tmp_path / "run", command(tmp_path / "run", campaign__models=8)
    assert run(*arguments).returncode == 0
    first, second = groups(workdir)
    content = bytearray(first.read_bytes())
    content[len(content) // 2] ^= 255
    first.write_bytes(content)
    second.unlink()
    done = run(*command(workdir, campaign__models=40, campaign__group_size=16))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"campaign/members/{first.name}: is damaged" in done.stderr
    assert "delete it and run the same command again" in done.stderr
    first.unlink()
    done = run(*command(workdir, campaign__models=40, campaign__group_size=16))
    assert done.returncode == 0, done.stderr
    same(workdir, unbroken[0])


def test_another_config_is_refused(unbroken):
    workdir, _ = unbroken
    before = {path: path.stat().st_mtime_ns for path in workdir.rglob("*") if path.is_file()}
    done = run(*command(workdir, memorization__epochs=3))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "config.memorization.epochs: there 2, here 3" in done.stderr
    study = run(*command(workdir, campaign__alone=False))
    assert study.returncode == 2
    assert "holds a memorization campaign" in study.stderr
    assert {path: path.stat().st_mtime_ns for path in workdir.rglob("*")
            if path.is_file()} == before


def test_its_scores_are_exported_and_read_by_others(unbroken, tmp_path):
    workdir, _ = unbroken
    done = run(*command(workdir, "rum_jax.export", "--layout=lira", f"--out={tmp_path / 'lira'}"))
    assert done.returncode == 0 and done.stdout == f"{tmp_path / 'lira'}\n", done.stderr
    keep, scores = (np.load(tmp_path / "lira" / f"{name}.npy") for name in ("keep", "scores"))
    confidence, stored = 1 / (1 + np.exp(-scores)), np.load(workdir / "memorization.npz")
    np.testing.assert_array_equal(keep.sum(0), stored["count_in"])
    soft = [confidence[keep[:, k], k].mean() - confidence[~keep[:, k], k].mean()
            for k in range(50)]
    np.testing.assert_allclose(stored["soft_memorization"][:50], soft, atol=1e-4)
    wrong = run(*command(tmp_path / "none", "rum_jax.export", "--layout=rum",
                         f"--out={tmp_path / 'rum'}"))
    assert wrong.returncode == 2 and f"--workdir: {tmp_path / 'none'}: has no campaign" in (
        wrong.stderr)


@pytest.mark.slow
def test_a_plan_says_what_it_would_take_and_keeps_nothing(tmp_path):
    done = run(*command(tmp_path / "none", campaign__plan=True, campaign__workers=3,
                        campaign__models=400, campaign__group_size=4))
    assert done.returncode == 0, done.stderr
    speed = int(re.search(r"speed: +([\d,]+) models per hour on 2 x", done.stdout)[1].replace(
        ",", ""))
    hours = float(re.search(r"time: +([\d.]+) h with 3 worker", done.stdout)[1])
    assert hours == pytest.approx(400 / speed / 3, abs=0.006)
    assert "each 28 steps of 64 on 881 of 1,259 examples, in groups of 4" in done.stdout
    assert re.search(r"storage: +1\.4 MiB at most: 4 kB a model", done.stdout)
    assert re.search(r"strategy: series, .*none is faster|--config.engine.strategy=map",
                     done.stdout)
    assert not (tmp_path / "none").exists()
