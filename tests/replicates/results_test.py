import pathlib

import numpy as np
import pytest
from report import made_up_replicates

from rum_jax.replicates import results as module
from rum_jax.tuning import pipeline as tuning


def test_the_spread_that_model_seeds_make_is_told_beside_that_of_replicates():
    """Of a difference of two rows, with the values that the table for programs has."""
    _, results, (header, lines) = made_up_replicates.assembled()
    claim = next(claim for claim in results["claims"] if claim["measure"] == "difference"
                 and len(claim["first"]) == len(claim["second"]) == 1)
    assert header[:3] == ["part", "row", "metric"]

    def values(cell):
        part, row = cell.split("/")
        found = [line[5] for line in lines if line[:3] == [part, row, claim["metric"]]]
        return np.reshape(found, (made_up_replicates.REPLICATES, made_up_replicates.SEEDS))

    effects = values(claim["first"][0]) - values(claim["second"][0])
    variances = [np.var(of_replicate, ddof=1) for of_replicate in effects]
    assert claim["sd"] == pytest.approx(np.std(effects.mean(1), ddof=1))
    assert claim["sd_seeds"] == pytest.approx(
        (np.mean(variances) / made_up_replicates.SEEDS) ** 0.5)
    assert claim["sd_seeds"] > 0


def test_where_the_search_finds_one_row_best_for_both_sides_the_verdict_says_so(monkeypatch):
    monkeypatch.setattr(tuning, "load", lambda _, part: made_up_replicates.search(part))
    config = made_up_replicates.config()
    config.contrasts = {"same": made_up_replicates.contrast(
        "The best row is another", "1", ("mix/best(vanilla:*)",), ("mix/vanilla:scrub",))}
    made = module.assemble(pathlib.Path(), config, made_up_replicates.values(config),
                           made_up_replicates.PROVENANCE)
    assert {claim["verdict"] for claim in made["claims"]} == {
        "undecided: both sides are the same rows, which the search found best for both"}
    assert made["calibration"] is None
