"""Forget sets side by side: how what a row achieves changes from the first set to the last."""

from collections.abc import Sequence

import numpy as np

from rum_jax.evaluate.hypothesis_tests import verdict
from rum_jax.evaluate.interval import COPIES, estimates, paired_difference, summary
from rum_jax.report import section_lines
from rum_jax.report.dots import PAIRS, TOW
from rum_jax.report.evidence import (
    ORIGINAL,
    RETRAIN,
    beyond,
    evidence,
    family_of,
    references,
    unlearning,
    verdict_cell,
    with_verdicts,
)
from rum_jax.report.words import POST_HOC, interval, joined
from rum_jax.rum.row_spec import REFERENCE
from rum_jax.unlearn.base import RELABELING

__all__ = ["TITLE", "assemble", "figures", "sentences", "summarized", "table", "unlearning"]

TITLE = "Effect of the forget set"
OF_SETS = ("entanglement_score", "log_entanglement_score", "entanglement_score_ratio",
           "disentanglement", "mmd", "squared_mmd_median_unbiased", "mean_memorization")
METRICS = tuple(TOW)
CHANGES = (*METRICS, "mia", "forget_accuracy")


def assemble(rows: Sequence[dict], statistics: Sequence[dict]) -> dict | None:
    """What was found, as JSON values; None for a single forget set.

    Args:
      rows: of all sets, see `results.assemble`.
      statistics: of each set, see `study.forget_sets.describe`.
    """
    if len(statistics) < 2:
        return None
    of_row: dict[str, list[dict]] = {}
    for row in rows:
        of_row.setdefault(row["name"], []).append(row)
    original = of_row.get(ORIGINAL)
    return {"sets": [summarized(of_set) for of_set in statistics],
            "rows": with_verdicts([_changes(name, of_sets, original)
                                   for name, of_sets in of_row.items() if name != RETRAIN])}


def summarized(statistics: dict) -> dict:
    """What a forget set is like, with intervals over seeds; None where it is not known."""
    values = {name: statistics.get(name) for name in OF_SETS}
    return {"set": statistics["set"], **{
        name: None if not of_seeds or None in of_seeds else estimates(of_seeds)
        for name, of_seeds in values.items()}}


def _changes(name: str, of_sets: list[dict], original: list[dict] | None) -> dict:
    """One row: its values on each set, and last minus first set, seed by seed."""
    metrics = [row["metrics"] for row in of_sets]
    change = {metric: paired_difference(metrics[-1][metric]["per_seed"],
                                        metrics[0][metric]["per_seed"])
              for metric in CHANGES if all(metric in of_set for of_set in metrics)}
    per_seed = np.array([of_set["tow"]["per_seed"] for of_set in metrics])
    steps = np.diff(per_seed, axis=0)
    base = [row["metrics"] for row in original] if original and name != ORIGINAL else None
    return {
        "row": name, "spec": of_sets[0]["spec"], "family": family_of(of_sets[0]["spec"]),
        **{metric: [of_set[metric] for of_set in metrics] for metric in METRICS
           if metric in change},
        "change": change,
        "falling_seeds": int((steps < 0).all(0).sum()),
        "rising_seeds": int((steps > 0).all(0).sum()),
        **beyond(metrics, base)}


def sentences(section: dict) -> list[str]:
    """What the numbers say."""
    rows, sets = unlearning(section), section["sets"]
    first, last = sets[0]["set"], sets[-1]["set"]
    has_scores = all(forget_set["entanglement_score"] for forget_set in sets)
    texts = [_of_the_sets(sets)] if has_scores else []
    if rows:
        texts += evidence(rows, f"ToW from {first} to {last}")
        texts += _extremes(rows)
        texts += _relabeling(rows)
    return texts + references(section["rows"])


def _of_the_sets(sets: list[dict]) -> str:
    scores = [forget_set["entanglement_score"] for forget_set in sets]
    text = "Entanglement scores: " + "; ".join(
        f"{forget_set['set']} {interval(score, 4)}"
        for forget_set, score in zip(sets, scores, strict=True))
    means = np.array([score["mean"] for score in scores])
    per_seed = np.array([score["per_seed"] for score in scores])
    ratio = " : ".join(f"{mean:.3g}" for mean in means / means[0])
    text = f"{text}. The means are in the ratio {ratio}"
    if all(score["over"] == COPIES for score in scores):
        return f"{text}."
    same = (np.diff(per_seed[np.argsort(means)], axis=0) > 0).all(0)
    return f"{text}; {same.sum()} of {same.size} seeds have the order of the means."


def _extremes(rows: list[dict]) -> list[str]:
    change = {row["row"]: row["beyond_original"] for row in rows if row["is_evidence"]}
    if len(change) < 2:
        return []
    most, least = (pick(change, key=lambda name: abs(change[name]["mean"])) for pick in (max, min))
    return [f"Of methods that are evidence, the change beyond the original's is largest for {most} "
            f"({interval(change[most], sign=True)}) and smallest for {least} "
            f"({interval(change[least], sign=True)}). {POST_HOC}"]


def _relabeling(rows: list[dict]) -> list[str]:
    """Methods that relabel against the others: mean change of each group, seed by seed."""
    methods = [row for row in rows if row["family"] and row["is_evidence"]]
    groups = {"relabeling": [row for row in methods if row["family"] == RELABELING],
              "the other": [row for row in methods if row["family"] != RELABELING]}
    if not all(groups.values()):
        return []
    changes = {name: np.mean([row["change"]["tow"]["per_seed"] for row in group], axis=0)
               for name, group in groups.items()}
    listed = "; ".join(
        f"{name} methods{joined([row['row'] for row in groups[name]], ' (', ')')} "
        f"{interval(summary(change), sign=True)}" for name, change in changes.items())
    apart = paired_difference(changes["relabeling"], changes["the other"])
    return [f"Mean change of ToW, of methods that are evidence: {listed}; relabeling minus other "
            f"methods {interval(apart, sign=True)}: {verdict(apart).text}."]


def table(section: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): ToW of each row on each set, and how it changes."""
    sets = [forget_set["set"] for forget_set in section["sets"]]
    changes = {metric: title for metric, title in (
        ("tow_stratified", "stratified ToW, last - first"), ("tow_mia", "ToW-MIA, last - first"),
        ("tow_mia_stratified", "stratified ToW-MIA, last - first"))
        if any(metric in row["change"] for row in section["rows"])}
    header = ["row", *(f"ToW, {name}" for name in sets), "last - first", "beyond the original's",
              "test", "seeds that fall / rise throughout", *changes.values()]
    return header, [[
        row["row"], *(interval(value) for value in row["tow"]),
        interval(row["change"]["tow"], sign=True),
        interval(row["beyond_original"], sign=True) if row["beyond_original"] else "-",
        verdict_cell(row),
        f"{row['falling_seeds']} / {row['rising_seeds']} of {row['change']['tow']['n']}",
        *(interval(row["change"][metric], sign=True) if metric in row["change"] else "-"
          for metric in changes)] for row in section["rows"]]


def figures(section: dict) -> dict[str, bytes]:
    """ToW of each row on each set, plain and stratified, one panel per row."""
    rows, drawn = unlearning(section), {}
    for end, (metric, _) in PAIRS.items() if rows else ():
        if all(metric in row for row in section["rows"]):
            lines = {row["row"]: row[metric] for row in section["rows"]
                     if row["spec"]["kind"] == REFERENCE}
            drawn[f"levels{end}.svg"] = section_lines.levels(rows, lines, section["sets"], metric)
    return drawn
