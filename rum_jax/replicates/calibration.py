"""How often the tests of a study would err, from studies simulated of its own values.

In a null study rows differ by model seeds only; in the others a constant is added to the effect of
every contrast. See `rum_jax/claims/simulate.py` for what the simulation assumes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rum_jax.claims.cells import DIFFERENCE, INTERACTION, UNCOVERED, Cell
from rum_jax.claims.contrast import SUPERIORITY
from rum_jax.claims.simulate import Study, family_errors, found, limit, null_studies, planted
from rum_jax.core.randomness import generator
from rum_jax.evaluate.hypothesis_tests import ALPHA
from rum_jax.replicates.contrasts import RATIO, Compared
from rum_jax.replicates.values import Values

# Of 200 null studies one family of ten would exceed the limit by chance in a third of reports.
NULL_STUDIES, PLANTED_STUDIES, PLANTED = 1000, 50, 0.03
SEED = 0  # of the simulations
ROUNDING = 1e-9


def calibrate(compared: Sequence[Compared], values: Values) -> dict[str, Any] | None:
    """Errors of each family without an effect, and how often planted effects are found.

    Contrasts of superiority between rows are simulated: those whose effect is 0 where all rows are
    alike. Those of non-inferiority and equivalence are right there, and no error.

    Returns:
      `null`: `studies`, `most` (the 95% binomial limit of 5%), and `errors` by family: studies
      in which any contrast was called supported or refuted; `planted`: `effect`, `studies`, and
      `found` by contrast. None where no contrast can be simulated, or there is one model seed.
    """
    simulated = [each for each in compared if _is_simulated(each, values)]
    if not simulated or min(len(study["seeds"]) for of_part in values.studies.values()
                            for study in of_part) < 2:
        return None
    nulls = _studies(simulated, values, NULL_STUDIES, 0)
    effects = _studies(simulated, values, PLANTED_STUDIES, 1, PLANTED)
    families = dict.fromkeys(each.contrast.family for each in simulated)
    return {
        "null": {"studies": NULL_STUDIES, "most": limit(NULL_STUDIES, ALPHA),
                 "errors": {family: family_errors(nulls, family) for family in families}},
        "planted": {"effect": PLANTED, "studies": PLANTED_STUDIES,
                    "found": {each.contrast.name: found(effects, each.contrast.name)
                              for each in simulated}}}


def _studies(compared: Sequence[Compared], values: Values, studies: int, address: int,
             effect: float | None = None) -> list[Study]:
    """Simulated studies of all contrasts; each metric is drawn from its own values."""
    whole: list[Study] = [[] for _ in range(studies)]
    for number, metric in enumerate(dict.fromkeys(each.contrast.metric for each in compared)):
        of_metric = [each for each in compared if each.contrast.metric == metric]
        cells = list(dict.fromkeys(cell for each in of_metric
                                   for cell in (*each.first, *each.second)))
        table = np.array([values.of_cell(cell, metric) for cell in cells])
        weighted = [(each.contrast, _weights(each, cells, values)) for each in of_metric]
        rng = generator(SEED, "simulation", address, number)
        drawn = (null_studies(table, weighted, studies, rng) if effect is None
                 else planted(table, weighted, studies, rng, effect))
        for study, more in zip(whole, drawn, strict=True):
            study += more
    return whole


def _is_simulated(each: Compared, values: Values) -> bool:
    """Whether a contrast of superiority compares values of rows, and not one row with itself."""
    if each.contrast.test != SUPERIORITY or each.contrast.metric.startswith(UNCOVERED):
        return False
    weights = _weights(each, list(dict.fromkeys((*each.first, *each.second))), values)
    return abs(weights.sum()) < ROUNDING < np.abs(weights).max()


def _weights(each: Compared, cells: Sequence[Cell], values: Values) -> np.ndarray:
    """float64[cells]: what the effect multiplies the value of each cell by.

    For a slope with the mean entanglement over replicates.
    """
    weights, first, second = np.zeros(len(cells)), *(
        [cells.index(cell) for cell in side] for side in (each.first, each.second))
    if each.measure == DIFFERENCE:
        np.add.at(weights, first, 1 / len(first))
        np.add.at(weights, second, -1 / max(1, len(second)))
    elif each.measure == INTERACTION:
        np.add.at(weights, [first[-1], second[0]], 1.0)
        np.add.at(weights, [first[0], second[-1]], -1.0)
    else:
        ratios = np.array([np.log(values.of_set(cell.part, RATIO)).mean() for cell in each.first])
        centered = ratios - ratios.mean()
        np.add.at(weights, first, centered / np.square(centered).sum())
    return weights
