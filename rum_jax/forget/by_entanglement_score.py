"""Forget sets with a requested entanglement score (ES), on request among weakly memorized examples.

    entanglement_score:200                          ES 200
    entanglement_score_ratio:0.5                    half of the mean ES of random sets of the size
    entanglement_score_ratio:0.5,memorization<0.1   likewise, of examples with such memorization

Sets of different ES differ in memorization, too, unless a bound keeps it alike. ES is always that
of the set and all other training examples, whatever their memorization.
"""

from typing import NamedTuple

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.forget.entanglement_search import OutOfReach, search
from rum_jax.forget.random_sets import reported_score
from rum_jax.forget.selection import MEMORIZATION, SETS, Family, Fields, SelectionContext

SCORE, RATIO = "entanglement_score", "entanglement_score_ratio"
BELOW = f"{MEMORIZATION}<"
ALLOWED = f"allowed: a number above 0, also with a bound above -1 and at most 1, as 0.5,{BELOW}0.1"


class Requested(NamedTuple):
    """What an argument asks for: a score, and the memorization that examples are below, or None."""

    expected: float
    below: float | None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _parse(argument: str) -> Requested | None:
    """What the argument asks for; None if it is none."""
    expected, comma, bound = argument.partition(",")
    below = _number(bound.removeprefix(BELOW)) if bound.startswith(BELOW) else np.nan
    if not 0 < _number(expected) < np.inf or comma and not -1 < below <= 1:
        return None
    return Requested(_number(expected), below if comma else None)


def _check(argument: str) -> str | None:
    return None if _parse(argument) else f"is {argument!r}; {ALLOWED}"


def _scores(argument: str) -> tuple[str, ...]:
    requested = _parse(argument)
    return (MEMORIZATION,) if requested and requested.below is not None else ()


def candidates(name: str, below: float | None, context: SelectionContext, size: int) -> np.ndarray:
    """int64[c] ascending indices of the training examples that a set may be made of.

    Args:
      name: of the set, for messages.
      below: bound of their memorization, which must be known; None: all are.
      context: memorization is asked for only with a bound.
      size: of the set.

    Raises:
      InputError: they are fewer than `size`.
    """
    if below is None:
        return np.arange(len(context.ids))
    memorization = context.score(MEMORIZATION)
    if fault := _too_few(name, memorization, below, size, context.fields):
        raise InputError(fault)
    return _below(memorization, below)


def bound_fault(name: str, memorization: np.ndarray, size: int) -> str | None:
    """Why so few examples have a memorization below the bound of a set; None: there are enough.

    Args:
      name: of a forget set of any family.
      memorization: float[n] of the training examples; NaN: not known.
      size: of the set.
    """
    family, _, argument = name.partition(":")
    requested = _parse(argument) if family in (SCORE, RATIO) else None
    if requested is None or requested.below is None:
        return None
    return _too_few(name, memorization, requested.below, size, SETS)


def _below(memorization: np.ndarray, bound: float) -> np.ndarray:
    return np.flatnonzero(np.isfinite(memorization) & (memorization < bound))


def _too_few(name: str, memorization: np.ndarray, bound: float, size: int,
             fields: Fields) -> str | None:
    count = len(_below(memorization, bound))
    return None if count >= size else (
        f"{fields.size}: is {size}; allowed with {name}: at most {count}, as {MEMORIZATION} of "
        f"only {count} of {len(memorization)} examples is below {bound:g} (known of "
        f"{np.isfinite(memorization).sum()})")


def _choose(family: str, context: SelectionContext, argument: str, size: int) -> np.ndarray:
    requested, name = _parse(argument), f"{family}:{argument}"
    assert requested, "checked before"
    features, field = context.features(), context.fields.names
    if unknown := int((~np.isfinite(features)).any(1).sum()):
        raise InputError(f"{field}: {name}: features of {unknown} of {len(features)} examples are "
                         "not finite; allowed: originals whose features are")
    among = candidates(name, requested.below, context, size)
    unit = reported_score(features, size, context.generator()) if family == RATIO else 1.0
    try:
        return search(features, context.labels, size, requested.expected * unit,
                      context.generator(), among)
    except OutOfReach as error:
        raise InputError(f"{field}: {name} is out of reach for {size} of {len(among)} examples; "
                         f"allowed: about {error.low / unit:,.4g} to {error.high / unit:,.4g}"
                         ) from error


def family(name: str) -> Family:
    """Forget sets whose score is requested as it is (SCORE), or relative to random sets (RATIO)."""

    def choose(context: SelectionContext, argument: str, size: int) -> np.ndarray:
        return _choose(name, context, argument, size)

    return Family(choose, _check, scores=_scores)
