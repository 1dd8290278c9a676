"""Choice of the forget set by memorization score, or by a proxy of it."""

from collections.abc import Callable

import numpy as np

from rum_jax.core import checks
from rum_jax.core.errors import InputError
from rum_jax.forget.selection import MEMORIZATION, SETS, Family, SelectionContext

MEMORIZATION_CENTERS = (0.5,)


def proxy_centers(scores: np.ndarray) -> tuple[float, float]:
    """Where the middle of a proxy is: at the median; ties are nearer to the mid-range first."""
    return (float(scores.min() + scores.max()) / 2, float(np.median(scores)))


def _descending(scores: np.ndarray) -> np.ndarray:
    return np.argsort(-scores, kind="stable")


def high(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Indices of the highest scores, ties in the order of the scores."""
    del centers
    return _descending(scores)[:size]


def low(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Indices of the lowest scores: the end of the same descending order."""
    del centers
    return _descending(scores)[len(scores) - size:]


def mid(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """Indices of the scores nearest to the last center, ties to the one before, then descending."""
    order = _descending(scores)
    for center in centers:
        order = order[np.argsort(np.abs(scores[order] - center), kind="stable")]
    return order[:size]


def mix(scores: np.ndarray, size: int, centers: tuple[float, ...]) -> np.ndarray:
    """A third each of high, mid and low, in this order.

    If 3 does not divide size, the reference's slices give low the rounded-up third
    (docs/parity.md#q7).
    """
    third = size // 3
    return np.concatenate([high(scores, third, centers), mid(scores, third, centers),
                           low(scores, -(-size // 3), centers)])


# name -> function of (scores float[n], size, centers) -> indices in the order of choice.
SELECTIONS: dict[str, Callable[[np.ndarray, int, tuple[float, ...]], np.ndarray]] = {
    "low": low, "mid": mid, "high": high, "mix": mix,
}


def select(name: str, scores: np.ndarray, size: int, score: str = MEMORIZATION,
           centers: tuple[float, ...] | None = None, field: str = SETS.size,
           ties: np.ndarray | None = None) -> np.ndarray:
    """The forget set of that name and size.

    Args:
      name: a key of SELECTIONS.
      scores: float[n], memorization of the training set or a proxy; NaN is never chosen.
      size: number of examples; for a mix a multiple of 3.
      score: what the scores are called in messages.
      centers: what `mid` is near to; None: 0.5 for memorization, as for a proxy otherwise.
      field: of the config that says the size, for messages.
      ties: [n], the order in which equal scores are taken; None: as they stand.

    Returns:
      int64[size], ascending indices of the scores, all different.

    Raises:
      InputError: too few scores are known, or the three parts of a mix overlap.
    """
    known = np.flatnonzero(np.isfinite(scores))
    if ties is not None:
        known = known[np.argsort(ties[known], kind="stable")]
    if len(known) < size:
        raise InputError(f"{field}: is {size}; allowed: at most {len(known)}, as "
                         f"{score} of only {len(known)} of {len(scores)} examples is known" + (
                             "; the others were in, or out of, the training set of every model, "
                             "so raise config.campaign.models" if score == MEMORIZATION else ""))
    values = scores[known]
    if centers is None:
        centers = MEMORIZATION_CENTERS if score == MEMORIZATION else proxy_centers(values)
    chosen = np.unique(known[SELECTIONS[name](values, size, centers)])
    if len(chosen) < size:
        raise InputError(f"{field}: is {size}; {size - len(chosen)} example(s) would "
                         f"be in two of the parts of {score}:{name}; allowed: a smaller size")
    return chosen


def family(score: str) -> Family:
    """Forget sets by that score: low, mid, high, or a third of each."""

    def choose(context: SelectionContext, argument: str, size: int) -> np.ndarray:
        return select(argument, context.score(score), size, score, field=context.fields.size,
                      ties=context.tie_order(score))

    return Family(choose, checks.one_of(SELECTIONS), scores=lambda argument: (score,))
