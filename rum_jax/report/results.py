"""The results of a study as one JSON value (schema 3) and as a table for programs.

`results.schema.json` beside this file describes every key.
"""

import pathlib
from collections.abc import Iterator
from statistics import mean, median

from rum_jax.campaign.merge import models_for
from rum_jax.core import records
from rum_jax.evaluate.interval import summary
from rum_jax.report import sections
from rum_jax.report.comparisons import compare
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE
from rum_jax.storage import stage_cache
from rum_jax.study.evaluation import ABOUT_FILE, user_metrics
from rum_jax.study.forget_sets import load_statistics
from rum_jax.study.memorization import COST_FILE, members_seconds
from rum_jax.study.pipeline import StudyArtifacts
from rum_jax.study.trained_models import again_seeds, convolutions
from rum_jax.study.unlearning import STEPS_FILE
from rum_jax.unlearn import retrain

SCHEMA_VERSION = 3
ABOUT = ("n", "over", "median", "censored_share")   # last columns of results.csv
RELEARN, CENSORED = "relearn_epochs", "relearn_censored"


def assemble(finished: StudyArtifacts, provenance: dict) -> dict:
    """Everything that was found, from the stages' files."""
    rows = [_row(finished, name, row) for name in finished.cases.sets for row in finished.rows]
    memorization = _memorization(finished)
    statistics = load_statistics(finished.forget, finished.cases.sets)
    stages = list(_stages(finished))
    about = records.read_json(finished.rows["original"] / ABOUT_FILE)
    return {
        "schema": SCHEMA_VERSION,
        "sets": [{**of_set, "strata": about["strata"], "relearn_limit": _limit(about)}
                 for of_set in statistics],
        "rows": rows,
        "scope": _scope(finished),
        "comparisons": compare(rows),
        "sections": sections.assemble(finished, rows, statistics),
        "memorization": memorization,
        "cautions": list(_cautions(finished, stages)),
        "original_files": records.read_json(
            finished.models["original"] / "models.json")["files"],
        "stages": {name: {"seconds": stage_cache.seconds(folder) + members_seconds(folder)}
                   for name, folder in stages},
        "provenance": {**provenance, "convolution": finished.study.task.model.network.lowering,
                       "convolutions": convolutions(finished.study.workdir),
                       "seeds": list(finished.study.config.seeds),
                       "retrain_again_seeds": list(again_seeds(finished.study.config.seeds))},
    }


def _memorization(finished: StudyArtifacts) -> dict | None:
    """The summary of the scores, with the models that the config's reliability would take."""
    if not finished.memorization:
        return None
    stored: dict = records.read_json(finished.memorization / "summary.json")
    if stored["source"]:
        return stored
    return {**stored, **models_for(stored["split_half_pearson"], stored["models"],
                                   finished.study.config.campaign.reliability)}


def _row(finished: StudyArtifacts, forget_set: str, name: str) -> dict:
    metrics, cases = _metrics(finished, name), finished.cases.of_set(forget_set)
    return {"set": forget_set, "name": name,
            "spec": row_spec.resolve(finished.study.config, name)._asdict(),
            "steps": _steps(finished, name),
            "metrics": summaries({metric: values[cases] for metric, values in metrics.items()})}


def _metrics(finished: StudyArtifacts, name: str) -> dict[str, list]:
    """Metric -> a value for each case; user-defined ones are called as the config calls them.

    Their files may have been somewhere else when the row was evaluated; those that the config still
    has under the same name keep it, also where several files have the same content.
    """
    stored: dict[str, list] = records.read_json(finished.rows[name] / "metrics.json")
    there = records.read_json(finished.rows[name] / ABOUT_FILE)["user_metrics"]
    current = user_metrics(finished.study.config.metrics)
    here = {content: metric for metric, content in current.items()}
    return {metric if metric in current else here.get(there.get(metric), metric): values
            for metric, values in stored.items()}


def _limit(about: dict) -> int | None:
    """Passes after which relearning is given up; None where there is none."""
    return about["relearn"]["limit"] if about["relearn"] else None


def summaries(metrics: dict[str, list]) -> dict[str, dict]:
    """The summary of each metric that all cases have.

    That of RELEARN has also its `median` and `censored_share`: the share of models that do not
    get there within the limit, whose value is the limit plus 1, so that the mean says little.
    """
    by_metric = {metric: summary(values) for metric, values in metrics.items()
                 if None not in values and metric != CENSORED}
    if RELEARN in by_metric and CENSORED in metrics:
        by_metric[RELEARN] |= {"median": median(metrics[RELEARN]),
                               "censored_share": mean(metrics[CENSORED])}
    return by_metric


def _steps(finished: StudyArtifacts, name: str) -> list[dict]:
    config = finished.study.config
    if name == "original":
        return []
    if name in ("retrain", "retrain_again"):
        return [{"subset": WHOLE, "algorithm": "retrain",
                 "hparams": retrain.hparams_of(config.train)}]
    return records.read_json(finished.models[name] / STEPS_FILE)


def _scope(finished: StudyArtifacts) -> dict:
    """What is alike for all seeds, so that intervals over seeds are conditional on it."""
    config, cases = finished.study.config, finished.cases
    alike = {}
    for name in cases.sets:
        forget = cases.forget[cases.of_set(name)]
        alike[name] = bool((forget == forget[:1]).all())
    return {"seeds": len(config.seeds), "data_seed": config.data.seed,
            "memorization": finished.memorization is not None, "forget_sets_alike": alike}


def _cautions(finished: StudyArtifacts, stages: list[tuple[str, pathlib.Path]]) -> Iterator[dict]:
    """Cautions about given originals and proxies; those of compared proxies are in a section."""
    for caution in finished.cautions:
        yield {"stage": "original", "caution": caution}
    for name, folder in stages:
        cost = folder / COST_FILE
        if cost.is_file() and folder not in finished.proxies.values():
            caution = records.read_json(cost).get("caution")
            if caution:
                yield {"stage": name, "caution": caution}


def _stages(finished: StudyArtifacts) -> Iterator[tuple[str, pathlib.Path]]:
    root = finished.study.workdir / "stages"
    for path in sorted(root.rglob(stage_cache.DONE), key=lambda path: path.stat().st_mtime):
        yield str(path.parent.relative_to(root)), path.parent


def csv_rows(results: dict) -> tuple[list[str], list[list]]:
    """(header, lines): one line for each forget set, row and metric.

    What an interval is over, and what is known of censored values, is in the last columns.
    """
    seeds = results["provenance"]["seeds"]
    header = ["set", "row", "metric", "mean", "ci95", *(f"seed_{seed}" for seed in seeds), *ABOUT]
    lines = [[row["set"], row["name"], metric, value["mean"], value["ci95"], *value["per_seed"],
              *(value.get(name) for name in ABOUT)]
             for row in results["rows"] for metric, value in row["metrics"].items()]
    return header, lines
