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
        "seeds": list(range(seeds)), "traces": {},
        "sets": [{"entanglement_score_ratio": [1.0] * seeds}],
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
    assert found["null"]["studies"] == 1000 and found["null"]["most"] == 62
    assert found["null"]["errors"].keys() == {"1", "2"}
    assert all(count <= 62 for count in found["null"]["errors"].values())
    assert found["planted"] == {"effect": 0.03, "studies": 50,
                                "found": dict.fromkeys("1234", 50)}


def test_small_effects_are_not_found_where_seeds_differ_a_lot():
    found = calibration.calibrate([compared("1", "a", "b")], values(0.3))
    assert found["planted"]["found"]["1"] < 20


@pytest.mark.parametrize("each", [
    compared("1", "a", ""), compared("1", "a", "a"), compared("1", "ab", "ba"),
    compared("1", "ab", "ab", measure="interaction"),
    compared("1", "a", "", "uncovered_x"), compared("1", "a", "b", test="equivalence")])
def test_what_cannot_be_simulated_is_left_out(each):
    assert calibration.calibrate([each], values(0.01)) is None


def test_one_model_seed_says_nothing_of_seeds():
    assert calibration.calibrate([compared("1", "a", "b")], values(0.01, seeds=1)) is None


def test_draws_are_the_same_each_time():
    contrasts = [compared("1", "a", "b")]
    assert calibration.calibrate(contrasts, values(0.1)) == calibration.calibrate(
        contrasts, values(0.1))


def test_an_effect_is_the_weighted_sum_of_its_cells():
    """A cell on both sides keeps the weight that is left of it."""
    table = np.array([1.0, 2.0, 4.0])[:, None, None] * np.ones((3, 2, 2))
    made = Values((0, 1), {row: [{
        "rows": [{"set": "s", "row": "r", "metrics": {"x": [value] * 2}}], "traces": {},
        "sets": [{"entanglement_score_ratio": [ratio * factor] * 2}]} for factor in (0.5, 2.0)]
        for row, value, ratio in (("a", 1.0, 0.1), ("b", 2.0, 0.4), ("c", 4.0, 1.6))})

    def cells(rows):
        return tuple(Cell(row, "r") for row in rows)

    for measure, first, second, expected in (
            ("difference", "aba", "aca", (2.0 - 4.0) / 3),
            ("interaction", "abc", "ac", 0.0),
            ("interaction", "ab", "bc", (2.0 - 1.0) - (4.0 - 2.0)),
            ("slope", "abc", "", np.polyfit(np.log([0.1, 0.4, 1.6]), [1.0, 2.0, 4.0], 1)[0])):
        each = compared("1", "", "", measure=measure)._replace(
            first=cells(first), second=cells(second))
        weights = calibration._weights(each, cells("abc"), made)
        assert weights @ table[:, 0, 0] == pytest.approx(expected), (measure, first, second)
        assert weights.sum() == pytest.approx(0)


def test_interactions_and_slopes_are_simulated():
    found = calibration.calibrate([
        compared("1", "ab", "bc", measure="interaction"),
        compared("2", "ac", "ab")], values(0.01))
    assert found["planted"]["found"] == {"1": 50, "2": 50}
    assert max(found["null"]["errors"].values()) <= 62
