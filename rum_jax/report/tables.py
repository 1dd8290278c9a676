"""Tables of the page: which value of a column is best, and what it should be near."""

import math
from collections.abc import Mapping, Sequence

from rum_jax.core import plugins
from rum_jax.report.comparisons import NO_METHOD
from rum_jax.report.labels import cut, display_names
from rum_jax.report.text import COLUMNS, cell, columns, of_retrain, rows_by_set

HIGHER, LOWER, NEAR = "higher", "lower", "near"
ARROWS = {HIGHER: "↑", LOWER: "↓", NEAR: "→"}
HIGHER_IS_BETTER = ("tow", "retain_accuracy", "validation_", "test_accuracy", "test_agreement",
                    "forget_agreement", "forget_frequency_agreement", "parameter_cosine")
LOWER_IS_BETTER = ("seconds", "example_gradients", "optimizer_steps", "forget_kl", "test_kl",
                   "parameter_distance")
NEAR_THE_ORACLE = ("forget_accuracy", "mia", "threshold_", "relearn_epochs")
REFERENCE, ORACLE = "reference", "retrain"
TITLE = 90              # letters of a row in a table


def direction(metric: str) -> str | None:
    """HIGHER, LOWER or NEAR (the oracle's value); None where it is not known what is better.

    It is not known of a user's own metrics, whatever their files are called.
    """
    if plugins.is_reference(metric):
        return None
    for way, names in ((HIGHER, HIGHER_IS_BETTER), (LOWER, LOWER_IS_BETTER),
                       (NEAR, NEAR_THE_ORACLE)):
        if metric.startswith(names):
            return way
    return None


def target(metric: str, rows: Sequence[dict]) -> float | None:
    """The oracle's value as `center` has it, where a metric should be near it."""
    if direction(metric) != NEAR:
        return None
    values = [center(row["metrics"][metric]) for row in rows
              if row["name"] == ORACLE and metric in row["metrics"]]
    return values[0] if values else None


def center(value: dict) -> float:
    """The median of censored values, whose mean depends on the limit; the mean of all others."""
    return value["median"] if "median" in value else value["mean"]


def best(metric: str, rows: Sequence[dict]) -> set[str]:
    """Names of the rows with the best value among two or more methods, as it is printed."""
    way, aim = direction(metric), target(metric, rows)
    values = {row["name"]: row["metrics"][metric] for row in rows
              if row["spec"]["kind"] != REFERENCE and metric in row["metrics"]
              and row["spec"]["algorithm"] not in NO_METHOD
              and row["metrics"][metric]["mean"] is not None
              and math.isfinite(row["metrics"][metric]["mean"])}
    if len(values) < 2 or way is None or (way == NEAR and aim is None):
        return set()

    def badness(name: str) -> float:
        value = center(values[name])
        return {HIGHER: -value, LOWER: value}.get(way, abs(value - (aim or 0.0)))

    printed = text(metric, values[min(values, key=badness)]).partition(" ± ")[0]
    return {name for name, value in values.items()
            if text(metric, value).partition(" ± ")[0] == printed}


def text(metric: str, value: dict | None) -> str:
    """A cell, without its note."""
    if value is None or value["mean"] is None or not math.isfinite(value["mean"]):
        return "n/a"
    if "median" in value:
        return f"{value['median']:g} (median)"
    return cell(metric, value)


def _cell(metric: str, row: dict, marked: set[str]) -> dict:
    value = row["metrics"].get(metric)
    never = (value or {}).get("censored_share")
    return {"text": text(metric, value), "best": row["name"] in marked,
            "note": f"{never:.0%} never" if never else ""}


def _aim(metric: str, rows: Sequence[dict]) -> str:
    way, aim = direction(metric), target(metric, rows)
    if aim is None:
        return {HIGHER: "higher", LOWER: "lower"}.get(way or "", "")
    like = next(row["metrics"][metric] for row in rows if row["name"] == ORACLE)
    return f"near {text(metric, like).partition(' ± ')[0]}"


