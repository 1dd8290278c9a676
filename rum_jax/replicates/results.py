"""The results of a study over replicates as one JSON value, and as a table for programs.

`replicates.schema.json` beside the report describes every key.
"""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from rum_jax.claims.contrast import Effect, effect_faults
from rum_jax.claims.power import Power, attained, planned
from rum_jax.claims.verdict import UNDECIDED, Decision, decide
from rum_jax.config import replicates as configs
from rum_jax.evaluate.interval import summary
from rum_jax.replicates.calibration import calibrate
from rum_jax.replicates.contrasts import Compared, effects, stated
from rum_jax.replicates.regret import regrets
from rum_jax.replicates.values import SCORE_GRADIENTS, Cell, Values
from rum_jax.rum.row_spec import REFERENCES
from rum_jax.tuning import pipeline as tuning
from rum_jax.tuning.part_search import score_of

SCHEMA_VERSION = 1
OVER = "replicates"
PILOT = 4  # first replicates, whose spread says what power the whole will have
SAME_ROWS = f"{UNDECIDED}: both sides are the same rows, which the search found best for both"
GRADIENTS = "example_gradients"
RETRAININGS = "retrainings"  # cost of a row, in that of retraining
SCORE_RETRAININGS = "score_retrainings"  # cost of the scores of its refinement, likewise


