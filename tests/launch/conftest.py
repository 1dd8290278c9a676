"""The launchers, as modules beside each other, and the folder they are called in."""

import sys

import pytest
from toy import ROOT

sys.path.insert(0, str(ROOT / "launch"))

import common  # noqa: E402

CONFIG = "configs/memorization.py:digits"


def latest(*arguments: str) -> list[str]:
    """Arguments, the last of each option alone: what a test gives replaces its base."""
    last = {argument.partition("=")[0]: place for place, argument in enumerate(arguments)}
    return [argument for place, argument in enumerate(arguments)
            if last[argument.partition("=")[0]] == place
            or argument.startswith(("--env=", "--node-selector="))]


@pytest.fixture(autouse=True)
def in_checkout(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture
def refused(capsys):
    """Calls a launcher with bad arguments; returns the only thing it may print, a message."""
    def message(render, *arguments) -> str:
        code = common.run(render, latest(*arguments))
        out, err = capsys.readouterr()
        assert (code, out) == (2, "") and err.startswith("error: ") and "Traceback" not in err
        return err

    return message


@pytest.fixture
def fakes(tmp_path, monkeypatch):
    """Makes programs that note their arguments; returns a function that reads the calls back."""
    folder, calls = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def make(name: str, body: str = "", path=folder):
        file = path / name
        # One write for a call, as several may come at the same time.
        file.write_text(f"#!/bin/bash\nnote=$(mktemp)\n"
                        f"{{ printf '%s\\0' {name} \"$@\"; printf '\\n'; }} > $note\n"
                        f"cat $note >> {calls}\nrm $note\n{body}\n")
        file.chmod(0o755)
        return file

    def read() -> list[list[str]]:
        return [line.removesuffix("\0").split("\0") for line in calls.read_text().splitlines()]

    make.calls = read
    return make
