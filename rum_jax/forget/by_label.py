"""Forget sets by class, by injected label noise, and at random."""

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.forget.selection import REQUESTS, Family, SelectionContext


def _draw(context: SelectionContext, candidates: np.ndarray, size: int, title: str) -> np.ndarray:
    """So many of the candidates at random; 0: all."""
    if not len(candidates):
        left = " that was not asked for before" if context.fields is REQUESTS else ""
        raise InputError(f"{context.fields.names}: {title} has no example in the training set"
                         f"{left}; allowed: sets that have at least one")
    if size > len(candidates):
        raise InputError(f"{context.fields.size}: is {size}; allowed with {title}: at most "
                         f"{len(candidates)}, as there are no more in the training set")
    return context.generator().choice(candidates, size, replace=False) if size else candidates


def _random(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    return _draw(context, np.arange(len(context.ids)), size, "random")


def _noise(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    return _draw(context, np.flatnonzero(context.noisy), size, "noise")


def _of_class(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    expected = [int(number) for number in argument.split("+")]
    unknown = sorted(set(expected) - set(context.class_numbers))
    if unknown:
        raise InputError(f"{context.fields.names}: class:{argument} names class {unknown[0]}; "
                         f"known: {', '.join(map(str, context.class_numbers))}")
    numbers = np.asarray(context.class_numbers)[context.labels]
    return _draw(context, np.flatnonzero(np.isin(numbers, expected)), size, f"class:{argument}")


def _check_no_argument(argument: str) -> str | None:
    return f"is {argument!r}; allowed: nothing after the name" if argument else None


def _check_class_numbers(argument: str) -> str | None:
    parts = argument.split("+")
    if all(part.isdecimal() for part in parts):
        numbers = [int(part) for part in parts]
        twice = [number for number in numbers if numbers.count(number) > 1]
        return f"is {argument!r}; allowed: class {twice[0]} once" if twice else None
    return f"is {argument!r}; allowed: a class number, or several as 3+5"


RANDOM = Family(_random, _check_no_argument, needs_only_data=True)
NOISE = Family(_noise, _check_no_argument, size_optional=True, needs_only_data=True)
CLASS = Family(_of_class, _check_class_numbers, size_optional=True, needs_only_data=True)
