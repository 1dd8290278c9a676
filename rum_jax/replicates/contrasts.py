"""The contrasts of a config, and their effects in each replicate and model seed.

A contrast has the fields

    claim      what is claimed, in words; several contrasts may belong to one claim
    family     contrasts whose tests are corrected together
    first      cells whose mean is compared ... (see `rum_jax/claims/cells.py`)
    second     ... with the mean of these; (): with 0
    measure    "difference" of the two, "slope" or "interaction", see below
    metrics    one contrast for each
    test, direction, margin   see `rum_jax/claims/contrast.py`
    only_if    name of another contrast, or none: this one is decided only where that is supported

The effect is the mean over `first` minus the mean over `second`. With measure "slope" it is the
least-squares slope of the first cells' values on the natural logarithm of the entanglement score
of their forget sets, relative to random sets of the same size. With measure "interaction" it is
the change from the first to the last cell of `first` minus that of `second`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.claims.cells import (
    DIFFERENCE,
    INTERACTION,
    SLOPE,
    UNCOVERED,
    Cell,
    TunedScores,
    name_order,
    resolved,
)
from rum_jax.claims.contrast import Contrast, Effect
from rum_jax.replicates.uncovered import uncovered
from rum_jax.replicates.values import Values

RATIO = "entanglement_score_ratio"


class Compared(NamedTuple):
    """A contrast and the cells that it compares."""

    contrast: Contrast
    measure: str
    first: tuple[Cell, ...]
    second: tuple[Cell, ...]


def stated(contrasts: Mapping[str, Mapping[str, Any]], rows: Mapping[str, Sequence[str]],
           scores: TunedScores) -> list[Compared]:
    """The contrasts of a config, with every `best(...)` replaced by the row that it means.

    Args:
      contrasts: that section of the config, checked.
      rows: part -> its rows.
      scores: of the search.
    """
    def full(name: str, metric: str) -> str:
        return f"{name}, {metric}" if len(contrasts[name]["metrics"]) > 1 else name

    return [Compared(Contrast(full(name, metric), given["claim"], given["family"], metric,
                              given["test"], given["direction"], given["margin"],
                              full(given["only_if"], metric) if given.get("only_if") else ""),
                     given["measure"],
                     *(tuple(resolved(text, rows, scores) for text in given[side])
                       for side in ("first", "second")))
            for name, given in sorted(
                contrasts.items(), key=lambda item: name_order(item[0]))
            for metric in given["metrics"]]


def effects(compared: Sequence[Compared], values: Values) -> list[Effect]:
    """The effect of each contrast, float64[R,S]."""
    return [Effect(each.contrast, _EFFECTS[each.measure](each, values)) for each in compared]


def _of_cells(cells: Sequence[Cell], metric: str, values: Values) -> np.ndarray:
    """float64[cells,R,S]."""
    if metric.startswith(UNCOVERED):
        return np.array([uncovered(values, cell, metric) for cell in cells])
    return np.array([values.of_cell(cell, metric) for cell in cells])


def _difference(each: Compared, values: Values) -> np.ndarray:
    first = _of_cells(each.first, each.contrast.metric, values).mean(0)
    second = _of_cells(each.second, each.contrast.metric, values)
    return first - second.mean(0) if len(second) else first


def _interaction(each: Compared, values: Values) -> np.ndarray:
    changes = [cells[-1] - cells[0] for side in (each.first, each.second)
               for cells in [_of_cells(side, each.contrast.metric, values)]]
    return changes[0] - changes[1]


def _slope(each: Compared, values: Values) -> np.ndarray:
    """The slope over cells, in each replicate and model seed."""
    table = _of_cells(each.first, each.contrast.metric, values)
    ratios = np.log([values.of_set(cell.part, RATIO) for cell in each.first])
    centered = ratios - ratios.mean(0)
    return (centered * (table - table.mean(0))).sum(0) / np.square(centered).sum(0)


_EFFECTS: dict[str, Callable[[Compared, Values], np.ndarray]] = {
    DIFFERENCE: _difference, SLOPE: _slope, INTERACTION: _interaction}
