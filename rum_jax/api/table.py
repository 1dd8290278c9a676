"""How models compare with retraining: a table to print, to read on, and to show in a notebook."""

import dataclasses
import html
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np

from rum_jax.api.models import Models, originals
from rum_jax.api.problem import Problem
from rum_jax.api.scores import Scores, values_of
from rum_jax.core import plugins
from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.evaluate import METRICS, Measured, compare
from rum_jax.evaluate import evaluate as measure
from rum_jax.evaluate.interval import summary
from rum_jax.evaluate.reference import (
    THIRDS,
    Values,
    mean_confidence,
    mean_of,
    mean_of_others,
    with_strata,
)
from rum_jax.evaluate.view import View
from rum_jax.refine.by_score import cut

ORIGINAL, ORACLE = "original", "retrain"
FIRST = ("tow_stratified", "tow_mia_stratified", "tow", "tow_mia", "forget_accuracy",
         "retain_accuracy", "test_accuracy", "mia")
COST = "cost_retrainings"


@dataclasses.dataclass(frozen=True)
class Cell:
    """A value over seeds.

    Attributes:
      mean: over M seeds.
      ci95: half of the 95% t-interval over seeds; None of one seed.
      per_seed: float[M].
    """

    mean: float
    ci95: float | None
    per_seed: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + ("" if self.ci95 is None else f" ± {self.ci95:.3f}")


@dataclasses.dataclass(frozen=True, eq=False)
class Table:
    """One row for each method: means over its seeds, with 95% t-intervals over seeds.

    Attributes:
      rows: method -> column -> cell.
      columns: in their order.
      caption: what the intervals are over.
    """

    rows: dict[str, dict[str, Cell]]
    columns: tuple[str, ...]
    caption: str

    def __str__(self) -> str:
        lines = [["", *self.columns], *([name, *(str(row[column]) for column in self.columns)]
                                        for name, row in self.rows.items())]
        widths = [max(len(line[k]) for line in lines) for k in range(len(lines[0]))]
        text = ["  ".join(cell.ljust(width) if k == 0 else cell.rjust(width)
                          for k, (cell, width) in enumerate(zip(line, widths, strict=True)))
                for line in lines]
        return "\n".join([*text, self.caption])

    __repr__ = __str__

    def to_pandas(self) -> Any:
        """A pandas.DataFrame of means, and half intervals in columns that end in _ci95."""
        import pandas as pd

        return pd.DataFrame({name: {key: value for column in self.columns for key, value in (
            (column, row[column].mean), (f"{column}_ci95", row[column].ci95))}
            for name, row in self.rows.items()}).T.astype(float)

    def to_html(self) -> str:
        """The table as HTML; notebooks show it by themselves."""
        head = "".join(f"<th>{html.escape(column)}</th>" for column in self.columns)
        body = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th>" + "".join(
                f"<td style='white-space:nowrap'>{html.escape(str(row[column]))}</td>"
                for column in self.columns) + "</tr>"
            for name, row in self.rows.items())
        return (f"<div style='overflow-x:auto'><table><caption>{html.escape(self.caption)}"
                f"</caption><thead><tr><th></th>{head}</tr></thead><tbody>{body}</tbody></table>"
                "</div>")

    _repr_html_ = to_html


