"""Checks of single config values: each is a function value -> fault text, or None if fine."""

import difflib
import math
from collections.abc import Callable, Iterable
from typing import Any

from rum_jax.core.errors import without_addresses

Check = Callable[[Any], str | None]

LONGEST = 80  # letters of a value in a message
LARGEST = 2**31 - 1  # integers that arrays and XLA can index
MOST_EPOCHS = 100_000  # each has rates of its own
FLOAT_MAX, FLOAT_TINY = 3.4028234e38, 1.1754944e-38  # float32, which models compute in
SIMILAR = 0.75  # smallest difflib ratio of a name and what was probably meant by it


def shortened(value: Any) -> str:
    """The repr of a value, with the middle left out where it is longer than LONGEST letters."""
    try:
        shown = repr(value)
    except Exception:
        shown = f"a {type(value).__name__}"
    return cut(without_addresses(shown))


def cut(words: str, longest: int = LONGEST) -> str:
    """A text, with the middle left out where it is longer."""
    half = (longest - 3) // 2
    return words if len(words) <= longest else f"{words[:half]}...{words[-half:]}"


def similar(name: Any, known: Iterable[str]) -> str:
    """What was probably meant by a name, as "; did you mean X?"; "" where nothing is like it."""
    if not isinstance(name, str) or len(name) > LONGEST:
        return ""
    ratios = {other: difflib.SequenceMatcher(None, _folded(name), _folded(other)).ratio()
              for other in known}
    best = max(ratios.values(), default=0)
    names = [other for other, ratio in ratios.items() if ratio == best]
    if best < SIMILAR or len(names) > 2 or name in names:
        return ""
    return f"; did you mean {' or '.join(names)}?"


def _folded(name: str) -> str:
    return name.lower().replace("-", "_")


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """Whether it is a number that float32 holds; -0.0 is another text than 0.0 in a record."""
    if not _is_integer(value) and not (isinstance(value, float) and math.isfinite(value)):
        return False
    return abs(value) <= FLOAT_MAX and not (value == 0 and math.copysign(1, value) < 0)


def integer(low: int, high: int | None = None, *, most: int = LARGEST) -> Check:
    """An integer in [low, high]; where high is None in [low, most], a bound no one should meet."""
    most = most if high is None else high

    def check(value: Any) -> str | None:
        if _is_integer(value) and low <= value <= most:
            return None
        open_end = high is None and not (_is_integer(value) and value > most)
        allowed = f"an integer >= {low}" if open_end else f"an integer in [{low}, {most}]"
        return f"is {shortened(value)}; allowed: {allowed}"

    return check


epochs = integer(1, most=MOST_EPOCHS)


def number(low: float, high: float = math.inf, *, open_low: bool = False,
           open_high: bool = False) -> Check:
    """A finite number between low and high; an end is excluded where it is marked open.

    Numbers beyond the range of float32 and -0.0 are refused, and where `low` is 0 and excluded
    also numbers below FLOAT_TINY, float32's smallest normal number.
    """
    left = "(" if open_low else "["
    right = ")" if open_high or math.isinf(high) else "]"
    allowed = f"a number in {left}{low:g}, {high:g}{right}"

    def check(value: Any) -> str | None:
        if _is_number(value):
            above = value > low if open_low else value >= low
            below = value < high if open_high else value <= high
            vanishes = open_low and low == 0 and value < FLOAT_TINY
            if above and below and not vanishes:
                return None
            if above and below:
                return f"is {shortened(value)}; allowed: {allowed} that is at least {FLOAT_TINY:g}"
        elif _is_integer(value) or (isinstance(value, float) and math.isfinite(value)):
            size = f"of at most {FLOAT_MAX:g}" if value else "without a sign before 0"
            return f"is {shortened(value)}; allowed: {allowed}, {size}"
        return f"is {shortened(value)}; allowed: {allowed}"

    return check


def boolean(value: Any) -> str | None:
    """True or False."""
    return None if isinstance(value, bool) else f"is {shortened(value)}; allowed: True or False"


def words(value: Any) -> str | None:
    """A text of 1 to 1000 characters that is not all spaces."""
    fault = text(value)
    if fault or (value.strip() and len(value) <= 1000):
        return fault
    return f"is {shortened(value)}; allowed: a text of 1 to 1000 characters"


def text(value: Any) -> str | None:
    """A text without line breaks and control characters."""
    if not isinstance(value, str):
        return f"is {shortened(value)}; allowed: a text"
    if not value.isprintable():
        return (f"is {shortened(value)}; allowed: a text without line breaks and control "
                "characters")
    return None


def one_of(known: Iterable[str]) -> Check:
    """One of the known names."""
    names = sorted(known)

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and value in names else (
            f"is {shortened(value)}; known: {', '.join(names)}{similar(value, names)}")

    return check


def sequence(item: Check, at_least: int = 1, distinct: bool = False,
             at_most: int = 10_000) -> Check:
    """A tuple of at least, and at most, so many values that each pass the item check."""

    def check(value: Any) -> str | None:
        if not isinstance(value, tuple | list):
            return (f"is {shortened(value)}; allowed: a tuple of "
                    f"{f'at least {at_least} value(s)' if at_least else 'values, or ()'}")
        if len(value) < at_least:
            return f"is {shortened(tuple(value))}; allowed: at least {at_least} value(s)"
        if len(value) > at_most:
            return f"has {len(value)} values; allowed: at most {at_most}"
        faults = [f"[{i}] {fault}" for i, v in enumerate(value) if (fault := item(v))]
        if distinct and len(set(map(repr, value))) < len(value):
            faults.append(f"is {shortened(tuple(value))}; allowed: no value twice")
        return "; ".join(faults[:5] + [f"and {len(faults) - 5} more"] * (len(faults) > 5)) or None

    return check