def _lines(rows: Sequence[dict], metrics: Sequence[str], extra: Mapping[str, str],
           names: Mapping[str, str]) -> list[dict]:
    marked = {metric: best(metric, rows) for metric in metrics}
    return [{"name": cut(names[row["name"]], TITLE), "full": row["name"],
             "is_reference": row["spec"]["kind"] == REFERENCE,
             "cells": [*(_cell(metric, row, marked[metric]) for metric in metrics),
                       {"text": extra[row["name"]], "best": False, "note": ""}]} for row in rows]


def main(results: dict) -> dict:
    """The table of all rows: `columns`, and for each forget set its `aims` and `lines`."""
    metrics, groups = columns(results), []
    names = display_names(row["name"] for row in results["rows"])
    for name, rows in rows_by_set(results).items():
        base = next(row["metrics"]["seconds"]["mean"] for row in rows if row["name"] == ORACLE)
        shares = {row["name"]: of_retrain(row["metrics"]["seconds"]["mean"], base) for row in rows}
        groups.append({"set": name, "aims": [*(_aim(metric, rows) for metric in metrics), "lower"],
                       "lines": _lines(rows, metrics, shares, names)})
    return {"columns": [*(COLUMNS[metric] for metric in metrics), "of retrain"],
            "groups": groups}


def more(results: dict) -> list[dict]:
    """What COLUMNS leaves out: a table for each forget set, a line for each metric."""
    names, tables = display_names(row["name"] for row in results["rows"]), []
    metric_names = dict.fromkeys(metric for row in results["rows"] for metric in row["metrics"]
                                 if metric not in COLUMNS)
    shown = display_names(metric_names)
    for name, rows in rows_by_set(results).items():
        lines = []
        for metric in metric_names:
            marked = best(metric, rows)
            aim = _aim(metric, rows)
            lines.append({"name": shown[metric], "full": metric, "aim": aim,
                          "cells": [_cell(metric, row, marked) for row in rows]})
        tables.append({"set": name, "lines": lines, "rows": [
            {"name": cut(names[row["name"]], TITLE), "full": row["name"]} for row in rows]})
    return tables


def comparisons(results: dict) -> list[dict]:
    """One table for each forget set: differences of the first row to others, metric by metric."""
    names = display_names(row["name"] for row in results["rows"])
    by_set: dict[str, dict] = {}
    for comparison in results["comparisons"]:
        forget_set = comparison["set"]
        table = by_set.setdefault(forget_set, {"set": forget_set, "metrics": set(), "lines": {}})
        table["metrics"].add(comparison["metric"])
        pair = (comparison["first"], comparison["second"])
        table["lines"].setdefault(pair, {})[comparison["metric"]] = comparison
    tables = []
    for table in by_set.values():
        metrics = sorted(table["metrics"], key=[*COLUMNS, *table["metrics"]].index)
        tables.append({"set": table["set"],
                       "metrics": [COLUMNS.get(name, name) for name in metrics],
                       "lines": [{"name": _pair(pair, names),
                                  "full": " - ".join(pair),
                                  "cells": [_difference(of_metric.get(name)) for name in metrics]}
                                 for pair, of_metric in table["lines"].items()]})
    return tables


def _pair(pair: tuple[str, str], names: Mapping[str, str]) -> str:
    return " - ".join(names.get(name, name) for name in pair)


def _difference(comparison: dict | None) -> dict:
    """Text and verdict of a comparison; without a verdict, whether its interval has 0 in it."""
    if comparison is None:
        return {"text": "-", "note": "", "significant": False}
    value = comparison["difference"]
    p = comparison.get("p_holm", comparison.get("p", value.get("p")))
    half = "n/a" if value["ci95"] is None else f"{value['ci95']:.3f}"
    excludes = value["ci95"] is not None and abs(value["mean"]) > value["ci95"] > 0
    verdict = str(comparison.get("verdict") or "").replace("_", " ")
    note = ", ".join(part for part in (verdict, "" if p is None else
                                       f"p = {p:.3f}" if p >= 0.001 else "p < 0.001") if part)
    return {"text": f"{value['mean']:+.3f} ± {half}", "note": note,
            "significant": excludes if p is None else p < 0.05}
