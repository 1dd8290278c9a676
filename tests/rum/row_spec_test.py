import pytest

from rum_jax.config import base
from rum_jax.config.validate_study import study_faults
from rum_jax.core.errors import InputError
from rum_jax.rum.row_spec import Resolved, Row, fault, in_order, parse, resolve, row_identity

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


def config(**fields):
    config_dict = base.get_config()
    base.set_fields(config_dict, {name.replace("__", "."): value for name, value in fields.items()})
    return config_dict


@pytest.mark.parametrize("row, expected", [
    ("original", Resolved("reference")), ("retrain_again", Resolved("reference")),
    ("vanilla:salun", Resolved("vanilla", "salun")),
    ("rum", Resolved("rum", None, "memorization", 3, "ascending", "sequential")),
    ("rum[by=confidence;subsets=02]",
     Resolved("rum", None, "confidence", 2, "ascending", "sequential")),
    ("rum_f:salun[order=mid-low-high; steps=merged]",
     Resolved("rum_f", "salun", "memorization", 3, "mid-low-high", "merged"))])
def test_rows_are_resolved_with_the_defaults_of_their_section(row, expected):
    assert resolve(config(), row) == expected


def test_defaults_are_those_of_the_config_not_of_the_name():
    changed = config(rum__refinement="entropy", rum__subsets=4, rum_f__order="high-mid-low")
    assert resolve(changed, "rum") == Resolved("rum", None, "entropy", 4, "ascending",
                                               "sequential")
    assert resolve(changed, "rum_f:scrub").order == "descending"


SAME = [("rum", "rum[subsets=3]"), ("rum[subsets=3]", "rum[subsets=03]"),
        ("rum", "rum[by=memorization]"), ("rum", "rum[order=ascending]"),
        ("rum[order=low-mid-high]", "rum"), ("rum[order=descending]", "rum[order=high-mid-low]"),
        ("rum[by=class]", "rum[ by = class ]"), ("rum_shuffled", "rum[by=shuffled]"),
        ("rum", "rum[steps=sequential]"), ("rum_f:salun", "rum_f:salun[by=memorization]"),
        ("rum_f:scrub[subsets=4;order=high-mid-low]",
         "rum_f:scrub[order=high-mid_1-mid_2-low;subsets=4]")]


@pytest.mark.parametrize("first, second", SAME)
@pytest.mark.parametrize("field", ["rows", "stream__rows", "sweep__rows"])
def test_rows_that_do_the_same_are_refused_under_both_names(field, first, second):
    said = study_faults(config(stream__requests=("random",), **{field: (first, second)}))
    assert any(fault.startswith(f"config.{field.replace('__', '.')}: {second} and {first} do the "
                                "same") for fault in said), said


@pytest.mark.parametrize("first, second", [
    ("rum", "rum_shuffled"), ("rum", "rum[subsets=4]"), ("rum_f:salun", "rum_f:scrub"),
    ("rum", "rum[order=descending]"), ("rum", "rum[steps=merged]"),
    ("rum[by=entropy*memorization]", "rum[by=memorization*entropy]")])
def test_rows_that_do_not_are_not(first, second):
    assert not any("do the same" in fault for fault in study_faults(config(rows=(first, second))))


def test_a_section_that_says_the_same_makes_rows_the_same():
    said = study_faults(config(rum__refinement="entropy", rows=("rum", "rum[by=entropy]")))
    assert any("rum[by=entropy] and rum do the same" in fault for fault in said)
    assert not any("do the same" in fault
                   for fault in study_faults(config(rows=("rum", "rum[by=entropy]"))))


def test_one_file_under_two_names_is_one_function(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = ("vanilla:./my.py:f", f"vanilla:{tmp_path / 'my.py'}:f", "vanilla:my.py:f")
    assert len({row_identity(config(), row) for row in rows}) == 1
    # the user's own refinement says how many subsets there are
    keys = {row_identity(config(), f"rum[by=my.py:f{more}]") for more in ("", ";subsets=5")}
    assert len(keys) == 1



def test_merged_steps_have_no_order():
    identities = {row_identity(config(), f"rum_f:finetune[steps=merged{more}]")
                  for more in ("", ";order=descending", ";order=mid-low-high")}
    assert len(identities) == 1
    assert len({row_identity(config(), f"rum_f:finetune[{more}]") for more in (
        "order=ascending", "order=descending", "steps=merged")}) == 3