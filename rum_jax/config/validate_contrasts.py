"""Checks of the contrasts of a study over replicates: cells, metrics and measures."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.claims.cells import (
    INTERACTION,
    SLOPE,
    UNCOVERED,
    cell_faults,
    cells_of,
    part_of,
)
from rum_jax.core.checks import similar
from rum_jax.evaluate import COMPARISONS, REQUIRED
from rum_jax.evaluate.subset_measures import MEASURES
from rum_jax.rum.row_spec import REFERENCES

# Metrics that every row of a study over replicates has besides those that are configured.
ALWAYS = ("seconds", "example_gradients", "optimizer_steps", "forget_frequency_agreement")
UNCOVERED_METRICS = tuple(f"{UNCOVERED}{measure}" for measure in MEASURES)


def contrast_faults(config: Mapping[str, Any],
                    studies: Mapping[str, ConfigDict]) -> Iterator[str]:
    """What is wrong with the contrasts.

    Args:
      config: whose contrasts are sound field by field.
      studies: part -> its study of the first replicate.
    """
    rows = {part: [*REFERENCES, *study.rows] for part, study in studies.items()}
    tuning = config["tuning"]
    tuned = [part for part in studies if tuning["replicates"] and part not in tuning["like"]]
    for field, text in cells_of(config["contrasts"]):
        for fault in cell_faults(text, rows, tuned):
            yield f"{field} {fault}"
    for name, given in config["contrasts"].items():
        yield from _measure_faults(f"config.contrasts.{name}", given)
        several = [part for part in sorted(_parts(given) & set(studies))
                   if len(studies[part].forget.sets) > 1]
        if given["measure"] == SLOPE and several:
            yield (f"config.contrasts.{name}.first: has {several[0]}, which has several forget "
                   f"sets; allowed with measure={SLOPE}: parts with one, whose entanglement score "
                   "the values are put against")
        known = _metrics([studies[part] for part in _parts(given) if part in studies])
        for metric in given["metrics"]:
            if known and metric not in known:
                yield (f"config.contrasts.{name}.metrics: has {metric}; known in its parts: "
                       f"{', '.join(known)}{similar(metric, known)}")


def _parts(given: Mapping[str, Any]) -> set[str]:
    """Parts that a contrast names."""
    return {part_of(text) for text in (*given["first"], *given["second"])}


def _metrics(studies: Sequence[ConfigDict]) -> list[str]:
    """Metrics that all of some parts have."""
    known = [[*REQUIRED, *COMPARISONS, *study.metrics, *ALWAYS,
              *(UNCOVERED_METRICS if study.trace else ())] for study in studies]
    return [name for name in known[0] if all(name in names for names in known)] if known else []


def _measure_faults(field: str, given: Mapping[str, Any]) -> Iterator[str]:
    first, second = len(given["first"]), len(given["second"])
    if given["measure"] == SLOPE and (first < 2 or second):
        yield (f"{field}.first: has {first} cell(s) and second {second}; allowed with "
               f"measure={SLOPE}: at least 2, and none in second")
    if given["measure"] == INTERACTION and (first < 2 or second < 2):
        yield (f"{field}.first: has {first} cell(s) and second {second}; allowed with "
               f"measure={INTERACTION}: at least 2 each")
