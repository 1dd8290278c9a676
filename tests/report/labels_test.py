import pytest

from rum_jax.report import labels


@pytest.mark.parametrize("name, shown", [
    ("vanilla:finetune", "vanilla:finetune"),
    ("vanilla:my_unlearning.py:forget", "vanilla:forget"),
    ("rum_f:some/where.py:forget[by=other/x.py:cut;order=descending]",
     "rum_f:forget[by=cut;order=descending]"),
    ("rum[by=p/b.py:r]", "rum[by=r]"), ("my.py:metric", "metric"),
    ("rum[by=memorization]", "rum[by=memorization]")])
def test_functions_stand_in_place_of_paths(name, shown):
    assert labels.function_names(name) == shown


def test_names_that_would_be_equal_keep_their_paths():
    names = ["vanilla:a.py:f", "vanilla:b.py:f", "vanilla:b.py:g"]
    assert labels.display_names(names) == {
        "vanilla:a.py:f": "vanilla:a.py:f", "vanilla:b.py:f": "vanilla:b.py:f",
        "vanilla:b.py:g": "vanilla:g"}


@pytest.mark.parametrize("name, shown", [
    ("   ", "(blank)"), ("", "(blank)"), ("a\nb\tc", "a b c"), ("a\x00\x07b", "a b"),
    ("a$b^$", "a$b^$"), ("\ud800x", "x"), ("\u5b57\u7b26", "\u5b57\u7b26")])
def test_a_name_is_one_visible_line(name, shown):
    assert labels.printable(name) == shown


def test_a_long_label_keeps_its_ends_in_two_lines():
    lines = labels.label("start" + 80 * "x" + "end").split("\n")
    assert len(lines) == 2 and max(map(len, lines)) <= labels.LINE
    assert lines[0].startswith("start") and lines[1].endswith("end") and "…" in "".join(lines)
    assert labels.label("rum_f:neggrad_plus[order=descending]", 20) == (
        "rum_f:neggrad_plus[\norder=descending]")


def test_labels_of_a_figure_differ():
    names = ["x" * 40 + "1" + "x" * 40, "x" * 40 + "2" + "x" * 40]
    assert len(set(labels.labels(names))) == 2
