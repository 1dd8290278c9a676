"""A study over replicates with made-up values, whose contrasts have every verdict."""

import functools
import pathlib

import numpy as np
import pytest

from rum_jax.config import base
from rum_jax.replicates import results
from rum_jax.replicates.values import Values
from rum_jax.rum import row_spec
from rum_jax.tuning import pipeline as tuning

REPLICATES, SEEDS = 6, 2
ONE_SHOT = ("vanilla:finetune", "vanilla:scrub")
MIX = (*ONE_SHOT, "rum_f:scrub", "rum", "rum[by=confidence]")
# part -> row -> (stratified ToW, spread between replicates, retrainings)
SCORES = {
    "mix": {"original": (0.60, 0.01, 1.0), "retrain": (1.0, 0.0, 1.0),
            "retrain_again": (0.96, 0.004, 1.0), "vanilla:finetune": (0.70, 0.01, 0.2),
            "vanilla:scrub": (0.80, 0.01, 0.4), "rum_f:scrub": (0.72, 0.01, 0.5),
            "rum": (0.90, 0.01, 0.3), "rum[by=confidence]": (0.901, 0.004, 0.3)},
    "auto": {"original": (0.60, 0.01, 1.0), "retrain": (1.0, 0.0, 1.0),
             "retrain_again": (0.96, 0.004, 1.0), "rum": (0.80, 0.06, 0.25)},
    "low": {"original": (0.955, 0.004, 1.0), "retrain": (1.0, 0.0, 1.0),
            "retrain_again": (0.96, 0.004, 1.0), "vanilla:finetune": (0.90, 0.01, 0.2)},
    "high": {"original": (0.50, 0.01, 1.0), "retrain": (1.0, 0.0, 1.0),
             "retrain_again": (0.96, 0.004, 1.0), "vanilla:finetune": (0.70, 0.01, 0.2)}}
METRICS = ("tow_stratified", "tow_mia_stratified", "tow", "tow_mia", "forget_accuracy",
           "retain_accuracy", "test_accuracy", "mia")


def contrast(claim, family, first, second=(), **fields):
    """A contrast as a config has it."""
    return {"claim": claim, "family": family, "first": first, "second": second,
            "measure": "difference", "metrics": ("tow_stratified", "tow_mia_stratified"),
            "test": "superiority", "direction": "greater", "margin": 0.02, **fields}


def contrasts():
    """Name -> contrast."""
    better = "RUM is better than the best one-shot method"
    return {
        "2 nothing": contrast("Doing nothing for weakly memorized examples is as good", "2",
                              ("low/original",), ("low/retrain_again",), test="non-inferiority"),
        "3 RUM": contrast(better, "3", ("mix/rum",), ("mix/best(vanilla:*)",)),
        "3 Auto-RUM": contrast(better, "3", ("auto/rum",), ("mix/best(vanilla:*)",)),
        "4 scrub": contrast("Refined unlearning is better", "4", ("mix/rum_f:scrub",),
                            ("mix/vanilla:scrub",), metrics=("tow_stratified",)),
        "5 same": contrast("The same again", "5", ("mix/retrain",), ("auto/retrain",),
                           metrics=("tow_stratified",)),
        "5 nearly": contrast("The same again", "5", ("mix/retrain_again",),
                             ("auto/retrain_again",), metrics=("tow_stratified",)),
        "7 finetune": contrast("The more memorized, the harder", "7", ("high/vanilla:finetune",),
                               ("low/vanilla:finetune",), direction="less"),
        "7 finetune beyond the original": contrast(
            "The more memorized, the harder, beyond the original", "7 beyond",
            ("low/vanilla:finetune", "high/vanilla:finetune"), ("low/original", "high/original"),
            measure="interaction", direction="less"),
        "8 finetune": contrast("The more entangled, the harder", "8",
                               ("low/vanilla:finetune", "high/vanilla:finetune"),
                               measure="slope", direction="less"),
        "9 confidence": contrast("A proxy is as good as memorization", "9",
                                 ("mix/rum[by=confidence]",), ("mix/rum",), test="equivalence")}


def config(with_contrasts=True):
    """A config with four parts, a search and Auto-RUM."""
    c = base.get_config()
    c.replicates, c.seeds = tuple(range(REPLICATES)), tuple(range(SEEDS))
    c.tuning.replicates, c.tuning.auto = (100, 101), ("auto",)
    forget = {"mix": "memorization:mix", "auto": "memorization:mix",
              "low": "memorization:low", "high": "memorization:high"}
    for part, rows in SCORES.items():
        c.parts[part] = {"forget": {"sets": (forget[part],), "size": 30},
                         "rows": tuple(list(rows)[3:])}
    if with_contrasts:
        for name, given in contrasts().items():
            c.contrasts[name] = given
    return c


