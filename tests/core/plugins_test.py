import os
import re
import sys

import pytest

from rum_jax.core.errors import InputError, RunError
from rum_jax.core.plugins import call, fault, load, paths, references


@pytest.mark.parametrize("value, expected", [
    ("salun", set()), ("vanilla:salun", set()), ("rum[by=confidence]", set()),
    ("vanilla:my.py:f", {"my.py:f"}), ("rum_f:a/my.py:f[order=descending]", {"a/my.py:f"}),
    ("rum[by=my.py:f;order=descending]", {"my.py:f"}),
    ("rum[order=descending; by = my.py:f ]", {"my.py:f"}),
    ("rum_f:my.py:g[steps=merged;by=my.py:f]", {"my.py:f", "my.py:g"}),
    ({"rows": ("rum[by=my.py:f]",), "rum": {"refinement": "other.py:h"}},
     {"my.py:f", "other.py:h"})])
def test_functions_are_found_wherever_a_config_names_them(value, expected):
    assert references(value) == expected


def _called(tmp_path, body, *args):
    path = tmp_path / "mine.py"
    path.write_text(f"import sys\n\n\ndef f(x=0):\n    {body}\n")
    reference = f"{path}:f"
    return reference, lambda: call(reference, load(reference, ()), *args)


@pytest.mark.parametrize("body, what", [
    ("return 1 / x", "raised ZeroDivisionError: division by zero"),
    ("sys.exit(0)", r"called sys.exit\(0\)"),
    ("return f(x + 1)", "raised RecursionError: "),
    ("raise ValueError('a' * 10_000)", "raised ValueError: a{200,300}[.]{3};"),
    ("raise ValueError('one\\ntwo')", "raised ValueError: one two;"),
    ("raise ValueError(object())", "raised ValueError: <object object>;"),
    ("raise GeneratorExit", "raised GeneratorExit")])
def test_whatever_the_users_code_raises_is_one_message_with_its_line(tmp_path, body, what):
    reference, run = _called(tmp_path, body)
    with pytest.raises(RunError, match=f"^{re.escape(reference)}, line 5: {what}"):
        run()


@pytest.mark.parametrize("body, error", [
    ("raise KeyboardInterrupt", KeyboardInterrupt),
    ("from rum_jax.core.errors import InputError; raise InputError('no')", InputError)])
def test_an_interruption_and_clear_messages_stay_what_they_are(tmp_path, body, error):
    with pytest.raises(error):
        _called(tmp_path, body)[1]()


def test_folder_and_output_stay_what_they_were_whatever_the_users_code_does(tmp_path,
                                                                              monkeypatch):
    path = tmp_path / "code.py"
    path.write_text("import os, sys\nsys.stderr = None\nos.chdir('/')\n"
                    "def f():\n    sys.stderr = sys.stdout = None\n    os.chdir('/')\n"
                    "    raise ValueError\n")
    monkeypatch.chdir(tmp_path)
    before = sys.stdout, sys.stderr, os.getcwd()
    function = load("code.py:f", ())
    assert (sys.stdout, sys.stderr, os.getcwd()) == before
    with pytest.raises(RunError, match="line 7: raised ValueError"):
        call("code.py:f", function)
    assert (sys.stdout, sys.stderr, os.getcwd()) == before


def test_what_the_users_code_returns_comes_back(tmp_path):
    assert _called(tmp_path, "return x + 1", 2)[1]() == 3


@pytest.mark.parametrize("source, expected", [
    ("import sys\nsys.exit(0)\n", "it ends the program (SystemExit: 0)"),
    ("raise GeneratorExit\n", "GeneratorExit"), ("def f(:\n", "SyntaxError"), ("\0", "null bytes"),
    ("class Own(BaseException): pass\nraise Own('oh')\n", "Own: oh"),
    ("class Own(Exception):\n    def __str__(self): raise KeyError\nraise Own\n", "Own"),
    ("raise MemoryError\n", "MemoryError"), ("import nonsense\n", "No module named 'nonsense'"),
    ("def g(a): pass\n", "there is no function f; the file has g"), ("f = 3\n", "no function f"),
    ("f = dict\n", "f"), ("def f(): pass\n", "it must take (a)"),
    ("def forget(a): pass\nf_ = 3\n", "the file has forget")])
def test_a_file_that_cannot_be_used_is_named(tmp_path, source, expected):
    path = tmp_path / "mine.py"
    path.write_text(source)
    with pytest.raises(InputError) as error:
        load(f"{path}:f", ("a",))
    assert expected in str(error.value) and "mine.py" in str(error.value)


@pytest.mark.parametrize("name", ["a]b.py", "a;b.py", "a[b.py", "x" * 300 + ".py", "a\0b.py",
                                  "~nobody_here/b.py", "folder.py"])
def test_files_that_cannot_be(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    assert 10 < len(fault(lambda text: load(text, ()), f"{name}:f")) < 700


def test_a_file_in_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.py").write_text("def f(a): return a + 1\n")
    assert load("~/mine.py:f", ("a",))(3) == 4
    assert paths({"rows": ("vanilla:~/mine.py:f",)}) == ["~/mine.py"]
