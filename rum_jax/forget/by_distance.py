"""Forget sets by distance to the centroid of all features (docs/parity.md#forget-sets).

The training set, sorted by that distance, is cut into groups of the forget set's size; the nearer
to the centroid, the more entangled with the rest. With 15 groups (CIFAR: of 3,000 examples), the
released code uses group 3 as high, 12 as mid and 14 as low, counted from 0; for other numbers of
groups these numbers are scaled, and low is the last group.
"""

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.forget.selection import ENTANGLEMENT, Family, SelectionContext

LEVELS = {"high": 3, "mid": 12, "low": 14}  # of PUBLISHED_GROUPS
PUBLISHED_GROUPS = 15
MIX = "mix"


def group_of(level: str, groups: int) -> int:
    """Index of a level's group among `groups`; 0 is the nearest to the centroid."""
    return groups - 1 if level == "low" else LEVELS[level] * groups // PUBLISHED_GROUPS


def _check(argument: str) -> str | None:
    if argument in (*LEVELS, MIX):
        return None
    number, _, groups = argument.partition("of")
    if number.isdecimal() and groups.isdecimal() and int(number) < int(groups):
        return None
    return (f"is {argument!r}; known: {', '.join(LEVELS)}, {MIX}, or group and number of groups, "
            "from 0of15, the nearest to the center, to 14of15")


def _group(order: np.ndarray, number: int, groups: int, size: int,
           title: tuple[str, str]) -> np.ndarray:
    """`title`: the field that says the size, and the name of the set."""
    each = len(order) // groups
    if each < size:
        raise InputError(f"{title[0]}: is {size}; allowed with {title[1]}: at most {each}, as "
                         f"{len(order)} examples make {groups} groups of {each}")
    return order[number * each:(number + 1) * each][:size]


def _choose(context: SelectionContext, argument: str, size: int) -> np.ndarray:
    title = context.fields.size, f"{ENTANGLEMENT}:{argument}"
    scores = context.score(ENTANGLEMENT)
    if unknown := int((~np.isfinite(scores)).sum()):
        raise InputError(f"{context.fields.names}: {title[1]}: is not known (NaN) of {unknown} of "
                         f"{len(scores)} examples; allowed: where it is known of all, with "
                         "originals whose features are finite")
    order = np.lexsort((context.tie_order(ENTANGLEMENT), -scores))
    if "of" in argument:
        number, groups = map(int, argument.split("of"))
        return _group(order, number, groups, size, title)
    groups = len(order) // size
    if len({group_of(level, groups) for level in LEVELS}) < len(LEVELS):
        raise InputError(f"{title[0]}: is {size}; allowed with {title[1]}: at most "
                         f"{len(order) // 6}, so that high, mid and low are different groups")
    if argument != MIX:
        return _group(order, group_of(argument, groups), groups, size, title)
    sizes = (size // 3, size // 3, size - 2 * (size // 3))
    return np.concatenate([_group(order, group_of(level, groups), groups, part, title)
                           for level, part in zip(LEVELS, sizes, strict=True)])


FAMILY = Family(_choose, _check, scores=lambda argument: (ENTANGLEMENT,))
