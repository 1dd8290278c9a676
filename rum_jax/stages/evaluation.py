"""The stage that judges a row: every metric of every seed, against the oracle of that seed."""

import pathlib

import numpy as np

from rum_jax import records, store
from rum_jax.evaluate import compare, evaluate
from rum_jax.evaluate.view import View
from rum_jax.stages.models import load_logits, load_seconds_per_model
from rum_jax.stages.study import Study


def parts_of(study: Study, forget: np.ndarray) -> dict[str, np.ndarray]:
    """Forget, retain, validation and test positions, int32[n] ascending."""
    dataset = study.dataset
    return {"forget": forget, "retain": np.setdiff1d(dataset.train, forget),
            "validation": dataset.positions["validation"], "test": dataset.positions["test"]}


def judge(study: Study, logits: np.ndarray, oracle: np.ndarray,
          forget: np.ndarray) -> list[dict[str, float]]:
    """Metrics and comparisons of M models with their oracles.

    Args:
      study: data and splits.
      logits, oracle: float32[M,N,C].
      forget: int32[F] ascending positions.
    """
    parts, labels = parts_of(study, forget), study.task.labels
    judged = []
    for own, reference in zip(logits, oracle, strict=True):
        metrics = evaluate(View(own, labels, parts))
        expected = evaluate(View(reference, labels, parts))
        judged.append({**metrics, **compare(metrics, expected)})
    return judged


def evaluated(study: Study, row: str, models: pathlib.Path, oracle: pathlib.Path,
              forget: np.ndarray) -> pathlib.Path:
    """Stage "evaluation/<row>": `metrics.json`, metric -> one value per seed.

    `seconds` is wall time per model without compilation; 0 for `original`, which does nothing.
    """

    def write(folder: pathlib.Path) -> None:
        judged = judge(study, load_logits(models), load_logits(oracle), forget)
        cost = 0.0 if row == "original" else load_seconds_per_model(models)
        table = {name: [metrics[name] for metrics in judged] for name in judged[0]}
        table["seconds"] = [cost] * len(judged)
        records.write_json(folder / "metrics.json", table)
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": "evaluation", "row": row, "seed": seed, **metrics}
            for seed, metrics in zip(study.config.seeds, judged, strict=True)))

    return store.stage(study.workdir, f"evaluation/{row.replace(':', '-')}", write)
