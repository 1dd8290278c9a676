"""Forget sets by class, by planted label noise, and at random."""

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.forget.selection import REQUESTS, Family, SelectionContext


def _draw(known: SelectionContext, candidates: np.ndarray, size: int, title: str) -> np.ndarray:
    """So many of the candidates at random; 0: all."""
    if not len(candidates):
        left = " that was not asked for before" if known.fields is REQUESTS else ""
        raise InputError(f"{known.fields.names}: {title} has no example in the training set{left}")
    if size > len(candidates):
        raise InputError(f"{known.fields.size}: is {size}; allowed with {title}: at most "
                         f"{len(candidates)}, as there are no more in the training set")
    return known.generator().choice(candidates, size, replace=False) if size else candidates


def _random(known: SelectionContext, argument: str, size: int) -> np.ndarray:
    return _draw(known, np.arange(len(known.ids)), size, "random")


def _noise(known: SelectionContext, argument: str, size: int) -> np.ndarray:
    return _draw(known, np.flatnonzero(known.noisy), size, "noise")


def _of_class(known: SelectionContext, argument: str, size: int) -> np.ndarray:
    wanted = [int(number) for number in argument.split("+")]
    unknown = sorted(set(wanted) - set(known.class_numbers))
    if unknown:
        raise InputError(f"{known.fields.names}: class:{argument} names class {unknown[0]}; "
                         f"known: {', '.join(map(str, known.class_numbers))}")
    numbers = np.asarray(known.class_numbers)[known.labels]
    return _draw(known, np.flatnonzero(np.isin(numbers, wanted)), size, f"class:{argument}")


def _nothing(argument: str) -> str | None:
    return f"is {argument!r}; allowed: nothing after the name" if argument else None


def _numbers(argument: str) -> str | None:
    if all(part.isdecimal() for part in argument.split("+")):
        return None
    return f"is {argument!r}; allowed: a class number, or several as 3+5"


RANDOM = Family(_random, _nothing, early=True)
NOISE = Family(_noise, _nothing, all_of_it=True, early=True)
CLASS = Family(_of_class, _numbers, all_of_it=True, early=True)
