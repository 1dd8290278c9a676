"""The answer of a study to its main question, in sentences, the first of which is the answer."""

from collections.abc import Sequence

from rum_jax.evaluate.hypothesis_tests import EQUIVALENT, HIGHER, LOWER
from rum_jax.report.comparisons import (
    METRICS,
    best_by_validation,
    main_row,
    one_shot,
    primary_metric,
)
from rum_jax.report.words import interval, joined
from rum_jax.rum.row_spec import REFERENCE, REFERENCES

ANSWERS = {HIGHER: "Yes: RUM is better than the best one-shot method",
           LOWER: "No: RUM is worse than the best one-shot method",
           EQUIVALENT: "RUM is equivalent to the best one-shot method, within the margin"}
OPEN = "Not shown either way: RUM against the best one-shot method"
RETRAIN = REFERENCES[1]


def answer(results: dict) -> list[str]:
    """Sentences: RUM against one-shot unlearning, slow methods, and the scope of the intervals.

    Args:
      results: see `results.assemble`; only `rows`, `comparisons` and, if present, `scope` are used.
    """
    rows_by_set: dict[str, list[dict]] = {}
    for row in results["rows"]:
        rows_by_set.setdefault(row["set"], []).append(row)
    several = len(rows_by_set) > 1
    sentences = []
    for name, rows in rows_by_set.items():
        sentences += _of_set(results, rows, f" on {name}" if several else "")
    return [*sentences, *_slower_than_retraining(rows_by_set, several), *scope(results)]


def _of_set(results: dict, rows: list[dict], where: str) -> list[str]:
    rum, tied = main_row(rows), best_by_validation(one_shot(rows))
    if rum is None or not tied:
        return [_without(rows, rum, tied, where)]
    best = tied[0]
    of_pair = {comparison["metric"]: comparison for comparison in results["comparisons"]
               if comparison["set"] == rum["set"]
               and (comparison["first"], comparison["second"]) == (rum["name"], best["name"])}
    metric = primary_metric(rows)
    main = of_pair.pop(metric)
    sentences = [f"{ANSWERS.get(main['verdict'], OPEN)}{where}: {METRICS[metric]} of "
                 f"{rum['name']} - {best['name']} {interval(main['difference'], sign=True)}, "
                 f"{main['text']}{_cost(rum, rows)}. {_chosen(tied, metric)}"]
    if of_pair:
        sentences.append("The same difference by other measures: " + "; ".join(
            f"{METRICS[name]} {interval(comparison['difference'], sign=True)}, {comparison['text']}"
            for name, comparison in of_pair.items()) + ".")
    return sentences


def _chosen(tied: list[dict], metric: str) -> str:
    """Why RUM is compared with the first of these rows."""
    if len(tied) == 1:
        return f"{tied[0]['name']} is the one-shot method with the highest ToW on validation data."
    return (f"{', '.join(row['name'] for row in tied)} tie for the highest ToW on validation data "
            f"among one-shot methods; {tied[0]['name']} has the highest {METRICS[metric]} of them.")


def _without(rows: list[dict], rum: dict | None, tied: list[dict], where: str) -> str:
    missing = "RUM method" if rum is None else "one-shot method"
    text = f"This study has no {missing}{where}, so it does not compare RUM with one-shot methods"
    methods = [row for row in rows if row["spec"]["kind"] != REFERENCE]
    shown = [rum] if rum else tied or best_by_validation(methods)
    if not shown:
        return f"{text}."
    metric, several = primary_metric(rows), len(shown)
    shown, value = shown[0], shown[0]["metrics"][metric]
    which = "the method" if several == 1 else f"one of {several} methods"
    chosen = "" if rum else f", {which} with the highest ToW on validation data,"
    return (f"{text}; {shown['name']}{chosen} has a {METRICS[metric]} of {interval(value)} "
            f"(n = {value['n']}){_cost(shown, rows)}.")


def _seconds(row: dict) -> float:
    return row["metrics"]["seconds"]["mean"]


def _retraining(rows: Sequence[dict]) -> float:
    return next((_seconds(row) for row in rows if row["name"] == RETRAIN), 0.0)


def _times(row: dict, exact: float) -> str:
    return f"{_seconds(row) / exact:.2f} times"


def _cost(row: dict, rows: Sequence[dict]) -> str:
    """How much more than retraining a row costs; nothing where it costs less."""
    exact = _retraining(rows)
    if not exact or _seconds(row) <= exact:
        return ""
    return f"; {row['name']} takes {_times(row, exact)} as long as retraining"


def _slower_than_retraining(rows_by_set: dict[str, list[dict]], several: bool) -> list[str]:
    """A sentence that lists the methods that take longer than retraining; [] if there are none."""
    slower = []
    for name, rows in rows_by_set.items():
        exact, where = _retraining(rows), f" on {name}" if several else ""
        slower += [f"{row['name']}{where} ({_times(row, exact)})" for row in rows
                 if row["spec"]["kind"] != REFERENCE and exact and _seconds(row) > exact]
    return [f"In this run these methods take longer than retraining, which is exact:"
            f"{joined(slower, ' ')}."] if slower else []


def scope(results: dict) -> list[str]:
    """What intervals are over, and what they are conditional on."""
    conditions = results.get("scope")
    if not conditions:
        return []
    fixed = [f"one split of the data (config.data.seed={conditions['data_seed']})"]
    if conditions["memorization"]:
        fixed.append("one estimate of memorization")
    same = [name for name, alike in conditions["forget_sets_alike"].items() if alike]
    if same:
        fixed.append("one forget set" if len(conditions["forget_sets_alike"]) == 1 else
                     f"the same examples in {', '.join(same)}")
    return [f"Intervals are over {conditions['seeds']} training seeds, and conditional on "
            f"{_listed(fixed)}, alike for all seeds: how results vary with these is not part of "
            "them."]


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
