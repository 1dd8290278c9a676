import numpy as np
import pytest

from rum_jax.claims.cells import Cell
from rum_jax.core.errors import InputError
from rum_jax.replicates.uncovered import uncovered

from .made_up import REPLICATES, table, values

ROW = "rum_f:scrub"
PARTS = ("low", "mid", "high", "retain")
NUMBER = {part: number for number, part in enumerate(PARTS)}


def measured(part, done):
    """float64[R,S] after so many steps."""
    return table(10 * NUMBER[part] + done)


def traced(order):
    """Values of a chain in that order."""
    traces = [{ROW: {"steps": [{"subset": subset, "algorithm": "scrub"} for subset in order],
                     "measures": {"called_member": {
                         part: [measured(part, done)[t].tolist() for done in range(4)]
                         for part in PARTS}}}} for t in range(len(REPLICATES))]
    return values({"mix": {ROW: {"tow": table(0)}}}, traces={"mix": traces})


@pytest.mark.parametrize("order", [("low", "mid", "high"), ("high", "mid", "low")])
def test_the_change_of_later_subsets_by_the_first_step_beyond_that_of_the_retain_set(order):
    found = uncovered(traced(order), Cell("mix", ROW), "uncovered_called_member")
    change = {part: measured(part, 1) - measured(part, 0) for part in PARTS}
    expected = (change[order[1]] + change[order[2]]) / 2 - change["retain"]
    np.testing.assert_allclose(found, expected)
    assert found.shape == (3, 2)


def test_what_all_examples_share_is_not_uncovered():
    made = traced(("low", "mid"))
    for study in made.studies["mix"]:
        measures = study["traces"][ROW]["measures"]["called_member"]
        for part in PARTS:
            measures[part][1] = [value + 0.25 for value in measures[part][0]]
    np.testing.assert_allclose(uncovered(made, Cell("mix", ROW), "uncovered_called_member"), 0,
                               atol=1e-15)


def test_a_row_without_a_trace_is_refused():
    with pytest.raises(InputError, match="mix/rum: has no trace.*with config.trace=True"):
        uncovered(traced(("low", "mid")), Cell("mix", "rum"), "uncovered_called_member")