def evaluate(methods: Mapping[str, Models], oracle: Models, metrics: Sequence[str] = (), *,
             strata: Scores | np.ndarray | None = None) -> Table:
    """Compares models with models that were retrained without the forget set.

    Every model is compared with the mean of all oracles, an oracle with the mean of the others.
    Metrics of pairs, such as test_kl, are those with the oracle of the same place, for oracles with
    the next one. The row "original" has the models that the first method started from.

    Args:
      methods: name of a row -> models, of the same problem; the given models and the oracles are
        added as the rows "original" and "retrain".
      oracle: what `rum.retrain(problem)` gives.
      metrics: more columns, keys of `rum.METRICS` or "my_file.py:function".
      strata: scores whose thirds of the forget set are the strata of stratified scores; None: the
        oracles' confidence.

    Raises:
      InputError: models of another problem, an unknown metric, or no test set.
    """
    if not isinstance(oracle, Models):
        raise InputError(f"oracle: is {type(oracle).__name__}; allowed: what rum.retrain(problem) "
                         "gives")
    if not isinstance(methods, Mapping) or isinstance(metrics, str):
        what = "methods" if not isinstance(methods, Mapping) else "metrics"
        raise InputError(f"{what}: is {shortened(methods if what == 'methods' else metrics)}; "
                         "allowed: a dictionary of names and models, a sequence of metrics")
    rows = dict(methods)
    if taken := [name for name in (ORIGINAL, ORACLE) if name in rows]:
        raise InputError(f"methods: has {taken[0]!r}; allowed: another name, as the table has that "
                         "row by itself")
    problem = next((models.problem for models in rows.values() if isinstance(models, Models)),
                   oracle.problem)
    for name, models in rows.items():
        if not isinstance(models, Models) or not models.problem.is_like(oracle.problem):
            raise InputError(f"methods: {name!r} is {shortened(models)}; allowed: models that were "
                             "made for the same problem as the oracle")
    unknown = [name for name in metrics if name not in METRICS and not plugins.is_reference(name)]
    if unknown:
        raise InputError(f"metrics: has {unknown[0]!r}; known: {', '.join(sorted(METRICS))}; or "
                         "my_file.py:function")
    by = None if strata is None else values_of(strata, len(problem.train))[problem.forget]
    judge = _Judge(problem, oracle, tuple(metrics), by)
    given = {ORIGINAL: originals(problem)} if problem.has_models else {}
    table = {name: judge.row(models) for name, models in {**given, ORACLE: oracle, **rows}.items()}
    columns = (*FIRST, *(() if not len(problem.validation) else ("validation_accuracy",)),
               *metrics, COST)
    caption = (f"mean ± half of the 95% t-interval over seeds, where a row has several; "
               f"{len(problem.forget)} examples to "
               f"forget, {len(problem.retain)} to retain, {len(problem.test)} of the test set; "
               f"compared with the mean of {len(oracle)} oracle(s)")
    return Table({name: {column: row[column] for column in columns}
                  for name, row in table.items()}, columns, caption)


class _Judge:
    """What all rows are compared with."""

    def __init__(self, problem: Problem, oracle: Models, metrics: tuple[str, ...],
                 by: np.ndarray | None) -> None:
        self.problem, self.metrics, self.parts = problem, metrics, problem.parts
        if not len(problem.validation):  # metrics of it are of the test set, and not shown
            self.parts = {**self.parts, "validation": self.parts["test"]}
        ties = generator(0, "tie", *b"strata").permutation(len(problem.labels))[problem.forget]
        scores = (mean_confidence(list(oracle.logits), problem.labels, problem.forget)
                  if by is None else by)
        self.strata = cut(scores, min(THIRDS, len(problem.forget)), ties, "strata")
        views = self._views(oracle)
        self.oracles = [(view.logits, self._values(self._measured(view, view))) for view in views]
        self.views, self.logits = views, oracle.logits
        self.retraining = oracle.example_gradients

    def _views(self, models: Models) -> list[View]:
        return [View(logits, self.problem.labels, self.parts, jax.tree.map(
            lambda leaf, m=m: np.asarray(leaf)[m], models.states.params))
            for m, logits in enumerate(models.logits)]

    def _measured(self, view: View, oracle: View) -> dict[str, Measured]:
        return measure(view, oracle, self.metrics)

    def _values(self, metrics: Mapping[str, Measured]) -> Values:
        return with_strata(metrics, self.strata)

    def row(self, models: Models) -> dict[str, Cell]:
        """Every column of some models."""
        own = np.array_equal(models.logits, self.logits)  # an oracle's pair is the next oracle
        judged: list[dict[str, float]] = []
        for m, view in enumerate(self._views(models)):
            metrics = self._measured(view, self.views[(m + own) % len(self.views)])
            values = self._values(metrics)
            expected = (mean_of_others(view.logits, self.oracles)
                        or mean_of([values for _, values in self.oracles]))
            judged.append({**{name: metric.value for name, metric in metrics.items()},
                           **compare(values, expected),
                           COST: models.example_gradients / self.retraining})
        return {name: _cell([values[name] for values in judged]) for name in judged[0]}


def _cell(values: Sequence[float]) -> Cell:
    if len(values) == 1:
        return Cell(float(values[0]), None, (float(values[0]),))
    summed = summary(values)
    return Cell(summed["mean"], summed["ci95"], tuple(summed["per_seed"]))
