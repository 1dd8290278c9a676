"""How often the tests of a study would err, from studies simulated of its own values.

In a null study rows differ by model seeds only; in the others a constant is added to the first
cells of every contrast. See `rum_jax/claims/simulate.py` for what the simulation assumes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rum_jax.claims.cells import DIFFERENCE, Cell
from rum_jax.claims.contrast import SUPERIORITY
from rum_jax.claims.simulate import Cells, Study, family_errors, found, limit, null_studies, planted
from rum_jax.core.randomness import generator
from rum_jax.evaluate.hypothesis_tests import ALPHA
from rum_jax.replicates.contrasts import Compared
from rum_jax.replicates.values import Values

NULL_STUDIES, PLANTED_STUDIES, PLANTED = 200, 50, 0.03
SEED = 0  # of the simulations


def calibrate(compared: Sequence[Compared], values: Values) -> dict[str, Any] | None:
    """Errors of each family without an effect, and how often planted effects are found.

    Contrasts of superiority that are differences of a second row are simulated.

    Returns:
      `null`: `studies`, `most` (the 95% binomial limit of 5%), and `errors` by family: studies
      in which any contrast was called supported or refuted; `planted`: `effect`, `studies`, and
      `found` by contrast. None where no contrast can be simulated, or there is one model seed.
    """
    simulated = [each for each in compared if each.measure == DIFFERENCE
                 and each.contrast.test == SUPERIORITY
                 and {*each.first} - {*each.second} and {*each.second} - {*each.first}]
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
        indexed = [_indexed(each, cells) for each in of_metric]
        rng = generator(SEED, "simulation", address, number)
        drawn = (null_studies(table, indexed, studies, rng) if effect is None
                 else planted(table, indexed, studies, rng, effect))
        for study, more in zip(whole, drawn, strict=True):
            study += more
    return whole


def _indexed(each: Compared, cells: Sequence[Cell]) -> Cells:
    """A contrast with places of its cells: those on both sides cancel, and are left out."""
    first = [cell for cell in each.first if cell not in each.second]
    second = [cell for cell in each.second if cell not in each.first]
    return (each.contrast, tuple(map(cells.index, first)), tuple(map(cells.index, second)))
