import argparse
import subprocess
import sys

import pytest
import slurm
from toy import ROOT

from .conftest import CONFIG, latest

# sbatch(1): long options, and whether they take a value.
LONG_OPTIONS = {"job-name": 1, "array": 1, "nodes": 1, "ntasks": 1, "cpus-per-task": 1, "mem": 1,
                "gpus-per-node": 1, "time": 1, "partition": 1, "account": 1, "qos": 1,
                "constraint": 1, "requeue": 0, "signal": 1, "open-mode": 1, "output": 1,
                "chdir": 1}
GIVEN = (f"--config={CONFIG}", "--workers=8", "--time=04:00:00")


def script(workdir, *arguments):
    return slurm.render(latest(*GIVEN, f"--workdir={workdir}", *arguments))


def words(line: str) -> list[str]:
    """How sbatch cuts a line (src/sbatch/opt.c, _get_argument): quotes group, \\ escapes."""
    arguments, current, quote, escaped = [], None, "", False
    for char in line:
        if escaped:
            current, escaped = (current or "") + char, False
        elif char == "\\":
            escaped = True
        elif quote:
            current, quote = (current, "") if char == quote else (current + char, quote)
        elif char in "\"'":
            current, quote = current or "", char
        elif char == "#":
            break
        elif char.isspace():
            arguments, current = arguments + ([current] if current is not None else []), None
        else:
            current = (current or "") + char
    assert not quote and not escaped
    return arguments + ([current] if current is not None else [])


