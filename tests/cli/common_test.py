"""Exit codes and messages of commands, in this process."""

import pathlib
import re
import threading

import pytest
from toy import ROOT

from rum_jax.cli import common, export, forget_sets
from rum_jax.core.errors import InputError, RunError

ARGV = ["main", f"--config={ROOT / 'configs' / 'digits_rum.py'}", "--workdir=somewhere",
        "--config.engine.remember_programs=false"]


class Own(BaseException):
    """Not an Exception."""


class Mute(Exception):
    def __str__(self):
        raise KeyError


@pytest.fixture(autouse=True)
def devices_stay(monkeypatch):
    monkeypatch.setattr(common, "expose_cpu_cores", lambda *_: None)


def run(error, argv=ARGV):
    space = {"error": error}  # raised in no file, as if it came from a package
    exec("def main(arguments):\n    if error:\n        raise error", space)
    return common.run_command(space["main"], "Says what it does.", argv)


@pytest.mark.parametrize("error, code, words", [
    (None, 0, ""), (InputError("bad"), 2, "error: bad"), (RunError("worse"), 1, "error: worse"),
    (KeyboardInterrupt(), 130, "interrupted"),
    (SystemExit(0), 1, "error: it ends the program (SystemExit: 0)"),
    (SystemExit(), 1, "it ends the program"), (GeneratorExit(), 1, "error: GeneratorExit"),
    (Own("x"), 1, "error: Own: x"), (Mute(), 1, "error: Mute"),
    (ValueError(object()), 1, "error: ValueError: <object object>"),
    (MemoryError(), 1, "too little memory"),
    (RecursionError("deep"), 1, "RecursionError: deep"),
    (KeyError("a" * 3000), 1, "error: KeyError: 'aaa"),
    (RuntimeError("RESOURCE_EXHAUSTED: 9 bytes"), 1, "too little memory"),
    (RuntimeError("Unable to initialize backend 'x'"), 1, "JAX cannot use the devices"),
    (PermissionError(13, "Permission denied", "a/b"), 1, "error: a/b: Permission denied; mend"),
    (OSError(28, "No space left on device"), 1, "no space left on the device of somewhere")])
def test_whatever_happens_there_is_a_message_and_a_code(error, code, words, capsys):
    assert run(error) == code
    out, err = capsys.readouterr()
    assert words in err and "Traceback" not in err and out == "" and len(err) < 1000


def test_the_traceback_of_the_unforeseen_is_in_a_file(capsys):
    run(ZeroDivisionError("oh"))
    name = re.search(r"its traceback is in (\S+\.txt)", capsys.readouterr().err)[1]
    text = pathlib.Path(name).read_text()
    pathlib.Path(name).unlink()
    assert "Traceback" in text and text.rstrip().endswith("ZeroDivisionError: oh")


def test_a_users_own_file_is_named(tmp_path, capsys):
    (tmp_path / "mine.py").write_text("import sys\n\n\ndef leave():\n    sys.exit(0)\n")
    space = {}
    exec(compile((tmp_path / "mine.py").read_text(), tmp_path / "mine.py", "exec"), space)
    assert common.run_command(lambda arguments: space["leave"](), "", ARGV) == 1
    err = capsys.readouterr().err
    assert f"in {tmp_path / 'mine.py'}:5" in err and "is not part of rum_jax; mend it" in err


def test_a_thread_of_a_users_own_that_fails_is_one_line(monkeypatch, capsys):
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # is put back
    thread = threading.Thread(target=lambda: 1 / 0)

    def main(arguments):
        thread.start()
        thread.join()

    assert common.run_command(main, "", ARGV) == 0
    err = capsys.readouterr().err
    assert "a thread ended with ZeroDivisionError: division by zero, in " in err
    assert "Traceback" not in err


def test_what_has_no_effect_is_said(capsys):
    assert run(None, [*ARGV, "--config.stream.size=3"]) == 0
    assert "config.stream.size is given and has no effect" in capsys.readouterr().err


