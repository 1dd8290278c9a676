import pytest

from rum_jax.core.errors import InputError
from rum_jax.rum.searched_rows import SETTLES, searched_rows, spaces_of, tables_of


def test_a_search_chooses_the_ranges_of_an_algorithm_and_the_rate_of_its_last_epoch():
    assert {*spaces_of("finetune")} == {"epochs", "learning_rate", SETTLES}
    assert {*spaces_of("finetune", ("epochs", SETTLES))} == {"learning_rate"}
    assert spaces_of("none") == {}


def test_steps_without_anything_to_choose_read_nothing():
    assert tables_of("rum", [("none", "low"), ("salun", "high")]) == {("rum", "salun", "high")}


def test_of_rows_that_read_the_same_the_first_is_searched():
    chain = frozenset({("rum", "salun", "mid"), ("rum", "salun", "high")})
    assert searched_rows({"a": chain, "b": frozenset(), "c": chain, "d": frozenset()}) == [
        "a", "b", "d"]


def test_a_row_that_reads_only_some_of_what_an_earlier_row_reads_is_refused():
    whole, more = (frozenset(("rum", "salun", name) for name in names)
                   for names in ("ab", "bc"))
    with pytest.raises(InputError, match="row second: reads some hyper-parameters of an earlier"):
        searched_rows({"first": whole, "second": more})
    assert searched_rows({"first": whole, "second": whole - more}) == ["first"]
