"""The page and the figure of benchmarks/leave_one_out.py."""

import numpy as np
from agreement import NORMAL
from matplotlib.figure import Figure

from rum_jax.report.figures import COLORS, INJECTED, png

NAMES = {"estimate": "subset estimate", "same_size": "leave-one-out, same size",
         "whole": "leave-one-out, whole set"}

PAGE = """# Memorization from random subsets against leave-one-out

`{command}`, {started}, {cpus} {cpu} cores, jax {jax}.

A campaign trains its models on random subsets with {percent:.0f}% of the {train} training examples
and estimates memorization as the share of models that are right on an example among those trained
with it, minus that share among those trained without. Leave-one-out measures it with models on a
set that has the example and models on the same set without it. On random subsets of the size of
the campaign's ({same_size[0]} models with and {same_size[1]} without each example) it is what the
estimate estimates; on the whole training set ({whole[0]} with, {whole[1]} without) it is the
definition. What the two differ by is the bias of training on {percent:.0f}%. Models that have an
example are shared by all examples. No model here shares a random number with the campaign's.

{examples} examples, chosen before any of this was trained, evenly over the ranks of {chooser}.
Ranked were the {candidates} of {train} examples for which it is {least:g} or more; of the others,
typical examples, it is 0 or nearly so. {injected} of the chosen have injected label noise.

| difference | mean ± error | z in 1, 2, 3 | chi-square, p | rms, expected | Pearson | Spearman |
|---|---|---|---|---|---|---|
{comparisons}

The error of the mean is from the spread over the examples. z is a difference divided by its own
error; of {examples} with no true difference {normal} are expected within 1, 2 and 3. Errors are
plus-four errors (Agresti and Caffo, 2000: one more model right and one more wrong in each share),
as the usual ones are 0 where all models agree; they are too large for shares near 0 and 1 and a
little too small near a half. The p-value takes examples as independent; those that share models
are nearly so.

AUROC of the subset estimate for all {noise} examples with injected label noise: {auroc}.

![Subset estimate and leave-one-out](leave_one_out.png)

Memorization ± plus-four error, and in parentheses how many models are right of those with and of
those without the example:

{table}
"""


def _cell(value: dict) -> str:
    return (f"{value['memorization']:.2f} ± {value['error']:.2f} ({value['hits_in']}/"
            f"{value['times_in']}, {value['hits_out']}/{value['times_out']})")


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _name(results: dict, key: str) -> str:
    fractions = results["other_fractions"]
    return NAMES[key] if key in NAMES else f"subset estimate, {100 * fractions[key]:.0f}%"


def _comparison(results: dict, row: dict) -> str:
    within = ", ".join(str(count) for count in row["within"].values())
    return (f"| {_name(results, row['first'])} - {_name(results, row['second'])} | "
            f"{row['mean_difference']:+.3f} ± {row['mean_difference_error']:.3f} | {within} | "
            f"{row['chi_square']:.1f}, {row['p_value']:.2g} | {row['rms_difference']:.3f}, "
            f"{row['rms_expected']:.3f} | {_number(row['pearson'])} | "
            f"{_number(row['spearman'])} |")


def _table(results: dict) -> str:
    keys = [*NAMES, *results["other_fractions"]]
    lines = ["| example | label | " + " | ".join(_name(results, key) for key in keys)
             + " | z, same size |", "|---" * (len(keys) + 3) + "|"]
    for example, z in zip(results["examples"], results["comparisons"][0]["z"], strict=True):
        label = f"{example['label']}{' (injected)' if example['injected_noise'] else ''}"
        lines.append(f"| `{example['id']}` | {label} | "
                     + " | ".join(_cell(example[key]) for key in keys) + f" | {z:+.1f} |")
    return "\n".join(lines)


def page(results: dict) -> str:
    """The content of leave_one_out.md, from that of leave_one_out.json."""
    origin, choice, count = results["provenance"], results["choice"], len(results["examples"])
    chooser = (f"another\nestimate, of {choice['pilot_models']} models that serve for nothing else"
               if choice["by"] == "pilot" else "the\nsubset estimate itself")
    return PAGE.format(
        command=" ".join(origin["command"]), started=origin["started"], cpus=origin["cpu_count"],
        cpu=origin["cpu"], jax=origin["versions"]["jax"],
        percent=100 * results["trained_like"]["subset_fraction"], train=choice["training_examples"],
        **results["models"], examples=count, chooser=chooser, candidates=choice["candidates"],
        least=choice["least"], injected=sum(e["injected_noise"] for e in results["examples"]),
        comparisons="\n".join(_comparison(results, row) for row in results["comparisons"]),
        normal=", ".join(f"{count * share:.1f}" for share in NORMAL.values()),
        noise=results["injected_noise"], auroc=_number(results["injected_noise_auroc"]),
        table=_table(results))


def figure(results: dict) -> bytes:
    """PNG: the subset estimate against leave-one-out in both settings, with their errors."""
    drawn = Figure(figsize=(8.4, 4.3), layout="constrained")
    injected = np.array([example["injected_noise"] for example in results["examples"]])
    for axis, key in zip(drawn.subplots(1, 2, sharex=True, sharey=True), ("same_size", "whole"),
                         strict=True):
        axis.plot([0, 1], [0, 1], color=COLORS["reference"], lw=0.8, ls="--", zorder=0)
        for chosen, color, label in ((~injected, COLORS["vanilla"], "published label"),
                                     (injected, INJECTED, "injected label noise")):
            rows = [e for e, included in zip(results["examples"], chosen, strict=True) if included]
            if not rows:
                continue
            axis.errorbar([e[key]["memorization"] for e in rows],
                          [e["estimate"]["memorization"] for e in rows],
                          xerr=[e[key]["error"] for e in rows],
                          yerr=[e["estimate"]["error"] for e in rows], fmt="o", ms=4, lw=0.8,
                          color=color, label=f"{label} ({len(rows)})")
        axis.set_xlabel(f"memorization: {NAMES[key]}")
        axis.set_aspect("equal")
        axis.spines[["top", "right"]].set_visible(False)
    drawn.axes[0].set_ylabel("memorization: subset estimate")
    drawn.axes[0].legend(frameon=False, fontsize=8)
    return png(drawn)
