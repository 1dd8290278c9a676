"""Config files are programs of the user's, which may do anything."""

import os
import pathlib

import pytest

from rum_jax.config import base, config_file
from rum_jax.config.overrides import parse
from rum_jax.core.errors import InputError

WORKDIR = "--workdir=somewhere"
HEAD = "from ml_collections import ConfigDict\nfrom rum_jax.config import base\n"


def config(path, body, head=HEAD):
    path.write_text(f"{head}\ndef get_config():\n    c = base.get_config()\n    {body}\n")
    return path


def message(argument):
    with pytest.raises(InputError) as error:
        parse(["main", argument, WORKDIR], data=False)
    return str(error.value)


@pytest.mark.parametrize("body, expected", [
    ("raise SystemExit(0)", "it ends the program (SystemExit: 0)"),
    ("import sys; sys.exit(3)", "it ends the program (SystemExit: 3)"),
    ("exit()", "it ends the program (SystemExit: "),
    ("class Own(SystemExit): pass\n    raise Own", "it ends the program"),
    ("raise GeneratorExit", "GeneratorExit"),
    ("class Own(BaseException): pass\n    raise Own('oh')", "Own: oh"),
    ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
    ("raise RuntimeError('x' * 5000)", "RuntimeError: xxx"),
    ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
    ("class Own(Exception):\n        def __str__(self): raise KeyError\n    raise Own", "Own"),
    ("from ml_collections import FrozenConfigDict; return FrozenConfigDict(c)",
     "returned a FrozenConfigDict; allowed: a ConfigDict, such as"),
    ("deeper = lambda: deeper(); return deeper()", "RecursionError: maximum recursion depth"),
    ("raise MemoryError", "MemoryError"),
    ("1 / 0", "ZeroDivisionError: division by zero"),
    ("raise StopIteration", "StopIteration"),
    ("assert c.seeds == 3", "AssertionError"),
    ("open('/nowhere/file')", "FileNotFoundError"),
    ("return c.to_dict()", "get_config returned a dict; allowed: a ConfigDict"),
    ("pass", "get_config returned a NoneType; allowed: a ConfigDict"),
    ("return ConfigDict", "get_config returned a type; allowed: a ConfigDict"),
    ("return 3", "get_config returned a int; allowed: a ConfigDict"),
    ("yield c", "get_config returned a generator; allowed: a ConfigDict"),
    ("c.trian = 3; return c", "config.trian: unknown field; known here: seeds"),
    ("c.own = print; return c", "config.own: is <built-in function print>; allowed: numbers"),
    ("c.own = {1, 2}; return c", "config.own: is {1, 2}; allowed: numbers, texts"),
    ("c.own = None; return c", "config.own: is None; allowed: numbers, texts"),
    ("import numpy; c.own = numpy.zeros(3); return c", "config.own: is array([0., 0., 0.])"),
    ("import numpy; c.own = numpy.int64(3); return c", "config.own: is np.int64(3)"),
    ("c.train.batch_size = 3.0; return c", "cannot be casted"),
    ("c.train.learning_rate = float('nan'); return c", "config.train.learning_rate: is nan"),
    ("c.train.learning_rate = 10**400; return c", "OverflowError"),
    ("c.unlearn.momentum = -0.0; return c", "config.unlearn.momentum: is -0.0; allowed: a number"),
    ("c.trace = 1; return c", "cannot be casted"),
    ("c.model.name = 'a\\nb'; return c", "config.model.name: is 'a\\nb'; known: "),
    ("c.data.path = 'a\\nb'; return c", "config.data.path: is 'a\\nb'; allowed: a text without"),
    ("c.train = 5; return c", "cannot be casted"),
    ("c.seeds = c.get_ref('seeds'); c.own = c; return c", "Found cycle in reference"),
    ("from ml_collections import config_dict as d\n    c.own = d.required_placeholder(int)\n"
     "    return c", "None value found in required reference"),
    ("del c.model.widths; return c", "config.model.widths: missing"),
    *((f"del c.{name}; return c", f"config.{name}: missing") for name in base.get_config()),
    *((f"del c.{name}; c.{name} = 3; return c", f"config.{name}: is 3; allowed: a section of")
      for name in ("train", "campaign", "memorization", "rum", "vanilla", "data")),
])
def test_whatever_a_config_does_one_message_names_the_file(tmp_path, body, expected):
    text = message(f"--config={config(tmp_path / 'mine.py', body)}")
    assert expected in text and text.count("\n  - ") == 1 and len(text) < 3000
    assert "mine.py" in text or "config." in text


@pytest.mark.parametrize("source, expected", [
    ("import sys\nsys.exit(0)\n", "cannot be run: it ends the program (SystemExit: 0)"),
    ("def get_config(:\n", "SyntaxError"), ("\0", "null bytes"),
    ("x = 3\n", "has no function get_config"), ("get_config = 3\n", "has no function get_config"),
    ("", "has no function get_config"), ("import nonsense\n", "No module named 'nonsense'"),
    (b"\xff\xfe\x00", "cannot be run"), ("# coding: nonsense\n", "cannot be run"),
    ("def get_config(size): return size\n", "needs an argument; allowed: one that has defaults"),
    ("class get_config: pass\n", "get_config returned a get_config"),
    ("(" * 5000, "cannot be run")])
def test_files_that_are_no_configs(tmp_path, source, expected):
    path = tmp_path / "mine.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    text = message(f"--config={path}")
    assert expected in text and "mine.py" in text and text.count("\n  - ") == 1


@pytest.mark.parametrize("argument, expected", [
    ("--config={}", "it is a folder"), ("--config=", "allowed: a config file"),
    ("--config={}/nothing.py", "there is no file"), ("--config={}/min.py", "did you mean "),
    ("--config={}/mine.py:small", "takes no variant"), ("--config={}/mine.py:", "takes no variant"),
    ("--config={}/" + "x" * 300 + ".py", "allowed: at most 255 letters between two slashes"),
    ("--config={}/a\0b.py", "control characters"), ("--config={}/mine.py/x", "there is no file"),
    ("--config=~nobody_here/mine.py", "there is no home folder ~nobody_here"),
    ("--config={}/" + "x/" * 3000, "at most 3000 letters")])
def test_files_that_are_not_there(tmp_path, argument, expected):
    config(tmp_path / "mine.py", "return c")
    text = message(argument.format(tmp_path))
    assert expected in text and text.count("\n  - ") == 1 and len(text) < 1000


def test_a_config_is_found_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config(tmp_path / "mine.py", "c.train.epochs = 77; return c")
    arguments = parse(["main", "--config=~/mine.py", "--workdir=~/run"], data=False)
    assert arguments.config.train.epochs == 77 and arguments.workdir == str(tmp_path / "run")


def test_a_variant_is_passed_on(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(f"{HEAD}\ndef get_config(size='7'):\n    c = base.get_config()\n"
                    "    c.train.epochs = int(size)\n    return c\n")
    for argument, epochs in ((path, 7), (f"{path}:9", 9)):
        arguments = parse(["main", f"--config={argument}", WORKDIR], data=False)
        assert arguments.config.train.epochs == epochs
    assert "ValueError" in message(f"--config={path}:nine")


def test_a_config_that_changes_folders_changes_none_here(tmp_path):
    before = os.getcwd()
    assert config_file.fault(str(config(tmp_path / "mine.py", "import os; os.chdir('/'); "
                                                              "return c"))) is None
    parse(["main", f"--config={tmp_path / 'mine.py'}", WORKDIR], data=False)
    assert pathlib.Path.cwd() == pathlib.Path(before)
