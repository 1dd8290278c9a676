"""Tables of a study over replicates: contrasts, their sensitivity, and the rows of each part."""

from collections.abc import Mapping, Sequence
from typing import Any

from rum_jax.report import tables
from rum_jax.report.claim_words import (
    Claim,
    bracketed,
    by_claim,
    compared,
    effect,
    full_title,
    metric_name,
    needed,
    p_value,
    tested,
    title,
)
from rum_jax.report.labels import display_names
from rum_jax.report.text import aligned

CONTRASTS = ("contrast", "first - second", "metric", "test", "effect [95% interval]", "sd",
             "p (Holm)", "verdict", "power before", "power attained", "detectable",
             "replicates for 80%")
SENSITIVITY = ("contrast", "metric", "paired t: effect [95% interval]", "p",
               "resampled t [95% interval]", "p", "mixed model", "p")
TERMINAL = ("contrast", "metric", "effect [95% interval]", "p (Holm)", "verdict")
RETRAININGS, SCORE_RETRAININGS = "retrainings", "score_retrainings"
COLUMNS = {"tow_stratified": "ToW, strat.", "tow_mia_stratified": "ToW-MIA, strat.", "tow": "ToW",
           "tow_mia": "ToW-MIA", "forget_accuracy": "forget %", "retain_accuracy": "retain %",
           "test_accuracy": "test %", "mia": "MIA",
           "forget_frequency_agreement": "agreement per example",
           RETRAININGS: "cost, retrainings", SCORE_RETRAININGS: "cost of scores, retrainings"}


def contrasts(claims: Sequence[Claim]) -> list[dict[str, Any]]:
    """For each claim its text, `claim`, and the `lines` of its contrasts, as CONTRASTS has them."""
    return [{"claim": text, "lines": [_contrast(claim) for claim in group]}
            for text, group in by_claim(claims).items()]


def _contrast(claim: Claim) -> list[str]:
    before, attained = claim["power_before"], claim["power"]
    return [title(claim), compared(claim), metric_name(claim["metric"]), tested(claim),
            effect(claim), f"{claim['sd']:.3f}", p_value(claim["p_adjusted"]), claim["verdict"],
            *("n/a" if power is None else f"{power['power']:.0%}" for power in (before, attained)),
            *(("n/a", "n/a") if attained is None else
              (f"{attained['detectable']:.3f}", needed(attained)))]


def sensitivity(claims: Sequence[Claim]) -> list[list[str]]:
    """Lines of SENSITIVITY: the same effects under other assumptions; p is not adjusted."""
    lines = []
    for claim in claims:
        other, mixed = claim["resampled"], claim["mixed"]
        lines.append([
            full_title(claim), metric_name(claim["metric"]), effect(claim), p_value(claim["p"]),
            *(("n/a", "n/a") if other is None else
              (bracketed((other["low"], other["high"])), p_value(other["p"]))),
            *(("n/a", "n/a") if mixed is None else
              (f"{mixed['estimate']:+.3f}, se {mixed['error']:.3f}", p_value(mixed["p"])))])
    return lines


def terminal(claims: Sequence[Claim]) -> str:
    """A line for each contrast, in columns, with the verdict last."""
    cells = [[full_title(claim), metric_name(claim["metric"]),
              effect(claim), p_value(claim["p_adjusted"]), claim["verdict"]] for claim in claims]
    return aligned([*TERMINAL], cells, left=len(TERMINAL))


def part(of_part: Mapping[str, Any]) -> dict[str, Any]:
    """The table of a part's rows: `columns` and `lines`, with the best mean of each column."""
    rows = of_part["rows"]
    metrics = [name for name in COLUMNS if any(name in row["metrics"] for row in rows)]
    names = display_names(row["name"] for row in rows)
    marked = {metric: tables.best(metric, rows) for metric in metrics}
    return {"name": of_part["name"], "about": _about(of_part),
            "columns": [COLUMNS[metric] for metric in metrics],
            "lines": [{"name": names[row["name"]], "full": row["name"],
                       "is_reference": row["spec"]["kind"] == tables.REFERENCE,
                       "cells": [{"text": tables.text(metric, row["metrics"].get(metric)),
                                  "best": row["name"] in marked[metric]} for metric in metrics]}
                      for row in rows]}


def _about(of_part: Mapping[str, Any]) -> str:
    """The forget sets of a part, and what was measured of them."""
    words = {"entanglement_score": "entanglement score", "mean_memorization": "mean memorization",
             "entanglement_score_ratio": "entanglement relative to random sets"}
    statistics = [f"{words[name]} {value['mean']:.3g}"
                  for name, value in of_part["statistics"].items() if name in words]
    return "; ".join([f"{', '.join(of_part['sets'])}: {of_part['size']} examples", *statistics])


def part_text(of_part: Mapping[str, Any]) -> str:
    """The first four columns of a part's table, for a terminal."""
    table = part(of_part)
    return aligned([table["name"], *table["columns"][:4]],
                   [[line["name"], *(cell["text"] for cell in line["cells"][:4])]
                    for line in table["lines"]])
