import subprocess

import pytest
import tpu_vm

from .conftest import CONFIG

GIVEN = (f"--config={CONFIG}", "--workers=2", "--zone=us-west4-a", "--accelerator=v5litepod-16",
         "--runtime=v2-alpha-tpuv5-lite")
PLACE = ["--zone=us-west4-a", "--quiet", "--project=lab"]
QUEUE, VM = ["compute", "tpus", "queued-resources"], ["compute", "tpus", "tpu-vm"]
STATE = "case $* in *describe*) echo ${STATE:-ACTIVE};; *ssh*\"$FAILS\"*) exit ${CODE:-0};; esac"
FIELDS = ["--config.campaign.models=4000", "--config.rows=('rum',)"]


@pytest.fixture
def cloud(fakes, tmp_path):
    """Runs a step of a campaign on two slices with a cloud that only notes what it is asked."""
    fakes("gcloud", STATE)
    fakes("git")

    def run(*step, workdir="gs://bucket/a b's $HOME", **variables):
        file = tmp_path / "campaign.sh"
        file.write_text(tpu_vm.render((*GIVEN, f"--workdir={workdir}", "--project=lab", "--spot",
                                       "--name=mem", *FIELDS)))
        assert subprocess.run(["bash", "-n", file]).returncode == 0
        return subprocess.run(["env", *(f"{n}={value}" for n, value in variables.items()),
                               "bash", file, *step], cwd=tmp_path, capture_output=True, text=True)

    run.calls = lambda: [call[1:] for call in fakes.calls() if call[0] == "gcloud"]
    run.all_calls = fakes.calls
    return run


def test_create_asks_for_every_slice_and_waits(cloud):
    assert cloud("create").returncode == 0
    request = ["--accelerator-type=v5litepod-16", "--runtime-version=v2-alpha-tpuv5-lite",
               "--spot"]
    assert cloud.calls() == [
        *([*QUEUE, "create", f"mem-{k}", *PLACE, f"--node-id=mem-{k}", *request] for k in (0, 1)),
        *([*QUEUE, "describe", f"mem-{k}", *PLACE, "--format=value(state.state)"]
          for k in (0, 1))]


@pytest.mark.parametrize("state, said", [
    ("FAILED", "FAILED"), ("SUSPENDED", "SUSPENDED"), ("SUSPENDING", "SUSPENDING"),
    (" ", "unknown")])
def test_create_stops_where_there_will_be_no_slice(cloud, state, said):
    done = cloud("create", "1", STATE=state)
    assert done.returncode == 1
    assert f"mem-1: is {said}; delete and create it again" in done.stderr


def test_install_copies_the_last_commit_to_every_host(cloud):
    assert cloud("install", "1").returncode == 0
    git, copy, ssh = cloud.all_calls()
    assert git[:3] == ["git", "archive", "--format=tar.gz"] and git[-1] == "HEAD"
    archive = git[3].removeprefix("--output=")
    assert copy == ["gcloud", *VM, "scp", archive, "mem-1:source.tar.gz", "--worker=all", *PLACE]
    assert ssh == ["gcloud", *VM, "ssh", "mem-1", "--worker=all",
                   "--command=mkdir -p rum_jax && tar -xzf source.tar.gz -C rum_jax && "
                   f"cd rum_jax && {tpu_vm.INSTALL}", *PLACE]


@pytest.mark.parametrize("workdir", ["gs://bucket/w", "/nfs/a b's $HOME \\"])
def test_run_starts_the_command_that_was_checked_on_all_hosts(cloud, fakes, workdir, tmp_path):
    assert cloud("run", workdir=workdir).returncode == 0
    calls = sorted(cloud.calls())
    assert [call[:6] + call[7:] for call in calls] == [
        [*VM, "ssh", f"mem-{k}", "--worker=all", *PLACE] for k in (0, 1)]
    folder = tmp_path / "rum_jax" / ".venv" / "bin"
    folder.mkdir(parents=True)
    fakes("python", path=folder)
    for call in calls:
        command, = (text.removeprefix("--command=") for text in call if "--command=" in text)
        subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True)
    assert fakes.calls()[2:] == [
        ["python", "-m", "rum_jax.main", f"--config={CONFIG}", f"--workdir={workdir}", *FIELDS,
         "--coordinator=auto", "--config.campaign.workers=2", f"--config.campaign.worker={k}"]
        for k in (0, 1)]


@pytest.mark.parametrize("fails, code, expected", [
    ("mem-0", 1, 0), ("mem-1", 255, 0), ("mem-", 1, 1)])
def test_a_campaign_is_done_when_one_worker_says_so(cloud, fails, code, expected):
    assert cloud("run", FAILS=fails, CODE=code).returncode == expected


def test_status_and_delete(cloud):
    assert cloud("status").stdout == "mem-0 ACTIVE\nmem-1 ACTIVE\n"
    assert cloud("delete", "0").returncode == 0
    assert cloud.calls()[-1] == [*QUEUE, "delete", "mem-0", *PLACE, "--force"]


@pytest.mark.parametrize("step, expected", [
    ((), "  delete    gives the slices back"), (("destroy",), "  run       one worker on each"),
    (("run", "2"), "error: 2: no slice; allowed: 0..1"),
    (("delete", "all"), "error: all: no slice; allowed: 0..1")])
def test_a_step_that_is_none_asks_for_nothing(cloud, step, expected, tmp_path):
    done = cloud(*step)
    assert done.returncode == 2 and expected in done.stderr and not done.stdout
    assert "!/bin/bash" not in done.stderr and not (tmp_path / "calls").exists()


@pytest.mark.parametrize("argument, expected", [
    ("--workdir=runs/w", "--workdir: is 'runs/w'; allowed: a URL, or the absolute path of a "
                         "folder that all hosts share"),
    ("--config=/etc/config.py", "--config: is '/etc/config.py'; allowed: a file in this folder"),
    ("--config=../config.py", "--config: is '../config.py'; allowed: a file in this folder"),
    ("--workers=x", "--workers: is 'x'; allowed: an integer in [1, 1000]"),
    ("--workers=0", "--workers: is 0; allowed: an integer in [1, 1000]"),
    ("--zone=us-west4", "--zone: is 'us-west4'; allowed: a zone such as us-west4-a"),
    ("--accelerator=v5 16", "--accelerator: is 'v5 16'; allowed: letters, digits and -"),
    ("--runtime=", "--runtime: is ''; allowed: letters, digits and -"),
    ("--project=my project", "--project: is 'my project'; allowed: letters, digits and -"),
    ("--name=my_run", "--name: is 'my_run'; allowed: small letters"),
    ("--install= ", "--install: is ' '; allowed: a shell command"),
    ("--processes=2", "--processes=2: unknown option"),
    ("--config.campaign.models=0", "config.campaign.models: is 0; allowed")])
def test_bad_inputs(refused, argument, expected):
    assert expected in refused(tpu_vm.render, *GIVEN, "--workdir=gs://b/w", argument)
