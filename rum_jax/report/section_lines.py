"""Figures of sections whose values follow one another: forget sets, steps, requests."""

import math
from collections.abc import Mapping, Sequence

from rum_jax.report.dots import TOW, UNIT, two_measures
from rum_jax.report.figures import (
    LINES,
    beside,
    dashed,
    ends,
    estimate,
    grid,
    handles,
    kind_of,
    legend,
    limits,
    logarithmic,
    look,
    numbers,
    styled,
    svg,
)
from rum_jax.report.labels import label, labels, printable

RETAIN = "retain"           # the part that is drawn in black
SHARES = ("called_member",) # measures that are shares


@styled
def levels(rows: list[dict], references: Mapping[str, list[dict]], sets: list[dict],
           metric: str = "tow") -> bytes:
    """SVG: a form of ToW of each row on each forget set, a panel for each row.

    Args:
      rows: `row`, `spec`, and the values of `metric` on each set.
      references: the same values of rows that are lines in every panel.
      sets: what they are like, see `levels.summarized`.
      metric: key of `dots.TOW`.
    """
    figure, axes = grid(len(rows), 4, (3.25, 2.7), (0, 0.7), sharex=True, sharey=True)
    places, spread, words = _axis(sets)
    for axis, title, row in zip(axes.ravel(), labels([row["row"] for row in rows]), rows,
                                strict=False):
        for name, style in (("retrain_again", "k--"), ("original", "k:")):
            if name in references:
                axis.plot(places, [summary["mean"] for summary in references[name]], style, lw=1)
        style = look(row["spec"])
        axis.plot(places, [summary["mean"] for summary in row[metric]], color=style["color"], lw=1)
        for place, half, value in zip(places, spread or [0.0] * len(places), row[metric],
                                      strict=True):
            estimate(axis, place, value, **style, bounds=UNIT, upright=True, apart=0)
            axis.plot([place - half, place + half], [value["mean"]] * 2, color=style["color"])
        axis.set_title(title)
        axis.grid()
    _set_axis(axes[0, 0], sets, places, spread)
    figure.supxlabel(words)
    beside(axes, TOW[metric])
    shown = [row[metric] for row in rows] + list(references.values())
    axes[0, 0].set_ylim(*limits([number for of_row in shown for number in _drawn(of_row)], UNIT))
    entries = handles(kind_of(row["spec"]) for row in rows)
    entries += [dashed(f"{name}, mean", style) for name, style in (
        ("retrain_again", "--"), ("original", ":")) if name in references]
    legend(figure, entries)
    return svg(figure)


def _drawn(values: Sequence[dict]) -> list[float]:
    return [*numbers(values, UNIT), *(end for value in values for end in ends(value, UNIT))]


def _set_axis(axis, sets: list[dict], places: list[float], spread: list[float] | None) -> None:
    """Ticks of the sets along an axis."""
    if spread is None:
        axis.set_xticks(places, _set_labels([forget_set["set"] for forget_set in sets]))
        axis.set_xlim(-0.3, len(places) - 0.7)
    elif _is_wide(places):
        axis.set_xscale("log")
        logarithmic(axis.xaxis, max(places) / min(places))


def _set_labels(names: Sequence[str]) -> list[str]:
    """A label for each forget set, without what all of them begin with."""
    one_family = len({name.partition(":")[0] for name in names}) == 1
    return [label(name.partition(":")[2] or name if one_family else name, 13) for name in names]


def _is_wide(places: list[float]) -> bool:
    return min(places) > 0 and max(places) > 5 * min(places)


def _axis(sets: list[dict]) -> tuple[list[float], list[float] | None, str]:
    """(places, half-widths of their intervals or None, label) of the sets along an axis."""
    families = {forget_set["set"].partition(":")[0] for forget_set in sets}
    by = {"entanglement": "entanglement_score", "memorization": "mean_memorization"}
    name = by.get(next(iter(families))) if len(families) == 1 else None
    if name is None or any(forget_set[name] is None for forget_set in sets):
        return list(range(len(sets))), None, "forget set"
    means = [forget_set[name]["mean"] for forget_set in sets]
    return (means, [forget_set[name]["ci95"] or 0.0 for forget_set in sets],
            name.replace("_", " ") + (" (logarithmic)" if _is_wide(means) else ""))


