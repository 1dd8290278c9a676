"""Whether unlearning one subset uncovers the others (the onion effect; arXiv 2206.10469).

From a row that was traced (config.trace): the change of a measure on the subsets that have not
been unlearned yet, from before to after the first step, minus its change on the retain set, which
shows what the step does to all examples that are kept.
"""

import numpy as np

from rum_jax.claims.cells import UNCOVERED, Cell
from rum_jax.core.errors import InputError
from rum_jax.replicates.values import Values
from rum_jax.study.step_trace import RETAIN


def uncovered(values: Values, cell: Cell, metric: str) -> np.ndarray:
    """float64[R,S]: the mean over the subsets that are still to be unlearned.

    Raises:
      InputError: the row was not traced.
    """
    measure, results = metric.removeprefix(UNCOVERED), []
    for study in values.studies[cell.part]:
        if cell.row not in study["traces"]:
            raise InputError(f"{cell.part}/{cell.row}: has no trace, which {metric} is computed "
                             "from; allowed: rows of subsets, with config.trace=True")
        trace = study["traces"][cell.row]
        table, first = trace["measures"][measure], trace["steps"][0]["subset"]
        later = [step["subset"] for step in trace["steps"] if step["subset"] != first]
        change = {part: np.subtract(table[part][1], table[part][0]) for part in (*later, RETAIN)}
        results.append(np.mean([change[part] for part in later], axis=0) - change[RETAIN])
    return np.array(results, np.float64)
