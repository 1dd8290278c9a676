"""Every command of README and documentation is one that the project understands.

Commands of rum_jax and of the launchers are read by the project's own parsers, with all checks but
those that need data or models; `make` says what it would do; of other programs of the project the
options are looked up. What cannot be checked stands in UNCHECKED, with the reason.
"""

import functools
import importlib
import os
import pathlib
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from toy import ROOT

from docs.pages import PAGES, Command, commands, name_of, prose, python_files
from rum_jax.cli import export
from rum_jax.config import overrides

# First words of commands that are not checked, and why.
UNCHECKED = {
    "python3 -m venv": "makes an environment with Python's own program",
    "pip install safetensors": "a package of others",
    "pip install pre-commit": "a package of others",
    "pre-commit install": "a program of others",
    "mkdir": "a program of others",
    "sbatch": "needs SLURM; tests/launch runs the file with a stand-in",
    "kubectl": "needs a cluster; tests/launch checks the manifests",
    "bash campaign.sh": "needs TPU VMs; tests/launch runs the steps with a stand-in",
}
COMMANDS = list(dict.fromkeys(command for page in PAGES for command in commands(page)))
MODULES = ("rum_jax.main", "rum_jax.forget_sets", "rum_jax.export")


def unchecked(command: Command) -> str | None:
    """The entry of UNCHECKED that a command belongs to."""
    words = list(command.words)
    for entry in UNCHECKED:
        if words[:len(entry.split())] == entry.split():
            return entry
    return None


