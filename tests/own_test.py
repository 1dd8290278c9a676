import re

import pytest

from rum_jax.errors import InputError, RunError
from rum_jax.own import call, load, references


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
    ("raise GeneratorExit", "raised GeneratorExit")])
def test_whatever_the_users_code_raises_is_one_message_with_its_line(tmp_path, body, what):
    reference, run = _called(tmp_path, body)
    with pytest.raises(RunError, match=f"^{re.escape(reference)}, line 5: {what}"):
        run()


@pytest.mark.parametrize("body, error", [
    ("raise KeyboardInterrupt", KeyboardInterrupt),
    ("from rum_jax.errors import InputError; raise InputError('no')", InputError)])
def test_an_interruption_and_clear_messages_stay_what_they_are(tmp_path, body, error):
    with pytest.raises(error):
        _called(tmp_path, body)[1]()


def test_what_the_users_code_returns_comes_back(tmp_path):
    assert _called(tmp_path, "return x + 1", 2)[1]() == 3