@styled
def panels(rows: list[dict], measure: str, words: str) -> bytes:
    """SVG: a measure of every part after each step, with a panel for each of `rows`.

    Args:
      rows: see `onion.assemble`.
      measure: key of their `after`.
      words: what it is called.
    """
    figure, axes = grid(len(rows), 3, (4.2, 3.2), (0, 0.7), sharey=True)
    parts = list(dict.fromkeys(part for row in rows for part in row["after"][measure]))
    others = [part for part in parts if part != RETAIN]
    colors = {part: LINES[number % (len(LINES) - 1)] for number, part in enumerate(others)}
    colors[RETAIN] = LINES[-1]
    shown, bounds = [], UNIT if measure in SHARES else (-math.inf, math.inf)
    for axis, title, row in zip(axes.ravel(), labels([row["row"] for row in rows]), rows,
                                strict=False):
        for number, (part, values) in enumerate(row["after"][measure].items()):
            if all(values):
                # Side by side, so that points of several parts do not hide each other.
                shift = 0.1 * (number - (len(row["after"][measure]) - 1) / 2)
                places = [step + shift for step in range(len(values))]
                axis.plot(places, [v["mean"] for v in values], color=colors[part], lw=1)
                for place, value in zip(places, values, strict=True):
                    estimate(axis, place, value, colors[part], bounds=bounds, upright=True,
                             apart=0)
                shown += numbers(values, bounds)
        axis.set_xticks(range(len(row["steps"]) + 1), [
            "original", *(label(step["subset"], 9) for step in row["steps"])])
        axis.set_title(title)
        axis.grid(axis="y")
    axes[0, 0].set_ylim(*limits(shown, bounds))
    figure.supxlabel("after unlearning")
    beside(axes, words)
    legend(figure, [*(dashed(printable(part), "-", colors[part]) for part in parts),
                    *handles((), seeds=True)], width=2.4)
    return svg(figure)


@styled
def requests(rows: list[dict], floor: dict, count: int,
             metrics: tuple[str, str] = ("tow", "tow_mia")) -> bytes:
    """SVG: two forms of ToW after each of so many requests, a panel for each row.

    Args:
      rows: see `streams.assemble`.
      floor: that of retraining again.
      count: of the requests.
      metrics: keys of `dots.TOW`.
    """
    numbered = list(range(1, count + 1))
    figure, axes = grid(len(rows), 4, (3.25, 2.7), (0, 0.7), sharex=True, sharey=True)
    measures, shown = two_measures(metrics, 0.06), []
    for axis, title, row in zip(axes.ravel(), labels([row["row"] for row in rows]), rows,
                                strict=False):
        for metric, (shift, color, _) in measures.items():
            values = [after[metric] for after in row["after"]]
            places = [number + shift for number in numbered]
            axis.plot(places, [v["mean"] for v in values], color=color, lw=1)
            for place, value in zip(places, values, strict=True):
                estimate(axis, place, value, color, bounds=UNIT, upright=True, apart=0)
            again = [after[metric]["mean"] for after in floor["after"]]
            axis.plot(numbered, again, "--", lw=1, color=color)
            shown += [*numbers(values, UNIT), *again]
        axis.set_title(title)
        axis.grid()
    axes[0, 0].set_xticks(numbered)
    axes[0, 0].set_xlim(0.7, count + 0.3)
    axes[0, 0].set_ylim(*limits(shown, UNIT))
    figure.supxlabel("requests so far")
    beside(axes, "closeness to retraining")
    legend(figure, [*(dashed(words, "-", color) for _, color, words in measures.values()),
                    *handles((), seeds=True), dashed("retrain_again, mean")], width=2.4)
    return svg(figure)
