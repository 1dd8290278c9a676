"""Figures of a study; each is a function of plain values to the bytes of a PNG."""

import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from rum_jax.rows import parse

matplotlib.use("agg")

COLORS = {"reference": "#8a8f98", "vanilla": "#4878a8", "rum_f": "#5aa469", "rum": "#d1603d"}
PLANTED = "#d1603d"


def png(figure: Figure) -> bytes:
    """The figure as a file."""
    content = io.BytesIO()
    # Without the date and version in it, the same numbers give the same file.
    figure.savefig(content, dpi=150, bbox_inches="tight", metadata={"Software": None})
    return content.getvalue()


def grid(count: int, across: int, size: tuple[float, float], margin: tuple[float, float],
         **shared: bool) -> tuple[Figure, np.ndarray]:
    """A figure with so many panels, at most `across` of them beside each other.

    Args:
      count: of the panels.
      across: see above.
      size: width and height of a panel, inches.
      margin: what is added to the width and height of all, inches.
      shared: `sharex`, `sharey`.
    """
    across = min(across, count)
    down = -(-count // across)
    figure = Figure(figsize=(margin[0] + size[0] * across, margin[1] + size[1] * down),
                    layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, **shared)
    hide(axes, count)
    return figure, axes


def hide(axes: np.ndarray, used: int) -> None:
    """Hides the panels after so many; those above them get the labels of the axis they share."""
    across = axes.shape[1]
    for place, axis in enumerate(axes.ravel()):
        axis.set_visible(place < used)
        if place < used <= place + across:
            axis.tick_params(labelbottom=True)


def _color(name: str) -> str:
    return COLORS.get(parse(name).kind, COLORS["reference"])


def _rows_axes(rows: list[dict], panels: int) -> tuple[Figure, np.ndarray]:
    figure = Figure(figsize=(1.5 + 3.2 * panels, 0.9 + 0.32 * len(rows)), layout="constrained")
    axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    axes[0].set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes[0].invert_yaxis()
    for axis in axes:
        axis.grid(axis="x", alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def tow_bars(rows: list[dict]) -> bytes:
    """ToW and ToW-MIA of each row with 95% intervals; dashed: retraining again."""
    figure, axes = _rows_axes(rows, 2)
    for axis, metric, title in zip(axes, ("tow", "tow_mia"), ("ToW", "ToW-MIA"), strict=True):
        values = [row["metrics"][metric] for row in rows]
        axis.barh(range(len(rows)), [v["mean"] for v in values], xerr=[v["ci95"] for v in values],
                  color=[_color(row["name"]) for row in rows], error_kw={"lw": 1, "capsize": 2})
        floor = next(row["metrics"][metric]["mean"] for row in rows
                     if row["name"] == "retrain_again")
        axis.axvline(floor, color="black", ls="--", lw=0.8)
        axis.set_xlim(0, max(1.02, *(v["mean"] + v["ci95"] + 0.01 for v in values)))
        axis.set_title(f"{title}, higher is better\n(dashed: retraining again)", fontsize=9)
    return png(figure)


def accuracies(rows: list[dict]) -> bytes:
    """Forget, retain, validation and test accuracy of each row; dashed: the oracle."""
    parts = ("forget", "retain", "validation", "test")
    figure, axes = _rows_axes(rows, len(parts))
    for axis, part in zip(axes, parts, strict=True):
        values = [row["metrics"][f"{part}_accuracy"] for row in rows]
        for place, (row, value) in enumerate(zip(rows, values, strict=True)):
            axis.errorbar(100 * value["mean"], place, xerr=100 * value["ci95"], fmt="o", ms=5,
                          color=_color(row["name"]), capsize=2, lw=1)
        oracle = next(row["metrics"][f"{part}_accuracy"]["mean"] for row in rows
                      if row["name"] == "retrain")
        axis.axvline(100 * oracle, color="black", ls="--", lw=0.8)
        axis.set_title(f"{part} accuracy, %\n(dashed: oracle)", fontsize=9)
    return png(figure)


def run_times(rows: list[dict]) -> bytes:
    """Seconds per model of each row, compilation not counted."""
    timed = [row for row in rows if row["name"] != "original"]
    figure, axes = _rows_axes(timed, 1)
    seconds = [row["metrics"]["seconds"]["mean"] for row in timed]
    bars = axes[0].barh(range(len(timed)), seconds, color=[_color(r["name"]) for r in timed])
    axes[0].bar_label(bars, fmt="%.2f s", padding=2, fontsize=8)
    axes[0].set_title("seconds per model, without compilation", fontsize=9)
    axes[0].margins(x=0.15)
    return png(figure)


def memorization_histogram(scores: np.ndarray, planted: np.ndarray) -> bytes:
    """How many training examples have which memorization; planted noise in another colour."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    known = np.isfinite(scores)
    bins = np.linspace(min(0.0, scores[known].min()), 1, 41)
    parts = [("published label", known & ~planted, COLORS["vanilla"])]
    if planted.any():
        parts.append(("planted label noise", known & planted, PLANTED))
    counts, _, _ = axis.hist([scores[part] for _, part, _ in parts], bins, stacked=True,
                             color=[color for _, _, color in parts],
                             label=[f"{name} ({part.sum()})" for name, part, _ in parts])
    axis.set_yscale("symlog", linthresh=10)
    ticks = [0, 5, *(10 ** power for power in range(1, 7) if 10 ** power <= 10 * np.max(counts))]
    axis.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_xlabel("memorization")
    axis.set_ylabel("training examples")
    axis.legend(frameon=False)
    axis.spines[["top", "right"]].set_visible(False)
    return png(figure)
