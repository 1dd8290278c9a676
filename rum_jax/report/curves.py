"""Curves over epochs, and how memorization is distributed."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from rum_jax.report.figures import (
    COLORS,
    INJECTED,
    LINES,
    grid,
    kind_of,
    legend,
    logarithmic,
    styled,
    svg,
)
from rum_jax.report.labels import cut, labels

TRAINED = {"original": "original", "retrain": "retrain (oracle)",
           "retrain_again": "retrain_again (other seeds)",
           "memorization": "memorization models"}
WIDE = 50                   # a longer ratio of losses is shown on a logarithmic axis
MOST = 24                   # panels of rows


def _table(records: Sequence[dict]) -> np.ndarray:
    """float[n,epochs] of records' losses, NaN where one is missing or did not stay finite."""
    losses = [record["loss_per_epoch"] for record in records]
    table = np.full((len(losses), max(map(len, losses), default=0)), np.nan)
    for line, values in zip(table, losses, strict=True):
        line[:len(values)] = [math.nan if value is None else value for value in values]
    return table


def learning(records: Sequence[dict]) -> dict[str, list[tuple[str, np.ndarray]]]:
    """Stage -> its phases in order, as (name, float[models,epochs] losses), of metrics.jsonl."""
    stages: dict[str, dict[str, list[dict]]] = {}
    for record in records:
        if record.get("loss_per_epoch"):
            phases = stages.setdefault(record["stage"], {})
            phases.setdefault(record.get("phase", ""), []).append(record)
    return {stage: [(phase, _table(of_phase)) for phase, of_phase in phases.items()]
            for stage, phases in stages.items()}


def _draw(axis, start: int, table: np.ndarray, color: str) -> None:
    """Each model thin, their mean thick; of many models their 5% to 95% instead."""
    epochs = start + 1 + np.arange(table.shape[1])
    known = np.isfinite(table).any(0)
    if not known.any():
        return
    table, epochs = table[:, known], epochs[known]
    if len(table) > 12:
        axis.fill_between(epochs, *np.nanquantile(table, [0.05, 0.95], axis=0), color=color,
                          alpha=0.2, lw=0)
    else:
        for line in table:
            axis.plot(epochs, line, "o" if len(epochs) == 1 else "-", color=color, lw=0.7, ms=3,
                      alpha=0.5)
    axis.plot(epochs, np.nanmean(table, 0), "o-" if len(epochs) == 1 else "-", color=color, lw=2,
              ms=5)


def _epochs(axis, words: str) -> None:
    axis.set_ylabel(words)
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axis.grid()


@styled
def training(curves: Mapping[str, list[tuple[str, np.ndarray]]]) -> bytes | None:
    """SVG: loss of each epoch of originals, oracles and memorization models; None: no curves."""
    shown = {stage: curves[stage] for stage in TRAINED if stage in curves}
    if not shown:
        return None
    figure = Figure(figsize=(8.2, 3.9), layout="constrained")
    axis, entries = figure.subplots(), []
    for color, (stage, phases) in zip(LINES, shown.items(), strict=False):
        _draw(axis, 0, phases[0][1], color)
        count = len(phases[0][1])
        entries.append(Line2D([], [], color=color, lw=2, label=f"{TRAINED[stage]}: {count} models"))
    losses = np.concatenate([phases[0][1].ravel() for phases in shown.values()])
    losses = losses[np.isfinite(losses)]
    if len(losses) and 0 < WIDE * losses.min() < losses.max():
        axis.set_yscale("log")
        logarithmic(axis.yaxis, losses.max() / losses.min())
    _epochs(axis, "loss (logarithmic)" if axis.get_yscale() == "log" else "loss")
    legend(figure, entries)
    return svg(figure)


@styled
def unlearning(curves: Mapping[str, list[tuple[str, np.ndarray]]],
               rows: Mapping[str, tuple[str, dict]]) -> bytes | None:
    """SVG: loss of each epoch of unlearning, a panel for each row; None: no curves.

    Args:
      curves: see `learning`.
      rows: stage -> (name of the row, its spec).
    """
    shown = {stage: [(phase, table) for phase, table in curves[stage] if table.size]
             for stage in rows if stage in curves}
    shown = dict([item for item in shown.items() if item[1]][:MOST])
    if not shown:
        return None
    figure, axes = grid(len(shown), 4, (3.25, 2.7), (0, 0))
    texts = labels([rows[stage][0] for stage in shown])
    for axis, text, (stage, phases) in zip(axes.ravel(), texts, shown.items(), strict=False):
        start, color = 0, COLORS[kind_of(rows[stage][1])]
        total = sum(table.shape[1] for _, table in phases)
        for number, (phase, table) in enumerate(phases):
            _draw(axis, start, table, color)
            if len(phases) > 1:
                axis.axvline(start + 0.5, color="#8a9099", lw=0.8, ls=":")
                # In two lines in turn, as steps may be short.
                axis.annotate(_subset(phase), (start + 0.5, 1), (0, 2 + 13 * (number % 2)),
                              xycoords=("data", "axes fraction"), textcoords="offset points")
            start += table.shape[1]
        axis.set_xlim(0.5, total + 0.5)
        axis.set_title(text, pad=31 if len(phases) > 1 else 6)
        _epochs(axis, "loss")
    return svg(figure)


def _subset(phase: str) -> str:
    """The subset of a phase `<number> <subset> <algorithm>`."""
    return cut(phase.split(" ")[1] if phase.count(" ") > 1 else phase, 8)


@styled
def memorization_histogram(scores: np.ndarray, injected: np.ndarray) -> bytes:
    """SVG: how many training examples have which memorization; injected noise in color."""
    figure = Figure(figsize=(8.2, 3.9), layout="constrained")
    axis = figure.subplots()
    known = np.isfinite(scores)
    bins = np.linspace(min(0.0, scores[known].min(initial=0.0)), max(
        1.0, scores[known].max(initial=1.0)), 41)
    parts = [("published label", known & ~injected, COLORS["vanilla"])]
    if injected.any():
        parts.append(("injected label noise", known & injected, INJECTED))
    counts, _, _ = axis.hist([scores[part] for _, part, _ in parts], list(bins), stacked=True,
                             color=[color for _, _, color in parts],
                             label=[f"{name}: {part.sum():,}" for name, part, _ in parts])
    axis.set_yscale("symlog", linthresh=10)
    ticks = [0, 5, *(10 ** power for power in range(1, 7) if 10 ** power <= 10 * np.max(counts))]
    axis.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axis.set_yticks([], minor=True)
    axis.set_xlabel("memorization")
    axis.set_ylabel("training examples\n(linear up to 10, then logarithmic)")
    axis.grid(axis="y")
    legend(figure, axis.get_legend_handles_labels()[0])
    return svg(figure)
