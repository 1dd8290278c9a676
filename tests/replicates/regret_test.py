"""Regret of Auto-RUM against rows of all parts that have the same forget set."""

import numpy as np
import pytest

from rum_jax.claims.cells import Cell
from rum_jax.replicates.regret import regrets
from rum_jax.replicates.values import Values

SEEDS = 2


def study(forget_set, size, rows):
    """What a part of a replicate adds; rows: row -> (stratified ToW, stratified ToW-MIA)."""
    return {"sets": [{"set": forget_set, "size": size}], "rows": [
        {"set": forget_set, "row": row, "metrics": {
            "tow_stratified": [tow - 0.01, tow + 0.01], "tow_mia_stratified": [tow_mia] * SEEDS}}
        for row, (tow, tow_mia) in rows.items()]}


def values(auto):
    """Two replicates; `auto`: the scores of Auto-RUM in each."""
    one_shot = [(0.9, 0.7), (0.8, 0.7)]
    return Values((0, 1), {
        "low": [study("memorization:low", 30, {"vanilla:none": (0.99, 0.99)})] * 2,
        "half": [study("memorization:mix", 15, {"rum": (0.99, 0.99)})] * 2,
        "mix": [study("memorization:mix", 30, {
            "retrain": (1.0, 1.0), "original": (0.98, 0.98), "vanilla:scrub": scores,
            "rum": (0.6, 0.6)}) for scores in one_shot],
        "auto": [study("memorization:mix", 30, {"retrain": (1.0, 1.0), "rum": scores})
                 for scores in auto]})


def test_the_best_row_is_that_of_the_same_forget_set_by_its_mean_over_replicates():
    tow, tow_mia = regrets("auto", values([(0.6, 0.75), (0.85, 0.75)]))
    assert (tow.metric, tow.best, tow.rows) == ("tow_stratified", Cell("mix", "vanilla:scrub"), 3)
    assert tow.values == pytest.approx(np.array([[0.3, 0.3], [-0.05, -0.05]]))
    assert (tow_mia.best, tow_mia.rows) == (Cell("auto", "rum"), 3)
    assert np.array_equal(tow_mia.values, np.zeros((2, SEEDS)))


def test_another_row_with_the_same_scores_is_not_better():
    assert [each.best for each in regrets("auto", values([(0.9, 0.7), (0.8, 0.7)]))] == [
        Cell("auto", "rum")] * 2
