import argparse
import importlib
import pathlib
import runpy
import shlex
import subprocess
import sys

import common
import pytest
from toy import ROOT

from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError

from .conftest import CONFIG, latest

BASE = (f"--config={CONFIG}", "--workdir=runs/x", "--workers=2")


def read(*arguments, checks=None):
    return common.read(common.Parser("A launcher."), latest(*BASE, *arguments), checks or {})


def test_fields_are_passed_on_as_they_were_given():
    fields = ["--config.campaign.models=40", "--config.rows=('rum',)", "--config.data.path="]
    options = read(*fields)
    common.check_command(options)
    assert common.command(["python"], options, "--last") == [
        "python", "-m", "rum_jax.main", *BASE[:2], *fields, "--last"]


def test_all_options_that_are_bad_are_listed_together():
    with pytest.raises(InputError) as raised:
        read("--config.campaign.workers=3", "--fast", "--config.seeds", "--config.a=b\nc",
             checks={"workers": lambda value: f"is {value}"})
    assert str(raised.value).splitlines()[1:] == [
        "  - --workers: is 2",
        r"  - --config: is '--config.a=b\nc'; allowed: text without line breaks and control "
        "characters",
        "  - --config.campaign.workers: not allowed here; --workers says how many, and each "
        "worker finds its own number",
        "  - --fast: unknown option; --help lists those of the launcher, and a field of the "
        "config is written --config.<field>=<value>",
        "  - --config.seeds: unknown option; --help lists those of the launcher, and a field of "
        "the config is written --config.<field>=<value>"]


@pytest.mark.parametrize("arguments, expected", [
    (("--config.campaign.model=4",), "config.campaign.model: unknown field; did you mean "
                                     "config.campaign.models?"),
    (("--config.campaign.models=many",), "config.campaign.models: is 'many'; allowed: an integer"),
    (("--config=configs/nothing.py",), "--config: there is no file configs/nothing.py in "),
    (("--workdir=",), "--workdir: missing"),
    (("--config=configs/digits_rum.py",), "config.campaign.alone: is False; allowed here: True"),
    (("--workdir=gs://bucket/w", "--config.train.checkpoint_epochs=5"),
     "config.train.checkpoint_epochs: is 5; allowed with --workdir=gs://bucket/w: 0")])
def test_what_the_command_itself_would_refuse_is_refused(arguments, expected):
    with pytest.raises(InputError, match=".") as raised:
        common.check_command(read(*arguments))
    assert expected in str(raised.value)


def test_data_that_are_not_here_are_left_to_the_workers(tmp_path):
    """Everything but the data is checked, in the config of data that cannot be read."""
    field = f"--config.data.path={tmp_path}"
    common.check_command(read("--config.data.name=npz", field))
    with pytest.raises(InputError) as raised:
        common.check_command(read("--config.data.name=npz", field, "--config.train.epochs=0"))
    assert "config.train.epochs: is 0" in str(raised.value)


def test_texts_match_as_a_whole():
    assert common.name("memorization-2") is None and common.name("a" * 40) is None
    for bad in ("Memorization", "2a", "a-", "a" * 41, "a b", ""):
        assert common.name(bad).startswith(f"is {bad!r}; allowed: small letters")
    assert common.optional(common.name)("") is None
    assert common.optional(common.name, None)(None) is None
    assert common.optional(common.name, None)("").startswith("is ''; allowed: small letters")
    assert common.plain("gpu:a100&nvlink") is None and "without spaces" in common.plain("a b")


@pytest.mark.parametrize("path", ["python", "python3.12", "/opt/my env/bin/python", "~/python"])
def test_a_program_is_a_path_or_a_name(path):
    assert common.program(path) is None


@pytest.mark.parametrize("path", ["", " ", " python", "python ", "-m", "--version"])
def test_what_is_no_program_is_refused(path):
    assert common.program(path) == (f"is {path!r}; allowed: the path or name of a program, without "
                                    "spaces at its ends and without - at its beginning")


@pytest.mark.parametrize("launcher, count", [("slurm", 6), ("kubernetes", 7), ("tpu_vm", 1)])
@pytest.mark.parametrize("value", ["x", "", "1.5", "9" * 5000])
def test_integers_that_are_none_are_refused_with_what_is_allowed(launcher, count, value):
    """By the check of each option, so that all are listed at once."""
    module = importlib.import_module(launcher)
    parser = module._parser()
    integers = [action.dest for action in parser._actions if action.type is int]
    assert len(integers) == count
    words = [f"--{option.replace('_', '-')}={value}" for option in integers]
    others = [f"{action.option_strings[0]}=x" for action in parser._actions
              if action.required and action.dest not in integers]
    with pytest.raises(InputError) as raised:
        common.read(parser, [*others, *words], module.CHECKS)
    for option in integers:
        assert (f"--{option.replace('_', '-')}: is {shortened(value)}; allowed: an integer "
                in str(raised.value))


@pytest.mark.parametrize("launcher", ["slurm", "kubernetes", "tpu_vm"])
def test_every_launcher_is_a_command(launcher, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [launcher, f"--config={CONFIG}"])
    with pytest.raises(SystemExit) as left:
        runpy.run_path(f"launch/{launcher}.py", run_name="__main__")
    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith("error: the following arguments are required: --workdir, --workers")


def test_a_job_file_is_all_that_is_printed(tmp_path):
    """From another folder, as it finds its own modules; the config is looked for there."""
    done = subprocess.run([sys.executable, ROOT / "launch" / "slurm.py", "--workers=2",
                           f"--config={ROOT / CONFIG}", "--workdir=/shared/w", "--time=60"],
                          cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("#!/bin/bash\n#SBATCH --job-name=memorization\n")
    assert f'#SBATCH --chdir="{tmp_path}"\n' in done.stdout


def documented() -> list[list[str]]:
    """Calls of launchers in docs/launch.md, without what they are redirected to."""
    text = (ROOT / "docs" / "launch.md").read_text().replace("\\\n", "")
    return [shlex.split(line.split(" > ")[0])[1:] for line in text.splitlines()
            if line.startswith("    python launch/")]


def test_documented_commands_work():
    calls = documented()
    assert [pathlib.Path(file).stem for file, *_ in calls] == ["slurm", "kubernetes",
                                                               "kubernetes", "tpu_vm"]
    for file, *arguments in calls:
        arguments = [argument for argument in arguments if not argument.startswith("--config=")]
        launcher = importlib.import_module(pathlib.Path(file).stem)
        assert launcher.render((f"--config={CONFIG}", *arguments))


def test_help_is_printed_whole(capsys):
    with pytest.raises(SystemExit) as left:
        common.Parser("A launcher.").parse_args(["--help"])
    assert left.value.code == 0 and "A launcher." in capsys.readouterr().out
    assert isinstance(common.Parser(""), argparse.ArgumentParser)
