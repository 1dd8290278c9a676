"""Dot plots of a table's rows: a point for each seed, the mean and its 95% interval."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from rum_jax.report.figures import (
    LINES,
    Look,
    dashed,
    estimate,
    handles,
    is_known,
    kind_of,
    legend,
    limits,
    logarithmic,
    look,
    numbers,
    styled,
    svg,
)
from rum_jax.report.labels import display_names, labels, printable

UNIT = (0.0, 1.0)   # of ToW and of shares
TOW = {"tow": "ToW", "tow_stratified": "ToW, stratified", "tow_mia": "ToW-MIA",
       "tow_mia_stratified": "ToW-MIA, stratified"}
PARTS = {"forget_accuracy": "forget", "retain_accuracy": "retain",
         "validation_accuracy": "validation", "test_accuracy": "test",
         "test_accuracy_kept_classes": "test, kept classes"}
# What is drawn in one panel, by the end of the file's name: plain forms, and stratified ones.
PAIRS = {"": ("tow", "tow_mia"), "_stratified": ("tow_stratified", "tow_mia_stratified")}
WIDE = 20               # a longer ratio of times is shown on a logarithmic axis


def rows_axes(names: Sequence[str], panels: int, width: float) -> tuple[Figure, Sequence]:
    """A figure with a line for each name and so many panels beside each other.

    Args:
      names: of the lines, from the top down.
      panels: how many.
      width: of a panel, inches.
    """
    texts = labels(names)
    lines = max((text.count("\n") + 1 for text in texts), default=1)
    left = 0.085 * max((len(part) for text in texts for part in text.split("\n")), default=1)
    height = max(2.2, 1.5 + (0.21 + 0.15 * lines) * len(names))
    figure = Figure(figsize=(left + width * panels, height), layout="constrained")
    axes = figure.subplots(1, panels, sharey=True, squeeze=False)[0]
    axes[0].set_yticks(range(len(names)), texts)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    for axis in axes:
        axis.tick_params(axis="y", length=0, pad=7)
        axis.grid(axis="x")
        axis.locator_params(axis="x", nbins=5)
        for place in range(0, len(names), 2):
            axis.axhspan(place - 0.5, place + 0.5, color="#f4f6f8", zorder=0)
    return figure, axes


def two_measures(metrics: tuple[str, str], shift: float) -> dict[str, tuple[float, str, str]]:
    """Metric -> (place beside the middle, color, title) of two that share a panel."""
    return {metric: (side * shift, LINES[number], TOW[metric]) for number, (metric, side) in
            enumerate(zip(metrics, (-1, 1), strict=True))}


def has(rows: Sequence[dict], metric: str) -> bool:
    """Whether any row has a value of a metric."""
    return any(is_known(row["metrics"].get(metric)) for row in rows)


def _mean_of(rows: Sequence[dict], name: str, metric: str) -> float | None:
    values = [row["metrics"].get(metric) for row in rows if row["name"] == name]
    return values[0]["mean"] if values and is_known(values[0]) else None


def _panels(rows: list[dict], metrics: Mapping[str, str], axis_label: str, reference: str,
            words: str, scale: float, limit: tuple[float, float]) -> bytes:
    """A panel for each metric, with the mean of a row of reference as a dashed line."""
    shown = {metric: title for metric, title in metrics.items() if has(rows, metric)}
    figure, axes = rows_axes([row["name"] for row in rows], len(shown), 2.75)
    bounds = (scale * limit[0], scale * limit[1])
    for axis, (metric, title) in zip(axes, shown.items(), strict=True):
        values = [row["metrics"].get(metric) for row in rows]
        for place, (row, value) in enumerate(zip(rows, values, strict=True)):
            estimate(axis, place, value, **look(row["spec"]), bounds=limit, scale=scale)
        line = _mean_of(rows, reference, metric)
        if line is not None:
            axis.axvline(scale * line, color="black", ls="--", lw=1, zorder=2)
        axis.set_xlim(*limits([scale * number for number in numbers(values, limit)], bounds))
        axis.set_title(title)
    figure.supxlabel(axis_label)
    legend(figure, [*handles(kind_of(row["spec"]) for row in rows), dashed(words)])
    return svg(figure)


@styled
def tow(rows: list[dict]) -> bytes:
    """SVG: every form of ToW of each row of one forget set; dashed: retraining again."""
    return _panels(rows, TOW, "closeness to models trained without the forget set (1: the same)",
                   "retrain_again", "retrain_again: the noise floor", 1.0, UNIT)


@styled
def accuracies(rows: list[dict]) -> bytes:
    """SVG: accuracy of each row of one forget set on every part; dashed: the oracle."""
    return _panels(rows, PARTS, "accuracy, %", "retrain", "retrain: the oracle", 100.0, UNIT)


@styled
def differences(comparisons: Sequence[dict], rows: Sequence[dict]) -> bytes | None:
    """SVG: paired differences of one row to the others of its forget set; None: there are none.

    Args:
      comparisons: of one forget set, see `results.assemble`.
      rows: of that forget set.
    """
    specs = {row["name"]: row["spec"] for row in rows}
    pairs = list(dict.fromkeys(
        (comparison["first"], comparison["second"]) for comparison in comparisons))
    metrics = [name for name in TOW
               if any(comparison["metric"] == name for comparison in comparisons)]
    if not pairs or not metrics:
        return None
    names = display_names(specs)
    figure, axes = rows_axes([f"{names[first]} - {names[second]}" for first, second in pairs],
                             len(metrics), 2.75)
    for axis, metric in zip(axes, metrics, strict=True):
        values = {(comparison["first"], comparison["second"]): comparison["difference"]
                  for comparison in comparisons if comparison["metric"] == metric}
        for place, pair in enumerate(pairs):
            estimate(axis, place, values.get(pair), **look(specs[pair[1]]))
        axis.axvline(0, color="black", ls="--", lw=1, zorder=2)
        axis.set_xlim(*limits([0.0, *numbers(values.values())]))
        axis.set_title(TOW[metric])
    figure.supxlabel("difference, seed by seed (above 0: the first is nearer to retraining)")
    kinds = (kind_of(specs[second]) for _, second in pairs)
    legend(figure, [*handles(kinds), dashed("both as near to retraining")])
    return svg(figure)


@styled
def run_times(rows_by_set: Mapping[str, list[dict]]) -> bytes:
    """SVG: seconds per model of each row, without compilation, on every forget set."""
    timed = {name: {row["name"]: row for row in rows if is_known(row["metrics"]["seconds"])
                    and row["name"] != "original"} for name, rows in rows_by_set.items()}
    names = list(dict.fromkeys(name for rows in timed.values() for name in rows))
    figure, (axis,) = rows_axes(names, 1, 6.5)
    several, seconds = len(timed) > 1, []
    for number, rows in enumerate(timed.values()):
        shift = 0.5 * ((number + 0.5) / len(timed) - 0.5)
        color = LINES[number % len(LINES)]
        for place, name in enumerate(names):
            if name not in rows:
                continue
            mean = rows[name]["metrics"]["seconds"]["mean"]
            style: Look = ({"color": color, "marker": "o"} if several
                           else look(rows[name]["spec"]))
            axis.plot([mean], [place + shift], ls="", ms=7, mec="white", clip_on=False, **style)
            seconds.append(mean)
            if not several:
                axis.annotate(f"{mean:.3g} s", (mean, place), (8, 0),
                              textcoords="offset points", va="center")
    _seconds_axis(axis, seconds)
    kinds = (kind_of(row["spec"]) for rows in timed.values() for row in rows.values())
    legend(figure, [dashed(printable(name), "", LINES[number % len(LINES)])
                    for number, name in enumerate(timed)] if several
           else handles(kinds, seeds=False))
    if several:
        for line in figure.legends[0].get_lines():
            line.set(marker="o", markersize=7)
    return svg(figure)


def _seconds_axis(axis, seconds: list[float]) -> None:
    positive = [value for value in seconds if value > 0]
    label = "seconds per model, without compilation"
    if positive and len(positive) == len(seconds) and max(positive) > WIDE * min(positive):
        axis.set_xscale("log")
        logarithmic(axis.xaxis, max(positive) / min(positive))
        axis.set_xlim(min(positive) / 1.3, max(positive) * 1.8)
        axis.set_xlabel(f"{label} (logarithmic)")
    else:
        axis.set_xlim(0, 1.18 * max([*positive, 1e-3]))
        axis.set_xlabel(label)
