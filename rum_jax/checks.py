"""Checks of single config values: each is a function value -> fault text, or None if fine."""

import math
from collections.abc import Callable, Iterable
from typing import Any

Check = Callable[[Any], str | None]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and math.isfinite(value))


def integer(low: int, high: int | None = None) -> Check:
    """An integer in [low, high]; no upper bound when high is None."""
    allowed = f"an integer >= {low}" if high is None else f"an integer in [{low}, {high}]"

    def check(value: Any) -> str | None:
        inside = _is_integer(value) and value >= low and (high is None or value <= high)
        return None if inside else f"is {value!r}; allowed: {allowed}"

    return check


def number(low: float, high: float = math.inf, *, open_low: bool = False,
           open_high: bool = False) -> Check:
    """A finite number between low and high; an end is excluded where it is marked open."""
    left = "(" if open_low else "["
    right = ")" if open_high or math.isinf(high) else "]"
    allowed = f"a number in {left}{low:g}, {high:g}{right}"

    def check(value: Any) -> str | None:
        if _is_number(value):
            above = value > low if open_low else value >= low
            below = value < high if open_high else value <= high
            if above and below:
                return None
        return f"is {value!r}; allowed: {allowed}"

    return check


def boolean(value: Any) -> str | None:
    """True or False."""
    return None if isinstance(value, bool) else f"is {value!r}; allowed: True or False"


def text(value: Any) -> str | None:
    """A text."""
    return None if isinstance(value, str) else f"is {value!r}; allowed: a text"


def one_of(known: Iterable[str]) -> Check:
    """One of the known names."""
    names = sorted(known)

    def check(value: Any) -> str | None:
        return None if value in names else f"is {value!r}; known: {', '.join(names)}"

    return check


def sequence(item: Check, at_least: int = 1, distinct: bool = False) -> Check:
    """A tuple of at least so many values that each pass the item check."""

    def check(value: Any) -> str | None:
        if not isinstance(value, tuple | list):
            return f"is {value!r}; allowed: a tuple of at least {at_least} value(s)"
        if len(value) < at_least:
            return f"is {tuple(value)!r}; allowed: at least {at_least} value(s)"
        faults = [f"[{i}] {fault}" for i, v in enumerate(value) if (fault := item(v))]
        if distinct and len(set(map(repr, value))) < len(value):
            faults.append(f"is {tuple(value)!r}; allowed: no value twice")
        return "; ".join(faults) or None

    return check
