import numpy as np
import pytest

from rum_jax.claims.cells import Cell
from rum_jax.core.errors import InputError

from .made_up import table, values


@pytest.fixture
def made():
    return values({"low": {"original": {"tow": table(0), "mia": table(1)},
                           "rum": {"tow": table(2), "mia": table(3), "seconds": table(4)}},
                   "high": {"original": {"tow": table(5)}}},
                  {"low": table(6), "high": table(7)})


def test_a_cell_has_a_value_for_each_replicate_and_model_seed(made):
    np.testing.assert_array_equal(made.of_cell(Cell("low", "rum"), "mia"), table(3))
    np.testing.assert_array_equal(made.of_cell(Cell("high", "original"), "tow"), table(5))
    np.testing.assert_array_equal(made.of_set("high", "entanglement_score_ratio"), table(7))


def test_rows_are_in_their_order_and_metrics_are_those_that_all_rows_have(made):
    assert made.rows("low") == ["original", "rum"] and made.metrics("low") == ["tow", "mia"]
    made.studies["low"][2]["rows"][1]["metrics"]["mia"][1] = None
    assert made.metrics("low") == ["tow"], "one model that has no value"


def test_of_several_forget_sets_a_cell_is_the_mean(made):
    for study, other in zip(made.studies["high"], table(8), strict=True):
        study["rows"].append({"set": "class:3", "row": "original",
                              "metrics": {"tow": other.tolist()}})
    assert made.rows("high") == ["original"]
    np.testing.assert_allclose(made.of_cell(Cell("high", "original"), "tow"),
                               (table(5) + table(8)) / 2)


@pytest.mark.parametrize("part, row", [("lwo", "rum"), ("high", "rum")])
def test_a_cell_that_is_not_there_is_refused(made, part, row):
    with pytest.raises(InputError, match=f"{part}/{row}: there is no such row"):
        made.of_cell(Cell(part, row), "tow")