def _metrics(rng, mean, spread, cost, scores):
    """Metric -> a value for each model seed; ToW-MIA differs more between replicates."""
    shift = rng.normal(0, 1)
    values = {name: mean + spread * (1 + 2 * ("mia" in name)) * shift
              + spread / 4 * rng.normal(size=SEEDS) for name in METRICS}
    return {**{name: value.tolist() for name, value in values.items()},
            "example_gradients": [1000.0 * cost] * SEEDS,
            "forget_frequency_agreement": values["tow"].tolist(),
            "score_gradients": [1000.0 * scores] * SEEDS}


def _study(rng, part, data_seed, c):
    rows = [{"set": c.parts[part].forget.sets[0], "row": row,
             "spec": row_spec.resolve(c, row)._asdict(), "steps": [],
             "metrics": _metrics(rng, *SCORES[part][row], 32 if row == "rum" else 0)}
            for row in SCORES[part]]
    ratio = 0.4 if part == "low" else 0.9
    return {"seeds": [1000 * data_seed + seed for seed in range(SEEDS)],
            "training_examples": 1000, "test_examples": 250, "test_sha256": f"{data_seed}",
            "strata": "memorization",
            "sets": [{"set": c.parts[part].forget.sets[0], "size": 30,
                      "entanglement_score_ratio": [ratio] * SEEDS,
                      "mean_memorization": [0.1 + 0.01 * data_seed] * SEEDS}],
            "rows": rows, "traces": {}}


def values(c):
    """The values of all replicates."""
    rng = np.random.default_rng(0)
    return Values(tuple(c.replicates), {part: [_study(rng, part, data_seed, c)
                                               for data_seed in c.replicates] for part in SCORES})


def _step(subset, algorithm, **hparams):
    return {"subset": subset, "algorithm": algorithm, "hparams": hparams}


def search(part):
    """What the search of a part gave."""
    if part == "auto":
        steps = [_step("low", "none"),
                 _step("mid", "scrub", epochs=3, learning_rate=0.012345, msteps=1, alpha=0.5),
                 _step("high", "finetune", epochs=2, learning_rate=0.05)]
        log = [{"structures": [{"by": "memorization", "subsets": 3, "order": "descending",
                                "scores": [0.8, 0.82]},
                               {"by": "confidence", "subsets": 3, "order": "ascending",
                                "scores": [0.7, None]}], "candidates": [], "trainings": 3,
                "budget": 48, "trainings_before": 1234},
               *({"subset": step["subset"], "edges": {"epochs": "low"} if step["subset"] == "high"
                  else {}} for step in steps)]
        return {"fields": {}, "rows": {"rum": {
            "row": "rum", "steps": steps, "score": 0.91, "trainings": 40, "log": log,
            "structure": {"by": "memorization", "subsets": 3, "order": "descending"}}}}
    score = {"vanilla:finetune": 0.71, "vanilla:scrub": 0.83}
    return {"fields": {}, "rows": {row: {
        "row": row, "steps": [_step("forget", row.partition(":")[2] or "scrub", epochs=4)],
        "score": score.get(row, 0.5), "trainings": 24,
        "log": [{"subset": "forget", "edges": {"epochs": "high"}, "candidates": []}]}
        for row in list(SCORES[part])[3:]}}


PROVENANCE = {"started": "2026-11-29T06:00:00+00:00", "commit": "0123456789abcdef",
              "command": ["python", "-m", "rum_jax.main", "--config=configs/claims.py:digits",
                          "--workdir=/somewhere/else"],
              "versions": {"rum_jax": "9.9", "jax": "0.1"}, "cpu": "made-up", "cpu_count": 2,
              "wall_seconds": 7200.0}


@functools.cache
def assembled(with_contrasts=True, missing=None):
    """(config, results, table for programs), as `replicates.results` makes them.

    `missing`: the row of `mix` whose stratified ToW is not known in replicate 2.
    """
    c = config(with_contrasts)
    found = values(c)
    for row in found.studies["mix"][2]["rows"]:
        if row["row"] == missing:
            row["metrics"]["tow_stratified"] = [None] * SEEDS
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tuning, "load", lambda _, part: search(part))
        made = results.assemble(pathlib.Path(), c, found, PROVENANCE)
    return c, made, results.csv_rows(found)
