"""Forget sets side by side: how what a row achieves changes from the first set to the last."""

from collections.abc import Sequence

import numpy as np

from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report import section_lines
from rum_jax.report.words import certain, interval, joined
from rum_jax.rows import RUM, parse

TITLE = "From forget set to forget set"
RELABELLING = ("salun", "random_label", "boundary_shrink", "boundary_expand")
REFERENCES = ("original", "retrain", "retrain_again")
OF_SETS = ("entanglement_score", "log_entanglement_score", "entanglement_score_ratio",
           "disentanglement", "mmd", "squared_mmd_median_unbiased", "mean_memorization")


def assemble(rows: Sequence[dict], statistics: Sequence[dict]) -> dict | None:
    """What was found, as JSON values; None for a single forget set.

    Args:
      rows: of all sets, see `results.assemble`.
      statistics: of each set, see `stages/forget.py`.
    """
    if len(statistics) < 2:
        return None
    names = list(dict.fromkeys(row["name"] for row in rows))
    return {"sets": [summarized(one) for one in statistics],
            "rows": [_changes(name, [row for row in rows if row["name"] == name])
                     for name in names if name != "retrain"]}


def summarized(statistics: dict) -> dict:
    """What a forget set is like, with intervals over seeds; None where it is not known."""
    values = {name: statistics.get(name) for name in OF_SETS}
    return {"set": statistics["set"], **{
        name: None if own is None or None in own else summary(own)
        for name, own in values.items()}}


def _changes(name: str, of_sets: list[dict]) -> dict:
    """One row: its values on each set, and last minus first set, seed by seed."""
    first, last = of_sets[0]["metrics"], of_sets[-1]["metrics"]
    tow = [row["metrics"]["tow"] for row in of_sets]
    means = [one["mean"] for one in tow]
    return {
        "row": name, "spec": of_sets[0]["spec"], "tow": tow,
        "tow_mia": [row["metrics"]["tow_mia"] for row in of_sets],
        "change": {metric: paired_difference(last[metric]["per_seed"], first[metric]["per_seed"])
                   for metric in ("tow", "tow_mia", "mia", "forget_accuracy")},
        "apart": abs(means[-1] - means[0]) > tow[0]["ci95"] + tow[-1]["ci95"],
        "monotone": means in (sorted(means), sorted(means, reverse=True))}


def unlearning(found: dict) -> list[dict]:
    """The rows that unlearn; not those that they are compared with."""
    return [row for row in found["rows"] if row["row"] not in REFERENCES]


def is_relabelling(row: str) -> bool:
    """Whether a row's algorithm trains the forget set on other labels."""
    return parse(row).algorithm in RELABELLING


def _moved(rows: list[dict], sign: int) -> list[dict]:
    """Rows whose ToW rises (1) or falls (-1) from the first set to the last, the most first."""
    moved = [row for row in rows if sign * row["change"]["tow"]["mean"] > 0]
    return sorted(moved, key=lambda row: -sign * row["change"]["tow"]["mean"])


def _direction(rows: list[dict], sign: int) -> str:
    moved = _moved(rows, sign)
    sure = [row["row"] for row in moved if certain(row["change"]["tow"])]
    apart = [row["row"] for row in moved if row["apart"]]
    verb = "rises" if sign > 0 else "falls"
    text = f"it {verb} for {len(moved)} of {len(rows)} rows"
    if moved:
        text += (f", for {len(sure)} of them by more than the 95% interval of the paired "
                 f"difference{joined(sure, ' (', ')')}; the intervals of the two sets are apart "
                 f"for {len(apart)}{joined(apart, ' (', ')')}")
    return text


def sentences(found: dict) -> list[str]:
    """What the numbers say."""
    rows, sets = unlearning(found), found["sets"]
    first, last = sets[0]["set"], sets[-1]["set"]
    said = [_of_the_sets(sets)] if all(one["entanglement_score"] for one in sets) else []
    if rows:
        said.append(f"ToW from {first} to {last}: {_direction(rows, -1)}; {_direction(rows, 1)}.")
        said += _extremes(rows)
        said += _relabelling(rows)
    words = {"original": "The original, which forgets nothing, changes by {}: a row that does next "
                         "to nothing changes by as much.",
             "retrain_again": "Retraining again with other seeds changes by {}: what chance does "
                              "to such a difference."}
    return said + [words[row["row"]].format(interval(row["change"]["tow"]))
                   for row in found["rows"] if row["row"] in words]


def _of_the_sets(sets: list[dict]) -> str:
    scores = [one["entanglement_score"] for one in sets]
    text = "Entanglement scores: " + "; ".join(
        f"{one['set']} {interval(score, 4)}" for one, score in zip(sets, scores, strict=True))
    means = np.array([score["mean"] for score in scores])
    per_seed = np.array([score["per_seed"] for score in scores])
    same = (np.argsort(per_seed, axis=0) == np.argsort(means)[:, None]).all(0)
    ratio = " : ".join(f"{mean:.3g}" for mean in means / means[0])
    return (f"{text}. The means are in the ratio {ratio}; {same.sum()} of {same.size} seeds have "
            "the order of the means.")


def _extremes(rows: list[dict]) -> list[str]:
    change = {row["row"]: row["change"]["tow"] for row in rows}
    most, least = (pick(change, key=lambda name: abs(change[name]["mean"])) for pick in (max, min))
    if most == least:
        return []
    return [f"It changes most for {most} ({interval(change[most])}) and least for {least} "
            f"({interval(change[least])})."]


def _relabelling(rows: list[dict]) -> list[str]:
    """Methods that relabel against the others: mean change of each group, seed by seed."""
    alike = [row for row in rows if parse(row["row"]).kind != RUM]  # of one algorithm
    groups = {"relabelling": [row for row in alike if is_relabelling(row["row"])],
              "the other": [row for row in alike if not is_relabelling(row["row"])]}
    if not all(groups.values()):
        return []
    changes = {name: np.mean([row["change"]["tow"]["per_seed"] for row in group], axis=0)
               for name, group in groups.items()}
    said = "; ".join(f"{name} rows ({len(groups[name])}) {interval(summary(change))}"
                     for name, change in changes.items())
    apart = paired_difference(changes["relabelling"], changes["the other"])
    way = "more" if apart["mean"] > 0 else "less"
    return [f"Mean change of ToW: {said}; that of relabelling rows is {way} by "
            f"{interval({**apart, 'mean': abs(apart['mean'])})}, "
            f"{'' if certain(apart) else 'not '}distinguishable from 0."]


def table(found: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): ToW of each row on each set, and how it changes."""
    sets = [one["set"] for one in found["sets"]]
    header = ["row", *(f"ToW, {name}" for name in sets), "last - first", "monotone",
              "ToW-MIA, last - first"]
    return header, [[row["row"], *(interval(one) for one in row["tow"]),
                     interval(row["change"]["tow"], sign=True),
                     "yes" if row["monotone"] else "no",
                     interval(row["change"]["tow_mia"], sign=True)] for row in found["rows"]]


def figures(found: dict) -> dict[str, bytes]:
    """ToW of each row on each set, one panel per row."""
    rows = unlearning(found)
    references = {row["row"]: row["tow"] for row in found["rows"] if row["row"] in REFERENCES}
    return {"levels.svg": section_lines.levels(rows, references, found["sets"])} if rows else {}
