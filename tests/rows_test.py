import pytest

from rum_jax.errors import InputError
from rum_jax.rows import Row, fault, in_order, parse

THREE = ("low", "mid", "high")


@pytest.mark.parametrize("row, expected", [
    ("vanilla:salun", Row("vanilla", "salun", {})),
    ("rum", Row("rum", "", {})),
    ("rum_shuffled", Row("rum", "", {"by": "shuffled"})),
    ("rum_f:salun[order=high-low-mid; steps=merged]",
     Row("rum_f", "salun", {"order": "high-low-mid", "steps": "merged"})),
    ("rum[by=my.py:f]", Row("rum", "", {"by": "my.py:f"})),
    ("vanilla:my.py:f", Row("vanilla", "my.py:f", {}))])
def test_rows_are_taken_apart(row, expected):
    assert parse(row) == expected


@pytest.mark.parametrize("row, message", [
    (3, "is 3; allowed: a text"),
    ("salun", "is 'salun'; allowed: vanilla:<algorithm>"),
    ("vanilla", "is 'vanilla'; allowed: vanilla:<algorithm>"),
    ("rum:salun", "is 'rum:salun'; allowed"),
    ("vanilla:salum", "whose algorithm is 'salum'; known: boundary_expand"),
    ("vanilla:salun[by=class]", "allowed: no brackets, as vanilla has no subsets"),
    ("rum[sort=up]", "with the option 'sort'; known: by, order, subsets, steps"),
    ("rum[by=confidenc]", "whose option by is 'confidenc'; known: accuracy"),
    ("rum[by=memorization*memorization]", "whose option by is 'memorization*memorization'"),
    ("rum[subsets=1]", "whose option subsets is '1'; allowed: 2 to 100"),
    ("rum[order=up]", "whose option order is 'up'; known: ascending, descending"),
    ("rum[order=low-low-mid]", "whose option order is 'low-low-mid'"),
    ("rum[steps=added]", "whose option steps is 'added'; known: sequential, merged"),
    ("rum[by=class;by=entropy]", "is 'rum[by=class;by=entropy]'; allowed: each option once"),
    ("rum[steps=merged", "allowed: a closing bracket at its end"),
    ("rum[by=not_there.py:f]", "there is no file not_there.py")])
def test_faulty_rows(row, message):
    assert message in fault(row)


@pytest.mark.parametrize("row", ["rum", "rum_shuffled", "vanilla:none", "rum_f:scrub",
                                 "rum[by=memorization*entanglement;subsets=4]",
                                 "rum_f:salun[order=mid-high-low]", "rum[by=class;steps=merged]"])
def test_sound_rows(row):
    assert fault(row) is None


@pytest.mark.parametrize("subsets, order, expected", [
    (THREE, "ascending", ["low", "mid", "high"]),
    (THREE, "descending", ["high", "mid", "low"]),
    (THREE, "mid-high-low", ["mid", "high", "low"]),
    (("low", "mid_1", "mid_2", "high"), "high-mid-low", ["high", "mid_1", "mid_2", "low"]),
    (("low", "mid_1", "mid_2", "high"), "mid_2-high-mid-low", ["mid_2", "high", "mid_1", "low"]),
    (("low", "high"), "high-low", ["high", "low"]),
    (("low", "high_near", "high_apart"), "high-low", ["high_near", "high_apart", "low"])])
def test_orders(subsets, order, expected):
    assert in_order(subsets, order) == expected


@pytest.mark.parametrize("subsets, order", [
    (THREE, "low-high"), (THREE, "low-mid-high_2-high"),
    (("low", "mid_1", "high"), "low-mid_2-high")])
def test_orders_that_do_not_fit(subsets, order):
    with pytest.raises(InputError, match=f"order: is {order}; allowed: each of low, mid"):
        in_order(subsets, order)
