"""Made-up values of a study over three replicates with two model seeds."""

import numpy as np

from rum_jax.replicates.values import Values

REPLICATES, SEEDS = (0, 1, 2), 2


def table(seed):
    """float64[R,S]."""
    return np.random.default_rng(seed).normal(size=(len(REPLICATES), SEEDS))


def values(cells, ratios=None, traces=None):
    """The values of cells: part -> row -> metric -> float64[R,S].

    Args:
      ratios: part -> float64[R,S] entanglement, relative to random sets.
      traces: part -> for each replicate its traces.
    """
    return Values(REPLICATES, {part: [{
        "seeds": [1000 * t, 1000 * t + 1],
        "sets": [{"entanglement_score_ratio": ratios[part][t].tolist()} if ratios else {}],
        "rows": [{"set": "random", "row": row, "metrics": {
            metric: of_row[t].tolist() for metric, of_row in metrics.items()}}
            for row, metrics in rows.items()],
        "traces": traces[part][t] if traces else {},
    } for t in range(len(REPLICATES))] for part, rows in cells.items()})