def directives(text: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(allow_abbrev=False, exit_on_error=False)
    for option, values in LONG_OPTIONS.items():
        parser.add_argument(f"--{option}", **({} if values else {"action": "store_true"}))
    lines = [line.removeprefix("#SBATCH ") for line in text.splitlines()
             if line.startswith("#SBATCH ")]
    assert all(len(words(line)) == 1 for line in lines)
    return parser.parse_args([word for line in lines for word in words(line)])


def test_directives_are_options_that_sbatch_has(tmp_path):
    options = directives(script("/shared/w", "--gpus=2", "--cpus=12", "--memory=64G", "--grace=90",
                                "--at-once=3", "--partition=gpu,long", "--account=lab",
                                "--qos=low", "--constraint=a100&nvlink", "--name=mem",
                                f"--logs={tmp_path}/50% of \"it\"\\"))
    assert vars(options) == {
        "job_name": "mem", "array": "0-7%3", "nodes": "1", "ntasks": "1", "cpus_per_task": "12",
        "mem": "64G", "gpus_per_node": "2", "time": "04:00:00", "partition": "gpu,long",
        "account": "lab", "qos": "low", "constraint": "a100&nvlink", "requeue": True,
        "signal": "INT@90", "open_mode": "append", "chdir": str(ROOT),
        "output": f"{tmp_path}/50%% of \"it\"\\/%x-%A_%a.log"}


def test_without_gpus_and_limits_nothing_is_said_of_them():
    options = directives(script("/shared/w"))
    assert options.array == "0-7" and options.gpus_per_node is None and options.partition is None


@pytest.mark.parametrize("workdir", ["/shared/w", "/shared/a b", "gs://bucket/it's $HOME `x` \\"])
def test_a_task_runs_the_command_that_was_checked(fakes, workdir, tmp_path):
    fakes("srun")
    fields = ["--config.rows=('rum','rum_shuffled')", "--config.campaign.models=4000"]
    file = tmp_path / "job.sbatch"
    file.write_text(script(workdir, "--cpus=3", *fields))
    assert subprocess.run(["bash", "-n", file]).returncode == 0
    assert subprocess.run(["bash", file]).returncode == 0
    assert fakes.calls() == [[
        "srun", "--ntasks=1", "--cpus-per-task=3", sys.executable, "-m", "rum_jax.main",
        f"--config={CONFIG}", f"--workdir={workdir}", *fields]]


@pytest.mark.parametrize("code, restarts, again", [
    (130, "", True), (130, "1", True), (130, "2", False), (0, "", False), (1, "", False),
    (2, "", False), (143, "", False)])
def test_only_a_task_that_was_asked_to_stop_is_queued_again(fakes, code, restarts, again):
    fakes("srun", f"exit {code}")
    fakes("scontrol")
    variables = {"SLURM_ARRAY_JOB_ID": "71", "SLURM_ARRAY_TASK_ID": "4",
                 **({"SLURM_RESTART_COUNT": restarts} if restarts else {})}
    done = subprocess.run(["env", *(f"{name}={value}" for name, value in variables.items()),
                           "bash", "-s"], input=script("/shared/w", "--requeues=2"), text=True)
    assert done.returncode == code
    assert fakes.calls()[1:] == ([["scontrol", "requeue", "71_4"]] if again else [])


@pytest.mark.parametrize("time", ["90", "90:00", "4:00:00", "2-0", "2-12:30", "2-12:30:00"])
def test_times_of_sbatch(time):
    assert directives(script("/shared/w", f"--time={time}")).time == time


@pytest.mark.parametrize("time, expected", [
    ("90", 5400), ("0", 0), ("0:00", 0), ("90:00", 5400), ("2:01", 180), ("0:1", 60),
    ("4:00:00", 14400), ("0:00:59", 60), ("2-0", 172800), ("0-1", 3600), ("2-12:30", 217800),
    ("2-12:30:00", 217800), ("2-12:30:01", 217860), ("08:09", 540)])
def test_limits_are_counted_in_whole_minutes(time, expected):
    assert slurm.seconds(time) == expected


@pytest.mark.parametrize("time, grace, expected", [
    ("2", 120, 120), ("1:59", 120, 120), ("0:01:30", 300, 120), ("0-1", 3600, 3600),
    ("0-0:01", 60, 60)])
def test_a_limit_that_is_not_above_the_grace_is_refused(refused, time, grace, expected):
    """Each start of a task would be interrupted at once, as often as --requeues allows."""
    assert (f"--time: is '{time}', {expected} seconds; allowed with --grace={grace}: more than "
            f"{grace} seconds, or 0 for no limit") in refused(
        slurm.render, *GIVEN, "--workdir=/shared/w", f"--time={time}", f"--grace={grace}")


@pytest.mark.parametrize("time, grace", [("2:01", 120), ("3", 120), ("0", 120), ("0:00:00", 120),
                                         ("2", 119), ("1-0", 65535)])
def test_a_limit_above_the_grace_and_none_are_allowed(time, grace):
    options = directives(script("/shared/w", f"--time={time}", f"--grace={grace}"))
    assert (options.time, options.signal) == (time, f"INT@{grace}")


@pytest.mark.parametrize("argument, expected", [
    ("--time=4h", "--time: is '4h'; allowed: minutes, MM:SS, HH:MM:SS, D-HH"),
    ("--time=1:75:00", "--time: is '1:75:00'; allowed"),
    ("--time=" + "9" * 5000, "; allowed: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM or D-HH:MM:SS, "
                             "with numbers of at most 8 digits"),
    ("--python=", "--python: is ''; allowed: the path or name of a program"),
    ("--workers=x", "--workers: is 'x'; allowed: an integer in [1, 4000000]"),
    ("--workers=0", "--workers: is 0; allowed: an integer in [1, 4000000]"),
    ("--gpus=-1", "--gpus: is -1; allowed: an integer >= 0"),
    ("--cpus=0", "--cpus: is 0; allowed: an integer >= 1"),
    ("--memory=64GB", "--memory: is '64GB'; allowed: a number with K, M, G or T, such as 64G"),
    ("--name=my job", "--name: is 'my job'; allowed: small letters"),
    ("--partition=gpu;ls", "--partition: is 'gpu;ls'; allowed"),
    ("--grace=0", "--grace: is 0; allowed: an integer in [1, 65535]"),
    ("--requeues=-1", "--requeues: is -1; allowed"),
    ("--at-once=-1", "--at-once: is -1; allowed"),
    ("--logs=a\nb", r"--logs: is 'a\nb'; allowed: text without line breaks"),
    ("--coordinator=auto", "--coordinator=auto: unknown option"),
    ("--config.campaign.model=3", "config.campaign.model: unknown field; did you mean")])
def test_bad_inputs(refused, argument, expected):
    assert expected in refused(slurm.render, *GIVEN, "--workdir=/shared/w", argument)
