"""The report of a campaign: scores, how reliable they are, and what they took."""

import math
import pathlib

import numpy as np
from matplotlib.figure import Figure

from rum_jax.campaign.pipeline import Results
from rum_jax.core import records
from rum_jax.report import curves, figures
from rum_jax.report.gallery import memorization_gallery
from rum_jax.report.page import render_campaign
from rum_jax.report.words import interval
from rum_jax.runtime.provenance import provenance

FILES = ("results.json", "memorization.npz", "reliability.csv", "influence.npz", "metrics.jsonl",
         "config.json")


def write(results: Results, folder: pathlib.Path) -> None:
    """Writes report.html, its figures and reliability.csv into a folder."""
    scores, summary = results.scores, results.summary
    config = results.directory.config.to_dict()
    lines = folder / "metrics.jsonl"
    losses = curves.learning(records.read_lines(lines)) if lines.exists() else {}
    drawn = {"memorization.svg": curves.memorization_histogram(scores["memorization"],
                                                               scores["injected_noise"]),
             "reliability.svg": reliability(summary),
             "examples.svg": memorization_gallery(results.directory.dataset, scores["memorization"],
                                                  config["data"]["seed"]),
             "training.svg": curves.training(losses)}
    drawn = {name: content for name, content in drawn.items() if content}
    for name, content in drawn.items():
        records.write_bytes(folder / name, content)
    curve = summary["reliability_curve"]
    records.write_csv(folder / "reliability.csv", list(curve[0]),
                      [list(point.values()) for point in curve])
    files = [name for name in FILES if name in ("results.json", "config.json")
             or (folder / name).exists()]
    html = render_campaign(summary, results.cost, findings(summary, results.cost),
                           reliability_table(curve), drawn, config, files, provenance())
    records.write_bytes(folder / "report.html", html.encode())


def reliability_table(curve: list[dict]) -> tuple[list[str], list[list[str]]]:
    """(header, lines): agreement of the halves of the first models, for growing numbers."""
    def text(value: float | None) -> str:
        return "not defined" if value is None or not math.isfinite(value) else f"{value:.3f}"

    header = ["first models", "their halves: scores (Pearson)", "ranks (Spearman)",
              "expected of two estimates with so many each (Pearson)"]
    return header, [[f"{point['models']:,}", *(text(point[name]) for name in (
        "split_half_pearson", "split_half_spearman", "reliability"))] for point in curve]


def text(results: dict, workdir: str) -> str:
    """What the command prints: findings, and where the files are."""
    return "\n".join(["", *findings(results["memorization"], results["cost"]), "",
                      f"{workdir}/memorization.npz", f"{workdir}/report.html"])


def findings(summary: dict, cost: dict) -> list[str]:
    """Sentences made from the numbers, how reliable the scores are first."""
    models, auroc = summary["models"], summary["injected_noise_auroc"]
    sentences = [_reliability(summary)]
    if auroc is not None:
        half = summary["injected_noise_auroc_ci95"]
        value = interval({"mean": auroc, "ci95": half})
        sentences.append(
            f"AUROC of memorization for the {summary['injected_noise_examples']} examples "
            f"with injected label noise: {value} (95%, over examples).")
    sentences.append(
        f"{models:,} models, each with {summary['mean_test_accuracy']:.1%} test accuracy "
        f"on average; {cost['seconds_per_model']:.3g} s of a worker for each.")
    if summary["unknown_examples"]:
        sentences.append(
            f"{summary['unknown_examples']} examples were in, or out of, the training "
            "set of every model: their memorization is NaN.")
    return sentences


def _reliability(summary: dict) -> str:
    half, expected, needed = (summary[name] for name in (
        "split_half_pearson", "reliability_wanted", "models_needed"))
    if half is None or needed is None or not (math.isfinite(half) and math.isfinite(needed)):
        return ("Reliability is not known: scores of the two halves of the models do not "
                "correlate, or cannot.")
    there = "are enough" if needed <= summary["models"] else "would be needed"
    return (f"Scores of the two halves of the models correlate by {half:.3f} (ranks: "
            f"{summary['split_half_spearman']:.3f}); those of two campaigns of this size would by "
            f"{summary['reliability']:.3f}. For {expected:g}, {math.ceil(needed):,} models "
            f"{there}.")


@figures.styled
def reliability(summary: dict) -> bytes:
    """SVG: correlation of two estimates against the models of each; dashed: predicted."""
    figure = Figure(figsize=(8.2, 4.2), layout="constrained")
    axis = figure.subplots()
    sizes, entries = [], []
    for name, label, kind in (("pearson", "scores of two halves", "vanilla"),
                              ("spearman", "ranks of two halves", "rum_f")):
        points = [(p["models"] / 2, p[f"split_half_{name}"]) for p in summary["reliability_curve"]
                  if _is_number(p[f"split_half_{name}"])]
        sizes += [size for size, _ in points]
        entries += axis.plot(*zip(*points, strict=True) if points else ((), ()), "o-",
                             label=label, color=figures.COLORS[kind], clip_on=False)
    half, expected = summary["split_half_pearson"], summary["reliability_wanted"]
    if _is_number(half) and half > 0:
        size, ratio = summary["models"] / 2, np.geomspace(1, 16, 50)
        sizes += [16 * size]
        entries += axis.plot(size * ratio, ratio * half / (1 + (ratio - 1) * half), "--",
                             color=figures.COLORS["vanilla"],
                             label="scores, predicted (Spearman-Brown)")
    entries.append(axis.axhline(expected, color=figures.COLORS["rum"], lw=1, ls=":",
                                label=f"aimed at: {expected:g}"))
    if sizes:
        axis.set_xscale("log", base=2)
        axis.set_xlim(min(sizes) / 1.1, max(sizes) * 1.1)
        figures.logarithmic(axis.xaxis)
    else:
        axis.annotate("not defined for any number of models", (0.5, 0.5), ha="center",
                      xycoords="axes fraction")
        axis.set_xticks([])
    low = min([0.0, *(value for line in entries[:2] for value in line.get_ydata())])
    axis.set_ylim(low if low == 0 else 1.1 * low, 1)
    axis.set_xlabel("models of each estimate (logarithmic)")
    axis.set_ylabel("correlation of two estimates")
    axis.grid()
    figures.legend(figure, entries, width=3.4)
    return figures.svg(figure)


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
