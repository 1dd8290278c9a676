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
        "split_half_spearman", "reliability_wanted", "models_needed"))
    if half is None or needed is None or not (math.isfinite(half) and math.isfinite(needed)):
        return "The two halves of the models do not agree: reliability is not known."
    there = "are enough" if needed <= summary["models"] else "would be needed"
    return (f"Split-half Spearman {half:.3f}; two such estimates with all models would correlate "
            f"by {summary['reliability']:.3f}. For {wanted:g}, {math.ceil(needed):,} models "
            f"{there}.")


def reliability(summary: dict) -> bytes:
    """PNG: rank correlation of two estimates against the models of each; dashed: predicted."""
    figure = Figure(figsize=(7, 3.2), layout="constrained")
    axis = figure.subplots()
    curve = [point for point in summary["reliability_curve"]
             if math.isfinite(point["split_half_spearman"])]
    axis.plot([p["models"] / 2 for p in curve], [p["split_half_spearman"] for p in curve], "o-",
              color=figures.COLORS["vanilla"], label="measured with halves of the models")
    if curve and summary["split_half_spearman"] > 0:
        half, size = summary["split_half_spearman"], summary["models"] / 2
        more = size * np.geomspace(1, 16, 50)
        ratio = more / size
        axis.plot(more, ratio * half / (1 + (ratio - 1) * half), "--",
                  color=figures.COLORS["reference"], label="predicted (Spearman-Brown)")
        axis.axhline(summary["reliability_wanted"], color=figures.COLORS["rum"], lw=0.8,
                     label=f"wanted: {summary['reliability_wanted']:g}")
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_ylim(min(0, axis.get_ylim()[0]), 1)
    axis.set_xlabel("models of each estimate")
    axis.set_ylabel("Spearman of two estimates")
    axis.legend(frameon=False, loc="lower right")
    axis.grid(alpha=0.3)
    axis.spines[["top", "right"]].set_visible(False)
    return figures.png(figure)
