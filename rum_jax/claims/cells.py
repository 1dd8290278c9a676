"""Cells that contrasts compare: a row of a part of a study, in the text of a config.

A cell is `part/row`. In place of the row may stand `best(<pattern>)`: of the searched rows that
match the pattern (`vanilla:*`, where `*` and `?` stand for any text and letter), the one that the
search on other data seeds found best for this part; and `best(<pattern>; <part>, <part>)`, the one
that is best on average over those parts. So what is compared is decided before any replicate is
run.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.core.checks import shortened, similar

_BEST = re.compile(r"best\(([^;()]+)(?:;([^()]+))?\)")
_PATTERN = re.compile(r"([^/]+)/(.+)")

# How the cells of a contrast make its effect, see `rum_jax/replicates/contrasts.py`.
DIFFERENCE, SLOPE, INTERACTION = "difference", "slope", "interaction"
UNCOVERED = "uncovered_"  # prefix of metrics of rows that were traced

# Part -> row -> the score of what the search chose for it, on data seeds of its own.
TunedScores = Mapping[str, Mapping[str, float]]


class Cell(NamedTuple):
    """A row of a part, whose values are compared: written `part/row`."""

    part: str
    row: str


def name_order(name: str) -> list[tuple[int, int, str]]:
    """Sort key of a contrast's name: numbers in it by their size, as a config sorts by letters."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part)
            for part in re.split(r"(\d+)", name) if part]


def resolved(text: str, rows: Mapping[str, Sequence[str]], scores: TunedScores) -> Cell:
    """The cell that a text means; of rows with equal scores the first.

    Args:
      text: of the cell, without faults.
      rows: part -> its rows.
      scores: of the search.
    """
    part, pattern = _split(text)
    best = _BEST.fullmatch(pattern)
    if not best:
        return Cell(part, pattern)
    parts = _parts(best, part)
    candidates = [row for row in _matching(best, rows[part])
                  if all(row in scores[name] for name in parts)]
    return Cell(part, max(candidates, key=lambda row: np.mean(
        [scores[name][row] for name in parts])))


def part_of(text: str) -> str:
    """The part that a cell names, known or not."""
    return _split(text)[0]


def rows_meant(text: str, rows: Sequence[str]) -> list[str]:
    """Rows of a part, of those given, that a cell of it may mean."""
    pattern = _split(text)[1]
    best = _BEST.fullmatch(pattern)
    return _matching(best, rows) if best else [row for row in rows if row == pattern]


def _matching(best: re.Match[str], rows: Sequence[str]) -> list[str]:
    return fnmatch.filter(rows, best[1].strip().replace("[", "[[]"))


def _split(text: str) -> tuple[str, str]:
    match = _PATTERN.fullmatch(text)
    return (match[1].strip(), match[2].strip()) if match else (text, "")


def _parts(best: re.Match[str], part: str) -> list[str]:
    return [name.strip() for name in best[2].split(",")] if best[2] else [part]


def cell_faults(text: str, rows: Mapping[str, Sequence[str]],
                searched: Mapping[str, Sequence[str]]) -> list[str]:
    """What is wrong with a cell.

    Args:
      text: of the cell.
      rows: part -> its rows, original, retrain and retrain_again included.
      searched: part -> those of its rows that a search scores; only parts that are searched.
    """
    part, pattern = _split(text)
    if part not in rows:
        return [f"is {shortened(text)}; allowed: part/row with one of the parts "
                f"{', '.join(rows)}{similar(part, rows)}"]
    best = _BEST.fullmatch(pattern)
    if not best:
        return [] if pattern in rows[part] else [
            f"is {shortened(text)}; allowed: one of the rows of {part}, "
            f"{', '.join(rows[part])}{similar(pattern, rows[part])}"]
    faults = [f"is {shortened(text)}, but {name or 'an empty name'} is no part whose rows are "
              "searched; allowed: parts that are, with config.tuning.replicates and without "
              "config.tuning.like"
              for name in _parts(best, part) if name not in searched]
    of_all = [row for row in rows[part]
              if all(row in searched.get(name, [row]) for name in _parts(best, part))]
    if not _matching(best, of_all):
        faults.append(f"is {shortened(text)}, and no row of {part} that is searched is like that; "
                      f"allowed: a pattern of one of {', '.join(of_all) or 'none'}")
    return faults


def cells_of(contrasts: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(field, text) of every cell that a config's contrasts name."""
    for name, given in contrasts.items():
        for side in ("first", "second"):
            for number, text in enumerate(given[side]):
                yield f"config.contrasts.{name}.{side}: [{number}]", text