def config_of(command: Command) -> str | None:
    """The path of the config file that a command names."""
    named = [word for word in command.words if word.startswith("--config=")]
    return named[0].removeprefix("--config=").partition(":")[0] if named else None


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with all that the commands name: configs, own code, ids and scores."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("configs", "tests", "benchmarks", "launch"):
        (folder / name).symlink_to(ROOT / name)
    for name, source in python_files().items():
        (folder / name).write_text(source)
    (folder / "ids.txt").write_text("digits_00007\n")
    ids = np.array([f"digits_{i:05d}" for i in range(1797)])
    for name in ("scores.npz", "runs/digits_mem/memorization.npz",
                 "runs/old/cifar10_small_memorization.npz",
                 "runs/cifar10_small_proxies/memorization.npz"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        np.savez(folder / name, ids=ids, memorization=np.linspace(-0.1, 1, len(ids)))
    for name in ("a.safetensors", "b.pt", "c.pt"):
        (folder / name).write_bytes(b"")
    return folder


def check_module(module: str, arguments: list[str]) -> None:
    """The command's own reading of its flags and of the config; InputError if it is wrong."""
    if module == "rum_jax.export":
        flags = [word for word in arguments if word.startswith(("--layout=", "--out="))]
        layout = next(word for word in flags if word.startswith("--layout="))
        assert layout.removeprefix("--layout=") in export.LAYOUTS
        assert len(flags) == 2, "an export needs --layout and --out"
        arguments = [word for word in arguments if word not in flags]
    overrides.parse([module, *arguments], data=False)


def check_script(path: str, arguments: list[str]) -> None:
    """A launcher's own reading of its options; of other programs, whether they have them."""
    if path.startswith("launch/"):
        sys.path.insert(0, str(ROOT / "launch"))
        assert importlib.import_module(pathlib.Path(path).stem).render(arguments)
        return
    source = (ROOT / path).read_text()
    known = set(re.findall(r'"(--[\w-]+)"', source))
    if 'f"--{' in source:   # options that get their names when it is run
        known = set(re.findall(r"--[\w-]+", subprocess.run(
            [sys.executable, path, "--help"], cwd=ROOT, capture_output=True, text=True,
            check=True).stdout))
    assert {word.partition("=")[0] for word in arguments} <= known


def check_make(arguments: list[str]) -> None:
    """`make -n` says what it would run for a target that is no file."""
    targets = (ROOT / "Makefile").read_text().partition(".PHONY:")[2].splitlines()[0].split()
    assert {word for word in arguments if "=" not in word} <= set(targets)
    done = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr


def check_pip(arguments: list[str]) -> None:
    """The extras of this package that are installed are in setup.cfg."""
    packages = [word for word in arguments if word not in ("install", "-e", "-q")]
    assert all(package.startswith(".") for package in packages)
    extras = [extra for package in packages for extra in re.findall(r"\[(\w+)\]", package)]
    known = (ROOT / "setup.cfg").read_text().partition("[options.extras_require]")[2]
    assert all(re.search(rf"^{extra} *=", known, re.MULTILINE) for extra in extras)


def check_pytest(arguments: list[str]) -> None:
    """The folders of tests are there."""
    paths = [word for word in arguments if word.startswith("tests")]
    assert paths and all((ROOT / path).exists() for path in paths)


def checks_of(command: Command):
    """The check of a command, ready to be called."""
    program, *arguments = command.words
    program = program.rpartition("/")[2]
    if program in ("python", "python3") and arguments[0] == "-m":
        module, rest = arguments[1], arguments[2:]
        if module == "pytest":
            return functools.partial(check_pytest, rest)
        assert module in MODULES, f"{command.page}: {module} is no command of rum_jax"
        return functools.partial(check_module, module, rest)
    if program == "python":
        return functools.partial(check_script, arguments[0], arguments[1:])
    checks = {"make": check_make, "pip": check_pip, "pytest": check_pytest}
    assert program in checks, f"{command.page}: {command.text}: no check, and not in UNCHECKED"
    return functools.partial(checks[program], arguments)


@pytest.mark.parametrize("command", COMMANDS,
                         ids=lambda command: f"{command.page}: {command.text[:60]}")
def test_every_command_is_understood(command, folder, monkeypatch):
    if unchecked(command):
        return
    config = config_of(command)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    if config and config.startswith("configs/") and not os.path.exists(config):
        return  # told by test_every_config_that_is_named_is_there
    checks_of(command)()


def test_every_config_that_is_named_is_there():
    """In commands, and in the text of what is no history."""
    named = {(command.page, config) for command in COMMANDS
             if (config := config_of(command)) and config.startswith("configs/")}
    named |= {(name_of(page), config) for page in PAGES if page.name != "CHANGELOG.md"
              for config in re.findall(r"`(configs/\w+\.py)(?::[\w,]+)?`", prose(page))}
    missing = {f"{page}: {config}" for page, config in named if not (ROOT / config).is_file()}
    assert not missing


def test_what_is_not_checked_is_in_the_documentation():
    """An entry that no command needs any more is taken off the list."""
    assert {entry for command in COMMANDS if (entry := unchecked(command))} == set(UNCHECKED)


def test_every_page_is_looked_at():
    pages = {command.page for command in COMMANDS}
    assert {"README.md", "CONTRIBUTING.md", "docs/launch.md", "docs/studies.md"} <= pages
    assert len(COMMANDS) > 60 and {name_of(page) for page in PAGES} >= pages


@pytest.mark.parametrize("text", [
    "python -m rum_jax.main --config=configs/digits_rum.py --workdir=w --config.forget.sise=3",
    "python -m rum_jax.main --config=configs/digits_rum.py:nothing --workdir=w",
    "python -m rum_jax.export --layout=parquet --out=x --config=configs/digits_rum.py --workdir=w",
    "python benchmarks/invariance.py --output=docs/results", "make tests", "pip install '.[gpu]'",
    "pytest tests/nothing", "tensorboard --logdir=runs"])
def test_a_command_that_is_not_understood_is_found(text, folder, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises((ValueError, AssertionError)):
        checks_of(Command("README.md", tuple(shlex.split(text))))()


@pytest.mark.slow
def test_a_dry_run_as_documented_says_what_it_takes_and_keeps_nothing(folder):
    """One of the commands that are short enough is run as it stands there."""
    (command,) = [command for command in COMMANDS if "--config.train.max_steps=3" in command.words]
    done = subprocess.run([sys.executable, *command.words[1:]], cwd=folder, capture_output=True,
                          text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert "nothing was kept" in done.stdout and not (folder / "runs" / "digits").exists()
