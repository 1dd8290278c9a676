"""What all figures share: style, colors, panels, points with intervals, and the bytes of an SVG.

Text stays text in the SVG, as large as that of the page, so that it can be read, searched and
shown in any script; no name is read as mathematics.
"""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict, TypeGuard

import matplotlib
import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogLocator

from rum_jax.evaluate.interval import SEEDS
from rum_jax.refine import SHUFFLED

COLORS = {"reference": "#5f6670", "vanilla": "#2a6db0", "rum_f": "#2b8a57", "rum": "#c9501c",
          "control": "#8a4fb0"}
MARKERS = {"reference": "o", "vanilla": "s", "rum_f": "^", "rum": "D", "control": "v"}
KINDS = {"reference": "original and oracles", "vanilla": "whole forget set at once",
         "rum_f": "one algorithm, subset after subset", "rum": "RUM",
         "control": "random subsets (control)"}
INJECTED = "#c9501c"  # examples with injected label noise
# Hues of lines that stand for parts or measures, in their order.
LINES = ("#2a6db0", "#c9501c", "#2b8a57", "#8a4fb0", "#a8790a", "#22262b")
POINTS = 10.5                   # of all text: 14 px, as in the page's tables
NARROWEST = 6.5                 # inches of a figure, so that its legend has few lines
STYLE: dict[Any, Any] = {
    "text.parse_math": False, "svg.fonttype": "none", "svg.hashsalt": "rum_jax",
    "font.family": ["DejaVu Sans"], "font.size": POINTS, "axes.titlesize": POINTS,
    "axes.titleweight": "bold", "axes.labelsize": POINTS, "xtick.labelsize": POINTS,
    "ytick.labelsize": POINTS, "legend.fontsize": POINTS, "figure.titlesize": POINTS,
    "figure.labelsize": POINTS, "axes.formatter.use_mathtext": False,
    "text.color": "#22262b", "axes.labelcolor": "#22262b", "xtick.color": "#22262b",
    "ytick.color": "#22262b", "axes.edgecolor": "#8a9099", "legend.frameon": False,
    "axes.spines.top": False, "axes.spines.right": False, "grid.color": "#d6dadf",
    "axes.axisbelow": True, "lines.linewidth": 1.4}
# Decorates every function that makes a figure.
styled = matplotlib.rc_context(STYLE)
FONT = "system-ui, 'DejaVu Sans', sans-serif"
_FAMILY = re.compile(r"'DejaVu Sans'")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _plain(figure: Figure) -> None:
    """No text of a figure is mathematics, whoever made it."""
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_text(_NOT_XML.sub("\ufffd", text.get_text()))


def _saved(figure: Figure, **how: Any) -> bytes:
    content = io.BytesIO()
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # The page shows glyphs that the font used for measuring does not have.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        _plain(figure)
        figure.savefig(content, bbox_inches="tight", **how)
    return content.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as an SVG file; the same numbers give the same bytes."""
    content = _saved(figure, format="svg", dpi=144, pad_inches=0.04,
                     metadata={"Date": None, "Creator": None})
    return _NOT_XML.sub("\ufffd", _FAMILY.sub(FONT, content.decode())).encode()


def png(figure: Figure) -> bytes:
    """The figure as a PNG file, for pages that cannot show SVG; deterministic, too."""
    return _saved(figure, dpi=150, metadata={"Software": None})


def grid(count: int, across: int, size: tuple[float, float], margin: tuple[float, float],
         *, sharex: bool = False, sharey: bool = False) -> tuple[Figure, np.ndarray]:
    """A figure with so many panels, at most `across` of them beside each other.

    Args:
      count: of the panels.
      across: see above.
      size: width and height of a panel, inches.
      margin: what is added to the width and height of all, inches.
      sharex, sharey: whether all panels share these axes.
    """
    across = min(across, count)
    down = -(-count // across)
    figure = Figure(figsize=(max(NARROWEST, margin[0] + size[0] * across),
                             margin[1] + size[1] * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False, sharex=sharex, sharey=sharey)
    hide(axes, count)
    return figure, axes


def hide(axes: np.ndarray, used: int) -> None:
    """Hides the panels after so many; those above them get the labels of the axis they share."""
    across = axes.shape[1]
    for place, axis in enumerate(axes.ravel()):
        axis.set_visible(place < used)
        if place < used <= place + across:
            axis.tick_params(labelbottom=True)


def kind_of(spec: Mapping) -> str:
    """Key of COLORS, MARKERS and KINDS for a row's `spec`; random subsets are the control."""
    if spec.get("refinement") == SHUFFLED:
        return "control"
    return spec["kind"] if spec["kind"] in COLORS else "reference"


class Look(TypedDict):
    """How a row is drawn: arguments of `estimate` and of matplotlib."""

    color: str
    marker: str


def look(spec: Mapping) -> Look:
    """Color and marker of a row."""
    kind = kind_of(spec)
    return {"color": COLORS[kind], "marker": MARKERS[kind]}


def is_known(value: dict | None) -> TypeGuard[dict]:
    """Whether a summary has a mean that can be drawn."""
    return value is not None and value["mean"] is not None and math.isfinite(value["mean"])