@pytest.mark.parametrize("variable", ["no home", "cache is a file", "no such cache"])
def test_without_a_home_folder_or_a_cache(tmp_path, monkeypatch, variable, capsys):
    (tmp_path / "file").write_text("")
    kept = []
    monkeypatch.setattr(common, "enable_compilation_cache", kept.append)
    if variable == "no home":
        monkeypatch.delenv("RUM_JAX_CACHE", raising=False)

        def homeless(path):
            if str(path).startswith("~"):
                raise RuntimeError("Could not determine home directory.")
            return path

        monkeypatch.setattr(pathlib.Path, "expanduser", homeless)
    else:
        monkeypatch.setenv("RUM_JAX_CACHE", str(tmp_path / variable.rpartition(" ")[2] / "x"))
    assert common.run_command(lambda arguments: None, "", ARGV[:3]) == 0
    assert len(kept) == (variable == "no such cache")
    assert ("compiled anew in each run" in capsys.readouterr().err) == (not kept)


@pytest.mark.parametrize("words, expected", [
    (["--out=x"], "--layout"), (["--layout=lira"], "--out"), (["--layout=lyra", "--out=x"], "lyra"),
    (["--layout=lira", "--layout=rum", "--out=x"], "--layout: is given 2 times"),
    (["--layout=lira", "--out=x", "--out=y"], "--out: is given 2 times"),
    (["--layout=rum", "--out=/proc/x"], "--out: is '/proc/x'"),
    (["--layout=rum", "--out="], "--out: is ''"), (["--layout=rum", "--out=" + "x" * 300], "--out"),
    (["--layout=rum", "--out=nowhere/x"], "a path in a folder that is there"),
    (["--layout=rum", "--out=/dev/null/x"], "--out: is '/dev/null/x'"),
    (["--layout=rum", "--out=~nobody_here/x"], "there is no home folder"),
    (["--layout=rum", "--out={}/run/memorization.npz"], "outside of it"),
    (["--layout=lira", "--out={}/run/new"], "outside of it"),
    (["--layout=lira", "--out={}/run"], "outside of it"), (["--layout=lira", "--out={}"], "around"),
    (["--layout=lira", "--out={}/out", "--config.campaign.plan=true"], "config.campaign.plan"),
    (["--layout=lira", "--out={}/out", "--config.sweep.rows=('rum',)"], "config.sweep.rows")])
def test_exports_that_cannot_be(tmp_path, capsys, words, expected):
    code = export.command([*ARGV[:2], f"--workdir={tmp_path / 'run'}",
                           *(word.format(tmp_path) for word in words)])
    out, err = capsys.readouterr()
    assert code == 2 and expected in err and out == "" and "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("field", ["campaign.plan=true", "train.max_steps=3", "campaign.alone=true",
                                   "sweep.rows=('rum',)", "replicates=(0,1,2)"])
def test_what_only_other_commands_do_is_refused_where_sets_are_chosen(tmp_path, capsys, field):
    argv = [*ARGV[:2], f"--workdir={tmp_path / 'run'}", f"--config.{field}"]
    assert common.run_command(forget_sets.main, "", argv) == 2
    assert f"config.{field.partition('=')[0]}: is " in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("words, expected", [
    (["--coordinator=host:99999", "--processes=2"], "a port in 1..65535"),
    (["--coordinator=host:1", "--processes=" + "9" * 30], "at most 100000"),
    (["--coordinator=host:1", "--processes=2", "--process=" + "9" * 300], "allowed: 0..1"),
    (["--coordinator=host:1", "--processes=two"], "processes"),
    (["--coordinator=h:\u0661", "--processes=2"], "a port in 1..65535")])
def test_processes_that_cannot_be(words, expected, capsys):
    assert common.run_command(lambda arguments: None, "", [*ARGV, *words]) == 2
    err = capsys.readouterr().err
    assert expected in err and len(err) < 700
