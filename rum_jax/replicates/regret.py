"""Regret of Auto-RUM: by how much the best row on the same forget set is better than it."""

from typing import NamedTuple

import numpy as np

from rum_jax.claims.cells import Cell
from rum_jax.replicates.values import Values
from rum_jax.rum.row_spec import REFERENCES, RUM
from rum_jax.tuning.replicate import SCORED_BY


class Regret(NamedTuple):
    """The regret in one metric.

    Attributes:
      metric: one of those that the search maximized.
      best: the row with the best mean over these replicates; Auto-RUM's own where none is better.
      rows: how many rows of all parts have the same forget set, Auto-RUM's among them.
      values: float64[R,S], the best row's values minus Auto-RUM's, of each model seed.
    """

    metric: str
    best: Cell
    rows: int
    values: np.ndarray


def regrets(part: str, values: Values) -> list[Regret]:
    """The regret of the row `rum` of a part, in each metric that searches maximize.

    The best row is that of the replicates themselves, so that the regret is too high by what
    chance adds.
    """
    cells = [Cell(part, RUM), *(
        Cell(other, row) for other in values.studies if _sets(other, values) == _sets(part, values)
        for row in values.rows(other) if row not in REFERENCES and (other, row) != (part, RUM))]
    return [_regret(metric, cells, values) for metric in SCORED_BY]


def _sets(part: str, values: Values) -> list[tuple[str, int]]:
    """Name and size of the forget sets of a part."""
    return [(each["set"], each["size"]) for each in values.studies[part][0]["sets"]]


def _regret(metric: str, cells: list[Cell], values: Values) -> Regret:
    """Of the first cell, among all whose values are known."""
    known = {cell: table for cell in cells if np.isfinite(
        table := values.of_cell(cell, metric)).all() or cell == cells[0]}
    cells, tables = list(known), list(known.values())
    best = int(np.argmax([table.mean() for table in tables]))
    return Regret(metric, cells[best], len(cells), tables[best] - tables[0])
