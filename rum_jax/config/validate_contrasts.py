"""Checks of the contrasts of a study over replicates: cells, metrics and measures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.claims.cells import (
    DIFFERENCE,
    INTERACTION,
    SLOPE,
    UNCOVERED,
    cell_faults,
    cells_of,
    part_of,
    rows_meant,
)
from rum_jax.config.validate_tuning import searched
from rum_jax.core.checks import shortened, similar
from rum_jax.evaluate import COMPARISONS, REQUIRED
from rum_jax.evaluate.subset_measures import MEASURES
from rum_jax.rum.row_spec import REFERENCES, STEPS, VANILLA, options_of, parse

MOST_CELLS = 5      # whose faults are listed one by one; one cause may be that of all cells
# Metrics that every row of a study over replicates has besides those that are configured.
ALWAYS = ("seconds", "example_gradients", "optimizer_steps", "forget_frequency_agreement",
          "score_gradients")
RESIDUAL = "residual_memorization"
UNCOVERED_METRICS = tuple(f"{UNCOVERED}{measure}" for measure in MEASURES)


def contrast_faults(config: Mapping[str, Any],
                    studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """What is wrong with the contrasts.

    Args:
      config: whose contrasts are sound field by field.
      studies: part -> its study of the first replicate.
    """
    rows = {part: [*REFERENCES, *study.rows] for part, study in studies.items()}
    scored = searched(config, studies)
    of_cells = [f"{field} {fault}" for field, text in cells_of(config["contrasts"])
                for fault in cell_faults(text, rows, scored)]
    yield from of_cells[:MOST_CELLS]
    if len(of_cells) > MOST_CELLS:
        yield (f"config.contrasts: {len(of_cells) - MOST_CELLS} more cells have faults of this "
               "kind; allowed: cells of the parts and rows of this config")
    for name, given in config["contrasts"].items():
        field = f"config.contrasts.{name}"
        yield from _measure_faults(field, given)
        yield from _slope_faults(field, given, studies)
        yield from _condition_faults(name, config["contrasts"])
        yield from _metric_faults(field, given, studies)
    yield from _repeated_faults(config["contrasts"])


def _slope_faults(field: str, given: Mapping[str, Any],
                  studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """A slope is over parts with a forget set each, none of which is that of another."""
    parts = [part for part in map(part_of, given["first"]) if part in studies]
    if given["measure"] != SLOPE or len(parts) < 2:
        return
    several = [part for part in parts if len(studies[part].forget.sets) > 1]
    if several:
        yield (f"{field}.first: has {several[0]}, which has several forget sets; allowed with "
               f"measure={SLOPE}: parts with one, whose entanglement score the values are put "
               "against")
    for number, part in enumerate(parts):
        same = [other for other in parts[:number]
                if studies[other].forget == studies[part].forget]
        if same:
            yield (f"{field}.first: has {same[0]} and {part}, whose forget sets are the same; "
                   f"allowed with measure={SLOPE}: parts whose forget sets differ")
            return


def _metric_faults(field: str, given: Mapping[str, Any],
                   studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """Metrics that the parts do not have, or the rows that a contrast names."""
    known = _metrics([studies[part] for part in _parts(given) if part in studies])
    for metric in given["metrics"]:
        if known and metric not in known:
            yield (f"{field}.metrics: has {metric}; known in its parts: "
                   f"{', '.join(known)}{similar(metric, known)}")
        elif known and metric.startswith(UNCOVERED):
            untraced = [text for text in (*given["first"], *given["second"])
                        if part_of(text) in studies
                        and not _has_trace(text, studies[part_of(text)])]
            if untraced:
                yield (f"{field}.metrics: has {metric}, which {untraced[0]} does not have; "
                       f"allowed: cells of rows of subsets with steps={STEPS[0]}")


def _has_trace(text: str, study: ConfigDict) -> bool:
    """Whether all rows that a cell may mean unlearn one subset after another."""
    return all(row not in REFERENCES and parse(row).kind != VANILLA
               and options_of(study, row)["steps"] == STEPS[0]
               for row in rows_meant(text, [*REFERENCES, *study.rows]))


def _repeated_faults(contrasts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Contrasts that are the same, or whose names are when metrics are added to them."""
    metrics = {(name, metric): f"{name}, {metric}" if len(given["metrics"]) > 1 else name
               for name, given in contrasts.items() for metric in given["metrics"]}
    first = {full: name for (name, _), full in reversed(metrics.items())}
    for (name, metric), full in metrics.items():
        if first[full] != name:
            yield (f"config.contrasts.{name}: is what the contrast {first[full]} is called with "
                   f"its metric {metric}; allowed: another name")
    seen: dict[str, str] = {}
    for name, given in contrasts.items():
        content = repr({**given, "claim": ""})
        if content in seen:
            yield (f"config.contrasts.{name}: compares the same as {seen[content]} in the same "
                   "family; allowed: once, as the tests of a family are corrected for each other")
        seen.setdefault(content, name)


def _parts(given: Mapping[str, Any]) -> set[str]:
    """Parts that a contrast names."""
    return {part_of(text) for text in (*given["first"], *given["second"])}


def _metrics(studies: Sequence[ConfigDict]) -> list[str]:
    """Metrics that all of some parts have."""
    known = [[*REQUIRED, *COMPARISONS, *study.metrics, *ALWAYS,
              *(_uncovered(study) if study.trace else ())] for study in studies]
    return [name for name in known[0] if all(name in names for names in known)] if known else []


def _condition_faults(name: str, contrasts: Mapping[str, Any]) -> Iterator[str]:
    """A contrast is decided only if another one is, of the same metrics, that is always decided."""
    condition = contrasts[name].get("only_if", "")
    if not condition:
        return
    field, others = f"config.contrasts.{name}.only_if", [
        other for other, given in contrasts.items() if other != name and not given.get("only_if")]
    if condition not in others:
        yield (f"{field}: is {shortened(condition)}; allowed: another contrast without only_if, of "
               f"{', '.join(others) or 'none'}{similar(condition, others)}")
        return
    missing = [metric for metric in contrasts[name]["metrics"]
               if metric not in contrasts[condition]["metrics"]]
    if missing:
        yield (f"{field}: is {shortened(condition)}, which does not have the metric "
               f"{', '.join(missing)}; allowed: a contrast with all of this one's")


def _uncovered(study: ConfigDict) -> list[str]:
    """Metrics of traces; those of memorization only where there are models for it."""
    return [metric for metric in UNCOVERED_METRICS if study.campaign.models
            or metric != f"{UNCOVERED}{RESIDUAL}"]


def _measure_faults(field: str, given: Mapping[str, Any]) -> Iterator[str]:
    first, second = len(given["first"]), len(given["second"])
    sides = given["first"], given["second"]
    ends = [(side[0], side[-1]) for side in sides if side]
    if (given["measure"] == DIFFERENCE and sorted(sides[0]) == sorted(sides[1])) or (
            given["measure"] == INTERACTION and (len({*ends}) == 1 or all(
                low == high for low, high in ends))):
        yield (f"{field}: compares {', '.join(sides[0])} with the same; allowed: cells that "
               "differ")
    if given["measure"] == SLOPE and (first < 2 or second):
        yield (f"{field}.first: has {first} cell(s) and second {second}; allowed with "
               f"measure={SLOPE}: at least 2, and none in second")
    if given["measure"] == INTERACTION and (first < 2 or second < 2):
        yield (f"{field}.first: has {first} cell(s) and second {second}; allowed with "
               f"measure={INTERACTION}: at least 2 each")
