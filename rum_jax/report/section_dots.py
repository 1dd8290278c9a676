"""Figures of sections that compare ways of doing the same: dots with intervals."""

from collections.abc import Mapping

from rum_jax.report.dots import UNIT, rows_axes, two_measures
from rum_jax.report.figures import (
    COLORS,
    dashed,
    estimate,
    grid,
    handles,
    is_known,
    legend,
    limits,
    numbers,
    styled,
    svg,
)
from rum_jax.report.labels import label


@styled
def chains(algorithms: list[dict], metrics: tuple[str, str] = ("tow", "tow_mia")) -> bytes:
    """SVG: two forms of ToW of each way, a panel for each algorithm, see `chains.assemble`."""
    shown = []
    most = max(len(algorithm["ways"]) for algorithm in algorithms)
    figure, axes = grid(len(algorithms), 3, (4.3, 1.0 + 0.5 * most), (0, 0.7), sharex=True)
    measures = two_measures(metrics, 0.2)
    for axis, algorithm in zip(axes.ravel(), algorithms, strict=False):
        ways = algorithm["ways"]
        for metric, (shift, color, _) in measures.items():
            for place, way in enumerate(ways):
                estimate(axis, place + shift, way[metric], color, bounds=UNIT, apart=0.14)
            shown += numbers((way[metric] for way in ways), UNIT)
            axis.axvline(ways[0][metric]["mean"], color=color, ls="--", lw=1)
        axis.set_yticks(range(len(ways)), [label(way["way"], 16) for way in ways])
        axis.set_ylim(len(ways) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
        axis.set_title(label(algorithm["algorithm"], 32))
        axis.grid(axis="x")
    axes[0, 0].set_xlim(*limits(shown, UNIT))
    figure.supxlabel("closeness to retraining (1: as retrained)")
    legend(figure, [*(dashed(words, "-", color) for _, color, words in measures.values()),
                    *handles((), seeds=True), dashed("mean of one-shot")], width=2.2)
    return svg(figure)


@styled
def proxies(proxies: list[dict], others: Mapping[str, dict], memorization: str,
            control: str) -> bytes | None:
    """SVG: Spearman, AUROC and ToW of each score; None: none of them is known.

    Args:
      proxies: see `proxies.assemble`.
      others: score -> `tow` and `tow_stratified` of RUM by it.
      memorization, control: names of those two scores.
    """
    panels = {"spearman": ("Spearman with memorization", "rank correlation", (-1.0, 1.0)),
              "injected_noise_auroc": ("AUROC, injected noise", "area under the curve", UNIT),
              "tow": ("ToW of RUM refined by it", "ToW (1: as retrained)", UNIT),
              "tow_stratified": ("stratified ToW of RUM", "ToW, stratified", UNIT)}
    kind = {memorization: "rum", control: "control"}
    scores = [*proxies, *({"proxy": name, **values} for name, values in others.items())]
    shown = {name: panel for name, panel in panels.items()
             if any(is_known(score.get(name)) for score in scores)}
    if not shown:
        return None
    figure, axes = rows_axes([score["proxy"] for score in scores], len(shown), 3.4)
    for axis, (name, (title, words, bounds)) in zip(axes, shown.items(), strict=True):
        for place, score in enumerate(scores):
            color = COLORS[kind.get(score["proxy"], "vanilla")]
            estimate(axis, place, score.get(name), color, bounds=bounds)
        axis.set_xlim(*limits(numbers((score.get(name) for score in scores), bounds), bounds))
        axis.set_title(title)
        axis.set_xlabel(words)
    kinds = {"rum": "memorization", "vanilla": "proxies and other scores",
             "control": "random subsets (control)"}
    legend(figure, [*(dashed(words, "-", COLORS[key]) for key, words in kinds.items()
                      if any(kind.get(score["proxy"], "vanilla") == key for score in scores)),
                    *handles((), seeds=True)])
    return svg(figure)
