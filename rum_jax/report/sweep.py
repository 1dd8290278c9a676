"""What a sweep found: every point as JSON, CSV and picture, and a config with the chosen ones."""

import pathlib
import pprint
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.core import records
from rum_jax.report import page
from rum_jax.report.dots import UNIT
from rum_jax.report.figures import (
    COLORS,
    estimate,
    grid,
    handles,
    legend,
    limits,
    logarithmic,
    numbers,
    styled,
    svg,
)
from rum_jax.report.labels import display_names, label
from rum_jax.rum.chain import WHOLE
from rum_jax.study.context import Study, folder_of
from rum_jax.study.sweep import fields_of

SCHEMA_VERSION = 1
CHOSEN = COLORS["rum"]


def write(study: Study, config: ConfigDict, searches: dict,
          provenance: dict) -> tuple[str, pathlib.Path]:
    """Writes sweep.json, .csv, .html, pictures and sweep_chosen.py; returns (summary, page)."""
    workdir = study.workdir
    chosen = {name: value for row, search in searches.items() if search["chosen"]
              for name, value in
              fields_of(config, row, search["trials"], search["chosen"]).items()}
    results = {"schema": SCHEMA_VERSION, "sweep": config.sweep.to_dict(),
               "chosen_fields": chosen, "rows": searches,
               "provenance": {**provenance, "convolution": study.task.model.network.lowering}}
    header, lines = table(searches)
    records.write_csv(workdir / "sweep.csv", header, lines)
    pictures = {row: surface(search) for row, search in searches.items()}
    for row, content in pictures.items():
        records.write_bytes(workdir / f"sweep_{folder_of(row)}.svg", content)
    records.write_bytes(workdir / "sweep_chosen.py", config_file(config, chosen).encode())
    html = page.render_sweep(results, answers(searches), pictures, header, lines)
    records.write_bytes(workdir / "sweep.html", html.encode())
    records.write_json(workdir / "sweep.json", results)
    return summary_of(searches, chosen), workdir / "sweep.html"


def hparams_of(trial: dict) -> dict[str, Any]:
    """Hyper-parameter -> value, with the subset before the name in a chain."""
    return {("" if step["subset"] == WHOLE else f"{step['subset']}.") + name: value
            for step in trial["steps"] for name, value in step["hparams"].items()}


def table(searches: dict) -> tuple[list[str], list[list]]:
    """(header, lines): one line per point, best first in each row of the study."""
    header = ["row", "trial", "validation_tow", "ci95", "chosen", "hyper_parameters"]
    lines = []
    for row, search in searches.items():
        for trial in sorted(search["trials"], key=_mean, reverse=True):
            score = trial["validation_tow"]
            half = "" if not score or score["ci95"] is None else score["ci95"]
            values = [score["mean"], half] if score else ["diverged", ""]
            text = ", ".join(f"{name} {value}" for name, value in hparams_of(trial).items())
            mark = "yes" if _is_chosen(trial, search["chosen"]) else ""
            lines.append([row, trial["trial"], *values, mark, text])
    return header, lines


def _mean(trial: dict) -> float:
    return trial["validation_tow"]["mean"] if trial["validation_tow"] else -np.inf


def varied(trials: list[dict]) -> list[str]:
    """Numeric hyper-parameters that differ between the trials."""
    values = [hparams_of(trial) for trial in trials]
    return [name for name, first in values[0].items()
            if isinstance(first, int | float) and len({hparams[name] for hparams in values}) > 1]


@styled
def surface(search: dict) -> bytes:
    """SVG: validation ToW against each hyper-parameter, the chosen point marked.

    Where just two of them vary, another panel shows it over both.
    """
    trials = [trial for trial in search["trials"] if trial["validation_tow"]]
    names = varied(search["trials"]) or ["trial"]
    panels = len(names) + (len(names) == 2)
    figure, axes = grid(panels, 3, (4.1, 3.2), (0.2, 0.5))
    shown = limits(numbers((trial["validation_tow"] for trial in trials), UNIT), UNIT)
    for axis, name in zip(axes.flat, names, strict=False):
        _panel(axis, name, trials, search["chosen"], shown)
    if len(names) == 2:
        _map(figure, axes.flat[2], names, trials, search["chosen"], shown)
    lost = len(search["trials"]) - len(trials)
    legend(figure, [_entry(CHOSEN, "chosen point"), _entry(COLORS["vanilla"], "other points"),
                    *handles(()), *([_entry("none", f"diverged, not shown: {lost}")]
                                    if lost else [])])
    return svg(figure)


def _entry(color: str, text: str) -> Line2D:
    return Line2D([], [], color=color, marker="o", ls="", ms=7, mec="white", label=text)


