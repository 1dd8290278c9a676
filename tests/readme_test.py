"""The README fits a page and has the numbers of its run; the documentation's example runs."""

import importlib.util
import json
import re
import subprocess

import pytest
from docs.pages import DOCS, commands, python_files
from study.pipeline_test import toy
from toy import ROOT, command

from rum_jax.core.errors import InputError

README = ROOT / "README.md"
EXAMPLE = "my_unlearning.py:forget"


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """A folder with the files of the documentation's Python blocks."""
    folder = tmp_path_factory.mktemp("example")
    for name, source in python_files().items():
        (folder / name).write_text(source)
    return folder


def run(folder, **changed):
    return subprocess.run(command(folder / "run", **changed), capture_output=True, text=True,
                          cwd=folder)


FIELDS = {"rows": ("vanilla:my_unlearning.py:forget", "rum"),
          "rum__algorithms__high": "my_unlearning.py:forget",
          "rum__refinement": "my_parts.py:by_both",
          "metrics": ("my_metrics.py:worst_class", "test_kl")}


def test_the_readme_fits_a_page_and_names_its_commands():
    text = README.read_text()
    assert len(text.splitlines()) <= 150
    assert re.search(r"^make test +# the test command$", text, re.MULTILINE)
    assert {"make demo", "python -m rum_jax.main --config=configs/digits_rum.py "
            "--workdir=runs/digits"} <= {command.text for command in commands(README)}


def block(path, name):
    """What a page has between the marks of that name."""
    return re.search(rf"<!-- begin {name} -->\n(.*?)\n<!-- end {name} -->", path.read_text(),
                     re.DOTALL)[1]


def test_the_table_is_that_of_the_committed_run():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "benchmarks" / "readme.py")
    readme = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme)
    results = json.loads((DOCS / "results" / "digits" / "results.json").read_text())
    table = block(README, "demo")
    assert table == readme.demo(results)
    lines = table.splitlines()
    assert len(lines) == 2 + 6 and {line.count("|") for line in lines} == {5 + 1}
    assert block(README, "answer") == readme.answer(results)
    assert block(DOCS / "sweeps.md", "search") == readme.search(results)
    assert block(DOCS / "reproducibility.md", "invariance") == readme.invariance(results)


def test_the_example_is_the_documented_command():
    (command,) = [command for command in commands(DOCS / "extending.md") if EXAMPLE in command.text]
    assert {f"--config.{name.replace('__', '.')}={value}".replace(" ", "")
            for name, value in FIELDS.items()} <= set(command.words)


@pytest.mark.slow
def test_code_of_ones_own_runs_and_its_change_is_noticed(example):
    done = run(example, **FIELDS)
    assert done.returncode == 0, done.stderr
    results = json.loads((example / "run" / "results.json").read_text())
    rows = {row["name"]: row for row in results["rows"]}
    row = rows["vanilla:my_unlearning.py:forget"]
    assert row["steps"][0]["hparams"] == {"epochs": 5, "learning_rate": 0.01, "target": 2.3}
    assert row["metrics"]["forget_accuracy"] != rows["original"]["metrics"]["forget_accuracy"]
    assert 0 <= row["metrics"]["my_metrics.py:worst_class"]["mean"] <= 1
    assert [(step["subset"], step["algorithm"]) for step in rows["rum"]["steps"]] == [
        ("low", "none"), ("high_apart", "my_unlearning.py:forget"),
        ("high_entangled", "my_unlearning.py:forget")]

    source = example / "my_unlearning.py"
    source.write_text(source.read_text() + "# changed\n")
    again = run(example, **FIELDS)
    assert again.returncode == 2 and "Traceback" not in again.stderr
    assert "my_unlearning.py: its content is not what stages/unlearn/" in again.stderr


@pytest.mark.parametrize("source, message", [
    ("def forget(problem): return 1", "is forget(problem); allowed: it must take (problem, "
                                      "states) by position"),
    ("def forgot(problem, states): return states", "there is no function forget; the file has "
                                                   "forgot"),
    ("def forget(problem, states, *, rate=None): return states", "hyper-parameter rate has the "
                                                                "default None; allowed"),
    ("import nothing_of_that_name", "cannot be run: ModuleNotFoundError")])
def test_a_faulty_file_is_named(tmp_path, monkeypatch, source, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(source + "\n")
    with pytest.raises(InputError, match=re.escape(message)):
        toy(rows=("vanilla:mine.py:forget",))


def test_a_missing_file_is_refused_before_any_work(tmp_path):
    done = run(tmp_path, rows=("rum_f:mine.py:forget",))
    assert done.returncode == 2 and "there is no file mine.py in" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "run").exists()