def ends(value: dict, bounds: tuple[float, float] = (-math.inf, math.inf)) -> tuple[float, float]:
    """Ends of a summary's interval, clipped to bounds; (mean, mean) if it has no interval."""
    half = value["ci95"]
    half = 0.0 if half is None or not math.isfinite(half) else half
    low, high = (float(np.clip(value["mean"] + sign * half, *bounds)) for sign in (-1, 1))
    return low, high


def numbers(values: Iterable[dict | None], bounds: tuple[float, float] = (-math.inf, math.inf),
            ) -> list[float]:
    """Everything that `estimate` draws of these summaries."""
    return [number for value in values if is_known(value)
            for number in (*_seeds(value), *ends(value, bounds))]


def _seeds(value: dict) -> list[float]:
    """The values of all seeds; none where the interval is over something else."""
    if value.get("over", SEEDS) != SEEDS:
        return []
    return [number for number in value["per_seed"] if number is not None and math.isfinite(number)]


def estimate(axis, place: float, value: dict | None, color: str, marker: str = "o",
             bounds: tuple[float, float] = (-math.inf, math.inf), scale: float = 1.0,
             upright: bool = False, apart: float = 0.2) -> None:
    """Draws a summary: a small point per seed, the mean, and its 95% interval inside bounds.

    Args:
      axis: of matplotlib.
      place: where on the other axis.
      value: the summary; nothing is drawn where it is not known.
      color, marker: of the mean.
      bounds: of what the quantity can be; the interval ends there.
      scale: of all values, 100 for per cent.
      upright: whether values are along the vertical axis.
      apart: how far the seeds are from the mean, along the other axis; 0: on its interval.
    """
    if not is_known(value):
        return
    seeds = [scale * number for number in _seeds(value)]

    def draw(along: Sequence[float], across: Sequence[float], *style: str, **more) -> None:
        axis.plot(*((across, along) if upright else (along, across)), *style, color=color,
                  clip_on=False, **more)

    draw([scale * end for end in ends(value, bounds)], [place] * 2, "-", lw=2, zorder=3,
         solid_capstyle="butt")
    look_of_seeds = {"ms": 3.6, "mew": 0, "alpha": 0.55, "zorder": 2.5} if apart else {
        "ms": 4.6, "mec": "white", "mew": 0.8, "zorder": 3.5}
    draw(seeds, [place + apart] * len(seeds), "o", **look_of_seeds)
    draw([scale * value["mean"]], [place], marker, ms=7, mec="white", mew=0.8, zorder=4)


def limits(shown: Sequence[float], bounds: tuple[float, float] = (-math.inf, math.inf),
           margin: float = 0.05) -> tuple[float, float]:
    """Limits of an axis: where the data are with a margin, never beyond bounds."""
    low, high = (min(shown), max(shown)) if shown else (0.0, 1.0)
    pad = margin * (high - low) or 0.05 * abs(high) or 0.05
    low, high = (float(np.clip(end, *bounds)) for end in (low - pad, high + pad))
    return (low, high) if low < high else (low - pad, high)


def beside(axes: np.ndarray, words: str) -> None:
    """A label of the vertical axes in the first column, in lines that fit beside a panel."""
    for axis in axes[:, 0]:
        axis.set_ylabel("\n".join(textwrap.wrap(words, 24)))


def logarithmic(axis: Axis, ratio: float | None = None) -> None:
    """Ticks of a logarithmic axis (`axes.xaxis` or `.yaxis`) as plain numbers.

    Args:
      axis: see above.
      ratio: of its ends; below three decades there are ticks between the powers of ten, too.
    """
    if ratio and ratio < 1000:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 100 else (1, 3)))
    axis.set_major_formatter(lambda value, _: f"{value:,.10g}")
    axis.set_minor_formatter(lambda value, _: "")


def handles(kinds: Iterable[str], seeds: bool = True) -> list[Line2D]:
    """Entries of a legend: kinds of rows, then what the points and lines are."""
    present = set(kinds)
    entries = [Line2D([], [], color=COLORS[kind], marker=MARKERS[kind], ls="", ms=7, mec="white",
                      label=text) for kind, text in KINDS.items() if kind in present]
    if seeds:
        entries += [Line2D([], [], color=COLORS["reference"], marker="o", ls="", ms=3.6, mew=0,
                           alpha=0.55, label="one seed"),
                    Line2D([], [], color=COLORS["reference"], marker="o", lw=2, ms=7, mec="white",
                           label="mean, 95% interval")]
    return entries


def dashed(text: str, style: str = "--", color: str = "black") -> Line2D:
    """An entry of a legend for a line of reference."""
    return Line2D([], [], color=color, ls=style, lw=1, label=text)


def legend(figure: Figure, entries: Sequence[object], width: float = 2.9) -> None:
    """A legend above all panels, each entry so many inches wide."""
    columns = max(1, min(len(entries), int(figure.get_figwidth() / width)))
    figure.legend(handles=list(entries), loc="outside upper left", ncols=columns,
                  columnspacing=1.2, handletextpad=0.5)
