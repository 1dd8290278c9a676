"""Two real processes on this machine, one run."""

import json
import os
import pathlib
import socket
import subprocess
import sys

import numpy as np
import pytest
import toy
import two_hosts

from rum_jax.runtime import distributed

SMALL = {"rows": ("vanilla:finetune", "rum"), "seeds": (0, 1), "campaign.models": 4,
         "forget.size": 12, "relearn.epochs": 0, "metrics": (), "engine.devices": 0,
         "train.checkpoint_epochs": 3}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return probe.getsockname()[1]


def start(workdir, *flags, **fields) -> subprocess.Popen:
    flags_of_xla = f"{os.environ['XLA_FLAGS']} --xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags_of_xla}
    return subprocess.Popen([*toy.command(workdir, **{**SMALL, **fields}), *flags],
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def finish(processes: list[subprocess.Popen]) -> list[tuple[int, str, str]]:
    done = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        done.append((process.returncode, out, err))
    return done


def together(workdir, **fields) -> list[tuple[int, str, str]]:
    """What two processes of one run end with."""
    port = free_port()
    return finish([start(workdir, f"--coordinator=localhost:{port}", "--processes=2",
                         f"--process={number}", **fields) for number in (0, 1)])


def metrics(workdir: pathlib.Path) -> dict:
    """Row -> metrics, but for run times."""
    rows = json.loads((workdir / "results.json").read_text())["rows"]
    return {row["name"]: {name: value["per_seed"] for name, value in row["metrics"].items()
                          if name != "seconds"} for row in rows}


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("hosts") / "alone"
    (code, _, err), = finish([start(workdir, **{"engine.devices": 2})])
    assert code == 0, err
    return metrics(workdir)


def without_gloo(text: str) -> list[str]:
    """Lines that are not of the library that connects CPU processes."""
    return [line for line in text.splitlines() if "[Gloo]" not in line]


@pytest.mark.slow
def test_two_processes_with_models_of_their_own_get_the_results_of_one(alone, tmp_path):
    """The second start finds every stage there, in both of them."""
    for _ in range(2):
        (code, out, err), (other_code, other_out, other_err) = together(tmp_path / "both")
        assert code == other_code == 0, (err, other_err)
        assert "report.html" in out and not without_gloo(other_out), "one writer"
    assert "original: already there" in err
    assert metrics(tmp_path / "both") == alone
    origin = json.loads((tmp_path / "both" / "provenance.json").read_text())[0]
    assert origin["processes"] == 2 and len(origin["devices"]) == 4
    assert not list((tmp_path / "both").rglob("*.partial"))
    assert not list((tmp_path / "both" / "checkpoints").rglob("steps-*"))


@pytest.mark.slow
def test_two_processes_share_batches_and_resume(tmp_path):
    """The data axis spans both processes, and so do states that were kept on the way."""
    port, script = str(free_port()), str(pathlib.Path(two_hosts.__file__))
    done = finish([subprocess.Popen([sys.executable, script, port, number, str(tmp_path)],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                   for number in "01"])
    assert [code for code, _, _ in done] == [0, 0], done
    first, other = (json.loads(without_gloo(out)[-1]) for _, out, _ in done)
    assert first["writer"] and not other["writer"]
    assert first["agreed"] == other["agreed"] == "from 0" and first["devices"] == 4
    np.testing.assert_allclose(first["first"], two_hosts.losses(1, 1), rtol=0, atol=1e-4)
    assert first["first"] == other["first"] and first["resumed"] == other["resumed"]
    np.testing.assert_allclose(first["resumed"], first["first"], rtol=0, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["steps-000000003"]


def test_a_bad_workdir_stops_all_processes_with_the_same_message(tmp_path):
    (tmp_path / "mine.txt").write_text("a file of the user's")
    for code, _, err in together(tmp_path):
        assert code == 2 and "has no config.json but other files (mine.txt)" in err


def test_one_process_is_the_writer_and_agrees_with_itself():
    assert distributed.is_writer() and not distributed.is_multiprocess()
    assert distributed.broadcast_from_writer({"a": [1, None]}) == {"a": [1, None]}
    distributed.barrier("nobody")


@pytest.mark.slow
def test_two_processes_are_one_worker_of_a_campaign_and_find_it_finished(tmp_path):
    small = {"campaign.alone": True, "campaign.influence": "none"}
    for _ in range(2):
        for code, _, err in together(tmp_path / "run", **small):
            assert code == 0, err
    workers = list((tmp_path / "run" / "campaign" / "workers").iterdir())
    assert len(workers) == 1 and json.loads(workers[0].read_text())["provenance"]["processes"] == 2
    assert len(np.load(tmp_path / "run" / "memorization.npz")["memorization"]) == 1259
