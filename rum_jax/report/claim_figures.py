"""Figures of a study over replicates: effects of contrasts, and scores against costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from rum_jax.claims.contrast import EQUIVALENCE, LESS
from rum_jax.claims.verdict import EQUIVALENT, REFUTED, SUPPORTED, UNDECIDED
from rum_jax.report.claim_tables import RETRAININGS
from rum_jax.report.claim_words import Claim, metric_name, title
from rum_jax.report.dots import rows_axes
from rum_jax.report.figures import (
    COLORS,
    dashed,
    ends,
    grid,
    handles,
    kind_of,
    legend,
    limits,
    logarithmic,
    look,
    styled,
    svg,
)
from rum_jax.report.labels import cut, label
from rum_jax.rum.row_spec import REFERENCE, VANILLA

VERDICTS = {SUPPORTED: "#237a4b", REFUTED: "#c9501c", EQUIVALENT: "#2a6db0", UNDECIDED: "#5f6670"}
BAND = "#f0e3b8"        # effects within the margin
GREATER_ARROW, LESS_ARROW, BOTH_ARROW = "→", "←", "↔"
LETTERS = 34            # of a contrast's name in a figure
SCORES = ("tow_stratified", "tow_mia_stratified", "tow", "tow_mia")


def forests(claims: Sequence[Claim]) -> dict[str, tuple[str, bytes]]:
    """Family -> (file name, SVG) of its contrasts."""
    families = list(dict.fromkeys(claim["family"] for claim in claims))
    return {family: (f"claims-{number}.svg", forest(
        [claim for claim in claims if claim["family"] == family]))
        for number, family in enumerate(families, 1)}


@styled
def forest(claims: Sequence[Claim]) -> bytes:
    """SVG: effect, 95% interval, replicates, margin and verdict of each contrast of a family."""
    names = [f"{cut(title(claim), LETTERS)}\n{metric_name(claim['metric'])}" for claim in claims]
    figure, (axis,) = rows_axes(names, 1, 5.6)
    figure.set_figheight(1.4 + 0.5 * len(names))
    axis.set_yticks(range(len(names)), names)
    shown: list[float] = [0.0]
    for place, claim in enumerate(claims):
        margin = claim["margin"]
        axis.broken_barh([(-margin, 2 * margin)], (place - 0.5, 1), color=BAND, lw=0, zorder=1)
        _effect(axis, place, claim)
        shown += [-margin, margin, claim["mean"], *claim["per_replicate"],
                  *(claim["interval"] or ())]
    axis.axvline(0, color="black", ls="--", lw=1, zorder=2)
    axis.set_xlim(*limits(shown))
    axis.set_xlabel("effect: first - second")
    gray = COLORS["reference"]
    legend(figure, [
        Line2D([], [], color=gray, marker="o", ls="", ms=3.6, mew=0, alpha=0.5,
               label="one replicate"),
        Line2D([], [], color=gray, marker="o", lw=2, ms=7, mec="white",
               label="mean, 95% interval"), Patch(color=BAND, label="within the margin")], 2.2)
    return svg(figure)


def _effect(axis, place: int, claim: Claim) -> None:
    """One line of a forest plot, with its verdict at the right."""
    color = VERDICTS[claim["word"]]
    axis.plot(claim["per_replicate"], [place + 0.24] * len(claim["per_replicate"]), "o",
              color=color, ms=3.6, mew=0, alpha=0.4, zorder=2.5, clip_on=False)
    if claim["interval"]:
        axis.plot(claim["interval"], [place] * 2, "-", color=color, lw=2, zorder=3,
                  solid_capstyle="butt")
    axis.plot([claim["mean"]], [place], "o", color=color, ms=7, mec="white", mew=0.8, zorder=4)
    axis.annotate(f"{arrow(claim)} {claim['word']}", (1, place), (10, 0),
                  xycoords=("axes fraction", "data"), textcoords="offset points", va="center",
                  color=color, annotation_clip=False)


def arrow(claim: Claim) -> str:
    """Where effects support the claim: above 0, below 0, or within the margin."""
    if claim["test"] == EQUIVALENCE:
        return BOTH_ARROW
    return LESS_ARROW if claim["direction"] == LESS else GREATER_ARROW


def costs(parts: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, bytes]]:
    """Forget set -> (file name, SVG) of those that rows of subsets unlearn, over all their parts.

    So the mix of levels is drawn, on which one-shot rows and rows of subsets compete; a single
    level is not.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for part in parts:
        if any(row["spec"]["kind"] not in (REFERENCE, VANILLA) for row in part["rows"]):
            groups.setdefault(", ".join(part["sets"]), []).extend(
                {**row, "part": part["name"]} for row in part["rows"])
    return {name: (f"cost-{number}.svg", drawn) for number, (name, rows) in enumerate(
        groups.items(), 1) if (drawn := cost(rows))}


@styled
def cost(rows: Sequence[Mapping[str, Any]]) -> bytes | None:
    """SVG: scores of rows against their cost in retrainings; None: nothing to draw.

    Rows that no other one beats in both score and cost have their names.

    Args:
      rows: of parts with the same forget set, each with the name of its `part`.
    """
    methods = [row for row in rows if row["spec"]["kind"] != REFERENCE]
    metrics = [name for name in SCORES if all(name in row["metrics"] for row in rows)][:2]
    if not methods or not metrics:
        return None
    figure, axes = grid(len(metrics), 2, (5.4, 4.4), (0.2, 0.6), sharex=True)
    for axis, metric in zip(axes[0], metrics, strict=True):
        _scores(axis, metric, methods)
        for name, style in (("retrain_again", "--"), ("original", ":")):
            values = [row["metrics"][metric]["mean"] for row in rows if row["name"] == name]
            axis.axhline(values[0], color="black", ls=style, lw=1, zorder=1.5)
        axis.set_title(metric_name(metric))
        _cost_axis(axis, [row["metrics"][RETRAININGS]["mean"] for row in methods])
    kinds = (kind_of(row["spec"]) for row in methods)
    legend(figure, [*handles(kinds, seeds=False), dashed("retrain_again: the noise floor"),
                    dashed("original: nothing was unlearned", ":")], 3.4)
    return svg(figure)


def _scores(axis, metric: str, methods: Sequence[Mapping[str, Any]]) -> None:
    best = -1.0
    for row in sorted(methods, key=lambda row: (row["metrics"][RETRAININGS]["mean"],
                                                -row["metrics"][metric]["mean"])):
        x, value, how = row["metrics"][RETRAININGS]["mean"], row["metrics"][metric], look(
            row["spec"])
        axis.plot([x, x], ends(value), "-", lw=1.4, color=how["color"], alpha=0.45, zorder=2)
        axis.plot([x], [value["mean"]], ls="", ms=7, mec="white", mew=0.8, zorder=3, **how)
        if value["mean"] > best:
            best = value["mean"]
            axis.annotate(label(_name(row, methods)), (x, best), (-7, 5), ha="right",
                          textcoords="offset points", zorder=4)
    axis.grid()


def _name(row: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]) -> str:
    """The row's name, with its part where several parts have such a row."""
    several = sum(other["name"] == row["name"] for other in methods) > 1
    return f"{row['part']}/{row['name']}" if several else row["name"]


def _cost_axis(axis, values: Sequence[float]) -> None:
    axis.set_xlabel("cost, retrainings")
    if min(values) > 0:
        axis.set_xscale("log")
        logarithmic(axis.xaxis, max(values) / min(values))
        axis.set_xlim(min(values) / 3, max(values) * 1.3)
        axis.set_xlabel("cost, retrainings (logarithmic)")
