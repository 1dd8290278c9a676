"""RUM against every other row, paired by seed: a pre-stated question, and other comparisons.

The question is whether RUM is better than one-shot unlearning, by `primary_metric`. Its tests form
one family: RUM against each one-shot row of each forget set. The answer compares RUM with the
one-shot row that has the highest ToW on validation data. As that row is selected from the tested
ones with the same models, only a correction over all of them controls the error rate of the answer.
All other comparisons are a second family.
"""

from collections.abc import Iterator, Sequence

from rum_jax.evaluate.hypothesis_tests import MARGIN, verdicts
from rum_jax.evaluate.interval import ROUNDING, paired_difference
from rum_jax.refine import SHUFFLED
from rum_jax.rum.row_spec import REFERENCE, RUM, STEPS, VANILLA
from rum_jax.unlearn import ALGORITHMS

METRICS = {"tow_stratified": "stratified ToW", "tow": "ToW",
           "tow_mia_stratified": "stratified ToW-MIA", "tow_mia": "ToW-MIA"}
VALIDATION = "validation_tow"
NO_METHOD = tuple(algorithm.name for algorithm in ALGORITHMS.values() if algorithm.is_baseline)


def primary_metric(rows: Sequence[dict]) -> str:
    """The measure of the question: the first of METRICS that all rows have."""
    return next(name for name in METRICS if all(name in row["metrics"] for row in rows))


def main_row(rows: Sequence[dict]) -> dict | None:
    """The row of RUM that the question is about: the first one whose subsets are refined.

    A row on random subsets, or one that merges its steps, is a control.
    """
    return next((row for row in rows if row["spec"]["kind"] == RUM
                 and row["spec"]["refinement"] != SHUFFLED
                 and row["spec"]["steps"] == STEPS[0]), None)


def one_shot(rows: Sequence[dict]) -> list[dict]:
    """Rows that unlearn the whole set at once."""
    return [row for row in rows if row["spec"]["kind"] == VANILLA
            and row["spec"]["algorithm"] not in NO_METHOD]


def best_by_validation(rows: Sequence[dict]) -> list[dict]:
    """Rows with the highest mean ToW on validation data, the one with the best result first.

    So what is said of the first one does not depend on the order of the rows, and RUM is compared
    with the one against which it does worst. [] where no row has a ToW on validation data.
    """
    known = [row for row in rows if VALIDATION in row["metrics"]]
    highest = max((row["metrics"][VALIDATION]["mean"] for row in known), default=0.0)
    tied = [row for row in known if row["metrics"][VALIDATION]["mean"] >= highest - ROUNDING]
    return sorted(tied, key=lambda row: (
        -row["metrics"][primary_metric(rows)]["mean"], row["name"]))


def compare(rows: Sequence[dict]) -> list[dict]:
    """RUM's `main_row` against every other row that unlearns, of every forget set.

    Args:
      rows: see `results.assemble`.

    Returns:
      A dict for each set, row and measure: `set`, `first`, `second`, `metric`, `difference` (see
      `paired_difference`), `primary` (whether it is in the family of the question), `verdict`
      (its word), `p_holm` and `text` of the test.
    """
    pairs = list(_pairs(rows))
    for is_primary in (True, False):
        family = [pair for pair in pairs if pair["primary"] == is_primary]
        for pair, test in zip(family, verdicts([pair["difference"] for pair in family], MARGIN),
                              strict=True):
            pair.update(verdict=test.word, p_holm=test.p, text=test.text)
    return pairs


def _pairs(rows: Sequence[dict]) -> Iterator[dict]:
    for name in dict.fromkeys(row["set"] for row in rows):
        of_set = [row for row in rows if row["set"] == name]
        first, candidates = main_row(of_set), [row["name"] for row in one_shot(of_set)]
        if first is None:
            continue
        for other in of_set:
            if other is first or other["spec"]["kind"] == REFERENCE:
                continue
            for metric in METRICS:
                values = [row["metrics"].get(metric) for row in (first, other)]
                if all(values):
                    yield {"set": name, "first": first["name"], "second": other["name"],
                           "metric": metric, "primary": metric == primary_metric(of_set)
                           and other["name"] in candidates,
                           "difference": paired_difference(
                               *(value["per_seed"] for value in values))}