def _is_chosen(trial: dict, chosen: dict | None) -> bool:
    return chosen is not None and trial["trial"] == chosen["trial"]


def _values(name: str, trials: list[dict]) -> list[float]:
    places: list[float] = [trial["trial"] for trial in trials]
    return [hparams_of(trial).get(name, place)
            for trial, place in zip(trials, places, strict=True)]


def _is_wide(values: list[float]) -> bool:
    """Whether values are best seen on a logarithmic axis."""
    return bool(values) and min(values) > 0 and max(values) / min(values) > 20


def _scaled(axis, way: str, name: str, values: list[float]) -> None:
    """An axis (`x` or `y`) of a hyper-parameter; a logarithmic one says so."""
    wide = _is_wide(values)
    getattr(axis, f"set_{way}label")(label(name) + (" (logarithmic)" if wide else ""))
    if wide:
        getattr(axis, f"set_{way}scale")("log")
        logarithmic(getattr(axis, f"{way}axis"), max(values) / min(values))


def _map(figure: Figure, axis, names: list[str], trials: list[dict], chosen: dict | None,
         shown: tuple[float, float]) -> None:
    """ToW as color over two hyper-parameters."""
    x, y = (_values(name, trials) for name in names)
    edges = [CHOSEN if _is_chosen(trial, chosen) else "none" for trial in trials]
    dots = axis.scatter(x, y, c=[_mean(trial) for trial in trials], vmin=shown[0], vmax=shown[1],
                        s=90, edgecolors=edges, linewidths=2)
    figure.colorbar(dots, ax=axis, label="validation ToW")
    _scaled(axis, "x", names[0], x)
    _scaled(axis, "y", names[1], y)


def _panel(axis, name: str, trials: list[dict], chosen: dict | None,
           shown: tuple[float, float]) -> None:
    values = _values(name, trials)
    for value, trial in zip(values, trials, strict=True):
        color = CHOSEN if _is_chosen(trial, chosen) else COLORS["vanilla"]
        estimate(axis, value, trial["validation_tow"], color, bounds=UNIT, upright=True, apart=0)
    _scaled(axis, "x", name, values)
    axis.set_ylim(*shown)
    axis.set_ylabel("validation ToW")
    axis.grid()


def config_file(config: ConfigDict, chosen: dict) -> str:
    """Source of a config: everything that this one changes in the base, and what was chosen."""
    default, current = (_flat(part.to_dict()) for part in (base.get_config(), config))
    changed = {name: value for name, value in current.items()
               if default.get(name) != value and not name.startswith("sweep.")}
    return ('"""Chosen by a sweep; see sweep.json beside this file."""\n\n'
            "from rum_jax.config import base\n\n"
            f"CHANGED = {pprint.pformat(changed, sort_dicts=False)}\n"
            f"CHOSEN = {pprint.pformat(chosen, sort_dicts=False)}\n\n\n"
            "def get_config():\n"
            '    """The config."""\n'
            "    c = base.get_config()\n"
            "    base.set_fields(c, {**CHANGED, **CHOSEN})\n"
            "    return c\n")


def _flat(config: dict, path: str = "") -> dict:
    flat = {}
    for name, value in config.items():
        flat.update(_flat(value, f"{path}{name}.") if isinstance(value, dict)
                    else {f"{path}{name}": value})
    return flat


def answers(searches: dict) -> list[str]:
    """What was chosen, a sentence for each row."""
    names, sentences = display_names(searches), []
    for row, search in searches.items():
        best, first = search["chosen"], search["trials"][0]["validation_tow"]
        if not best:
            sentences.append(f"{names[row]}: every point diverged.")
            continue
        start = f"point 0, the config's own, has {_text(first)}" if first else "point 0 diverged"
        sentences.append(
            f"{names[row]}: point {best['trial']} of {len(search['trials'])} is chosen, with "
            f"a validation ToW of {_text(best['validation_tow'])}; {start}.")
    return sentences


def summary_of(searches: dict, chosen: dict) -> str:
    """What the command prints."""
    lines = [""]
    for row, search in searches.items():
        best, first = search["chosen"], search["trials"][0]["validation_tow"]
        score = f"{_text(best['validation_tow'])} (point {best['trial']})" if best else (
            "every point diverged")
        lines.append(f"{row:<24} validation ToW {score}; point 0: "
                     f"{_text(first) if first else 'diverged'}")
    return "\n".join([*lines, "", *(f"--config.{name}={value!r}"
                                    for name, value in chosen.items()), ""])


def _text(score: dict) -> str:
    half = "n/a" if score["ci95"] is None else f"{score['ci95']:.3f}"
    return f"{score['mean']:.3f} ± {half}"
