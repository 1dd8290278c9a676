import numpy as np
import pytest

from rum_jax.claims.cells import Cell
from rum_jax.claims.contrast import Contrast
from rum_jax.replicates import calibration
from rum_jax.replicates.contrasts import Compared
from rum_jax.replicates.values import Values

ROWS = ("a", "b", "c")


def values(sd, replicates=12, seeds=4):
    """Rows a, b and c of two metrics, whose seeds differ by sd, and which differ by 0.2."""
    rng = np.random.default_rng(0)
    table = {row: {metric: rng.normal(0.5 + 0.2 * k, sd, (replicates, seeds))
                   for metric in ("x", "y")} for k, row in enumerate(ROWS)}
    return Values(tuple(range(replicates)), {"part": [{
        "seeds": list(range(seeds)), "traces": {}, "sets": [{}],
        "rows": [{"set": "s", "row": row, "metrics": {
            metric: of_row[t].tolist() for metric, of_row in of_rows.items()}}
            for row, of_rows in table.items()]} for t in range(replicates)]})


def compared(name, first, second, metric="x", **fields):
    contrast = Contrast(name, "claim", fields.pop("family", "1"), metric,
                        fields.pop("test", "superiority"), "greater", 0.02)
    return Compared(contrast, fields.pop("measure", "difference"),
                    *(tuple(Cell("part", row) for row in rows) for rows in (first, second)))


def test_counts_of_each_family_and_contrast():
    """Measured differences of 0.2 play no part: rows are alike but for their seeds."""
    found = calibration.calibrate([
        compared("1", "a", "b"), compared("2", "a", "b", "y"), compared("3", "ab", "bc"),
        compared("4", "a", "c", family="2")], values(0.01))
    assert found["null"]["studies"] == 200 and found["null"]["most"] == 15
    assert found["null"]["errors"].keys() == {"1", "2"}
    assert all(count <= 15 for count in found["null"]["errors"].values())
    assert found["planted"] == {"effect": 0.03, "studies": 50,
                                "found": dict.fromkeys("1234", 50)}


def test_small_effects_are_not_found_where_seeds_differ_a_lot():
    found = calibration.calibrate([compared("1", "a", "b")], values(0.3))
    assert found["planted"]["found"]["1"] < 20


@pytest.mark.parametrize("each", [
    compared("1", "a", ""), compared("1", "a", "a"), compared("1", "ab", "a"),
    compared("1", "abc", "", measure="slope"), compared("1", "a", "b", test="equivalence")])
def test_what_cannot_be_simulated_is_left_out(each):
    assert calibration.calibrate([each], values(0.01)) is None


def test_one_model_seed_says_nothing_of_seeds():
    assert calibration.calibrate([compared("1", "a", "b")], values(0.01, seeds=1)) is None


def test_draws_are_the_same_each_time():
    contrasts = [compared("1", "a", "b")]
    assert calibration.calibrate(contrasts, values(0.1)) == calibration.calibrate(
        contrasts, values(0.1))