def assemble(workdir: pathlib.Path, config: ConfigDict, values: Values,
             provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that was found.

    Args:
      workdir: where the searches' results are.
      config: of the study.
      values: of all replicates.
      provenance: of the process that writes the results.
    """
    found = {part: tuning.load(workdir, part) for part in tuning.searched_parts(config)}
    scores = {part: {row: score_of(result) for row, result in of_part["rows"].items()}
              for part, of_part in found.items()}
    rows = {part: [*REFERENCES, *configs.of_part(config, part).rows]
            for part in configs.parts_of(config)}
    compared, found_effects, missing = _with_values(
        stated(config.contrasts.to_dict(), rows, scores), values)
    return {
        "schema": SCHEMA_VERSION, "kind": OVER, "scope": {
            **_scope(config, values), "searches_given": {
                part: of_part["given"] for part, of_part in found.items() if "given" in of_part}},
        "parts": [_part(part, values) for part in _in_order(compared, values)],
        "claims": _claims(compared, found_effects, values), "not_decided": missing,
        "calibration": calibrate(compared, values),
        "searches": {part: of_part["rows"] for part, of_part in found.items()},
        "regrets": {part: _regrets(part, values) for part in config.tuning.auto},
        "provenance": dict(provenance),
    }


def _with_values(compared: Sequence[Compared],
                 values: Values) -> tuple[list[Compared], list[Effect], list[str]]:
    """Contrasts whose effects are finite numbers, these, and what is wrong with the others."""
    known, found, missing = [], [], []
    for each, effect in zip(compared, effects(compared, values), strict=True):
        if faults := effect_faults([effect]):
            missing += faults
        else:
            known.append(each)
            found.append(effect)
    return known, found, missing


def _in_order(compared: Sequence[Compared], values: Values) -> list[str]:
    """Parts in the order in which contrasts name them, then the others."""
    named = [cell.part for each in compared for cell in (*each.first, *each.second)]
    return list(dict.fromkeys([*named, *values.studies]))


def _scope(config: ConfigDict, values: Values) -> dict[str, Any]:
    """What intervals are over, and what is alike for all replicates."""
    study = next(iter(values.studies.values()))[0]
    return {
        "over": OVER, "replicates": list(values.replicates), "model_seeds": len(study["seeds"]),
        "data": config.data.name, "training_examples": study["training_examples"],
        "test_examples": study["test_examples"],
        "same_test_examples": len({each["test_sha256"] for of_part in values.studies.values()
                                   for each in of_part}) == 1,
        "search_replicates": list(config.tuning.replicates),
        "search_model_seeds": len(config.tuning.seeds), "search_budget": config.tuning.budget,
        "memorization_models": config.campaign.models, "oracles": config.oracles,
        "oracles_per_set": 2 * len(study["seeds"]),
    }


def _part(part: str, values: Values) -> dict[str, Any]:
    """A part's table: the summary over replicates of each row and metric."""
    study = values.studies[part][0]
    metrics = values.metrics(part)
    retraining = values.of_cell(Cell(part, "retrain"), GRADIENTS)
    rows = []
    for row in values.rows(part):
        table = {name: _summary(values.of_cell(Cell(part, row), name)) for name in metrics}
        for name, gradients in ((RETRAININGS, GRADIENTS), (SCORE_RETRAININGS, SCORE_GRADIENTS)):
            table[name] = _summary(values.of_cell(Cell(part, row), gradients) / retraining)
        first = next(each for each in study["rows"] if each["row"] == row)
        rows.append({"name": row, "spec": first["spec"], "steps": first["steps"],
                     "metrics": table})
    return {"name": part, "sets": [each["set"] for each in study["sets"]],
            "size": study["sets"][0]["size"], "strata": study["strata"],
            "statistics": {name: _summary(values.of_set(part, name))
                           for name in ("entanglement_score", "entanglement_score_ratio",
                                        "mean_memorization")
                           if study["sets"][0].get(name) is not None}, "rows": rows}


def _summary(table: np.ndarray) -> dict[str, Any]:
    """Of float64[R,S]: the summary of the means of replicates, and all values."""
    by_replicate = np.asarray(table).reshape(len(table), -1)
    whole = summary(by_replicate.mean(1).tolist(), OVER)
    per_replicate = whole.pop("per_seed")
    return {**whole, "per_replicate": per_replicate, "per_seed": by_replicate.tolist()}


def _regrets(part: str, values: Values) -> list[dict[str, Any]]:
    """Of an Auto-RUM, in each metric that its search maximized."""
    return [{"metric": each.metric, "best": "/".join(each.best), "rows": each.rows,
             **_summary(each.values)} for each in regrets(part, values)]


def _claims(compared: Sequence[Compared], found: Sequence[Effect],
            values: Values) -> list[dict[str, Any]]:
    """Every contrast with its decision, in the order of the config."""
    if not compared:
        return []
    study = next(iter(values.studies.values()))[0]
    decisions = [decision._replace(verdict=SAME_ROWS) if each.first == each.second else decision
                 for each, decision in zip(compared, decide(
                     found, study["test_examples"] / study["training_examples"]), strict=True)]
    powers = attained(decisions)
    return [_claim(*each) for each in zip(
        compared, found, decisions, powers, _before(found, decisions, powers), strict=True)]


def _before(found: Sequence[Effect], decisions: Sequence[Decision],
            powers: Sequence[Power | None]) -> list[Power | None]:
    """The power that the spread over the first PILOT replicates promises."""
    spreads = [float(effect.per_replicate[:PILOT].std(ddof=1)) for effect in found]
    return [planned(spread, decision.n, decision.contrast, power.comparisons)
            if power and spread > 0 else None
            for spread, decision, power in zip(spreads, decisions, powers, strict=True)]


def _claim(each: Compared, effect: Effect, decision: Decision, power: Power | None,
           before: Power | None) -> dict[str, Any]:
    contrast = each.contrast
    plain = {name: value._asdict() if hasattr(value, "_asdict") else value
             for name, value in decision._asdict().items()}
    return {
        **contrast._asdict(), "measure": each.measure,
        "first": ["/".join(cell) for cell in each.first],
        "second": ["/".join(cell) for cell in each.second],
        **{name: plain[name] for name in (
            "n", "mean", "interval", "sd", "p", "p_adjusted", "p_equivalence", "verdict", "word",
            "resampled", "mixed")},
        "sd_seeds": _sd_of_seeds(effect.values), "per_replicate": effect.per_replicate.tolist(),
        "power": _power(power), "power_before": _power(before)}


def _sd_of_seeds(values: np.ndarray) -> float | None:
    """The part of the effects' standard deviation that model seeds make; None: there is one seed.

    Args:
      values: float64[R,S], effects of each model seed.
    """
    seeds = values.shape[1]
    return float(np.sqrt(values.var(1, ddof=1).mean() / seeds)) if seeds > 1 else None


def _power(power: Power | None) -> dict[str, Any] | None:
    return None if power is None else {name: getattr(power, name) for name in (
        "n", "sd", "comparisons", "power", "detectable", "needed", "power_equivalence")}


def csv_rows(values: Values) -> tuple[list[str], list[list[Any]]]:
    """(header, lines): one line for each part, row, metric, replicate and model seed."""
    lines = [[part, row, name, data_seed, seed, value]
             for part in values.studies for row in values.rows(part)
             for name in values.metrics(part)
             for data_seed, study, of_replicate in zip(
                 values.replicates, values.studies[part],
                 values.of_cell(Cell(part, row), name), strict=True)
             for seed, value in zip(study["seeds"], of_replicate, strict=True)]
    return ["part", "row", "metric", "replicate", "model_seed", "value"], lines
