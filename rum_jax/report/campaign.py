"""The report of a campaign: scores, how reliable they are, and what they took."""

import math
import pathlib

import numpy as np
from matplotlib.figure import Figure

from rum_jax import records
from rum_jax.report import figures
from rum_jax.report.gallery import memorization_gallery
from rum_jax.report.page import render_campaign
from rum_jax.stages.alone import Results


def write(results: Results, folder: pathlib.Path) -> None:
    """Writes report.html, its figures and reliability.csv into a folder."""
    scores, summary = results.scores, results.summary
    drawn = {"memorization.png": figures.memorization_histogram(scores["memorization"],
                                                                scores["planted_noise"]),
             "reliability.png": reliability(summary),
             "examples.png": memorization_gallery(results.site.dataset, scores["memorization"])}
    for name, content in drawn.items():
        records.write_bytes(folder / name, content)
    curve = summary["reliability_curve"]
    records.write_csv(folder / "reliability.csv", list(curve[0]),
                      [list(point.values()) for point in curve])
    config = results.site.config.to_dict()
    html = render_campaign(summary, results.cost, findings(summary, results.cost), drawn, config)
    records.write_bytes(folder / "report.html", html.encode())


def text(results: dict, workdir: str) -> str:
    """What the command prints: findings, and where the files are."""
    return "\n".join(["", *findings(results["memorization"], results["cost"]), "",
                      f"{workdir}/memorization.npz", f"{workdir}/report.html"])


def findings(summary: dict, cost: dict) -> list[str]:
    """Sentences made from the numbers."""
    models, auroc = summary["models"], summary["planted_noise_auroc"]
    said = [f"{models:,} models, each with {summary['mean_test_accuracy']:.1%} test accuracy on "
            f"average; {cost['seconds_per_model']:.3g} s of a worker for each."]
    if auroc is not None:
        said.append(f"Memorization finds the {summary['planted_noise_examples']} examples with "
                    f"planted label noise with AUROC {auroc:.3f}.")
    said.append(_reliability(summary))
    if summary["unknown_examples"]:
        said.append(f"{summary['unknown_examples']} examples were in, or out of, the training "
                    "set of every model: their memorization is NaN.")
    return said


def _reliability(summary: dict) -> str:
    half, wanted, needed = (summary[name] for name in (
        "split_half_pearson", "reliability_wanted", "models_needed"))
    if half is None or needed is None or not (math.isfinite(half) and math.isfinite(needed)):
        return "The two halves of the models do not agree: reliability is not known."
    there = "are enough" if needed <= summary["models"] else "would be needed"
    return (f"Scores of the two halves of the models correlate by {half:.3f} (ranks: "
            f"{summary['split_half_spearman']:.3f}); those of two campaigns of this size would by "
            f"{summary['reliability']:.3f}. For {wanted:g}, {math.ceil(needed):,} models {there}.")


def reliability(summary: dict) -> bytes:
    """PNG: correlation of two estimates against the models of each; dashed: predicted."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    for name, label, color in (("pearson", "scores of two halves", "vanilla"),
                               ("spearman", "ranks of two halves", "rum_f")):
        points = [(p["models"] / 2, p[f"split_half_{name}"]) for p in summary["reliability_curve"]
                  if math.isfinite(p[f"split_half_{name}"])]
        axis.plot(*zip(*points, strict=True) if points else ((), ()), "o-", label=label,
                  color=figures.COLORS[color])
    if summary["split_half_pearson"] > 0:
        half, size = summary["split_half_pearson"], summary["models"] / 2
        ratio = np.geomspace(1, 16, 50)
        axis.plot(size * ratio, ratio * half / (1 + (ratio - 1) * half), "--",
                  color=figures.COLORS["vanilla"], label="scores, predicted (Spearman-Brown)")
        axis.axhline(summary["reliability_wanted"], color=figures.COLORS["rum"], lw=0.8,
                     label=f"wanted: {summary['reliability_wanted']:g}")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_ylim(min(0, axis.get_ylim()[0]), 1)
    axis.set_xlabel("models of each estimate")
    axis.set_ylabel("correlation of two estimates")
    axis.legend(frameon=False, loc="lower right")
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    return figures.png(figure)
