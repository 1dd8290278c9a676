"""Forget sets, named `family:argument`, as `memorization:high`, `class:3` or `random`."""

import functools
import itertools
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from rum_jax.core.checks import LONGEST, shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.data.arrays import Dataset
from rum_jax.forget import by_distance, by_entanglement_score, by_label, by_score, from_file
from rum_jax.forget.selection import (
    ENTANGLEMENT,
    IDS,
    MEMORIZATION,
    Family,
    SelectionContext,
    untrained,
)
from rum_jax.proxies import PROXIES

LEVELS = ("low", "mid", "high")  # of a score

FAMILIES: dict[str, Family] = {
    "random": by_label.RANDOM,
    "class": by_label.CLASS,
    "noise": by_label.NOISE,
    from_file.FILE: from_file.FAMILY,
    ENTANGLEMENT: by_distance.FAMILY,
    **{name: by_entanglement_score.family(name)
       for name in (by_entanglement_score.SCORE, by_entanglement_score.RATIO)},
    **{score: by_score.family(score) for score in (MEMORIZATION, *PROXIES)},
}


def fault(name: object) -> str | None:
    """What is wrong with the name of a forget set; None: nothing."""
    text = name if isinstance(name, str) else ""
    family, colon, argument = text.partition(":")
    if family not in FAMILIES:
        near = similar(family, FAMILIES).replace("?", f"{colon}{argument}?")
        return (f"is {shortened(name)}; known: {', '.join(sorted(FAMILIES))}, with an argument "
                f"after a colon{near}")
    if not text.isprintable() or (family != from_file.FILE and len(text) > LONGEST):
        return (f"is {shortened(name)}; allowed: no line breaks and control characters, and at "
                f"most {LONGEST} letters where it is no file")
    reason = FAMILIES[family].check(argument)
    return reason and f"is {shortened(name)}, whose argument {reason}"


def scores_of(name: str) -> tuple[str, ...]:
    """Names of the scores that the forget set of that sound name is chosen by."""
    family, _, argument = name.partition(":")
    return FAMILIES[family].scores(argument)


def choose(name: str, context: SelectionContext, size: int) -> np.ndarray:
    """The forget set of that name.

    Args:
      name: `family:argument`.
      context: the training set, and what one model makes of it.
      size: number of examples; 0: all that the name stands for, where it stands for some.

    Returns:
      int32[size] ascending positions in the data, all different.

    Raises:
      InputError: there is no such set.
    """
    family, _, argument = name.partition(":")
    if not size and not FAMILIES[family].size_optional:
        allowed = ", ".join(key for key, value in FAMILIES.items() if value.size_optional)
        raise InputError(f"{context.fields.size}: is 0; allowed with {name}: at least 1; all there "
                         f"are only with {allowed}")
    return context.positions[np.sort(FAMILIES[family].choose(context, argument, size))]


def data_faults(names: Sequence[str], dataset: Dataset, size: int,
                seeds: Sequence[int], file_ids: str = IDS) -> list[str]:
    """What is wrong with those of the named sets that can be chosen from the data alone.

    They must be different sets for each of the seeds, which draw them; size 0: and their sizes the
    same. `file_ids`: see `SelectionContext`.
    """
    names = [name for name in names if FAMILIES[name.partition(":")[0]].needs_only_data]
    for seed in seeds:
        context = untrained(dataset, file_ids)._replace(
            generator=functools.partial(generator, seed, "forget_set"))
        faults, chosen = [], {}
        for name in names:
            try:
                chosen[name] = choose(name, context, size)
            except InputError as error:
                faults.append(str(error))
        faults += size_faults({name: len(positions) for name, positions in chosen.items()})
        if faults := faults + same_faults(chosen):
            return faults
    return []


def size_faults(sizes: Mapping[str, int]) -> list[str]:
    """What is wrong with forget sets of such sizes in one study."""
    if len(set(sizes.values())) < 2:
        return []
    listed = ", ".join(f"{name}: {size}" for name, size in sizes.items())
    return [f"config.forget.sets: have different sizes ({listed}); allowed: one size, as their "
            "models are worked on together; set config.forget.size"]


def same_faults(chosen: Mapping[str, np.ndarray]) -> list[str]:
    """Error messages for two names of one forget set; name -> ascending positions."""
    return [f"config.forget.sets: {name} and {other} are the same {len(chosen[name])} example(s); "
            "allowed: different sets; leave one of them out"
            for name, other in itertools.combinations(chosen, 2)
            if np.array_equal(chosen[name], chosen[other])]


def overlap_faults(chosen: Mapping[str, np.ndarray],
                   fits: Callable[[int], bool] | None = None) -> list[str]:
    """Error messages for low, mid and high sets of one score that have examples in common.

    Args:
      chosen: name -> positions.
      fits: size -> whether sets of that size are disjoint; if given, the message has the largest
        such size.
    """
    faults, largest = [], None
    for name, other in itertools.combinations(chosen, 2):
        (family, _, level), (_, _, second) = name.partition(":"), other.partition(":")
        shared = len(np.intersect1d(chosen[name], chosen[other]))
        if shared and other.startswith(f"{family}:") and {level, second} <= set(LEVELS):
            size = len(chosen[name])
            if largest is None:
                largest = largest_size(fits, size) if fits else 0
            allowed = (f"at most {largest}, with which" if largest else "a size with which")
            faults.append(f"config.forget.size: is {size}; {name} and {other} have {shared} "
                          f"example(s) in common; allowed: {allowed} they have none")
    return faults


def largest_size(fits: Callable[[int], bool], below: int) -> int:
    """The largest size below another that fits, where smaller ones do, too; 0: none does."""
    low, high = 0, below
    while high - low > 1:
        middle = (low + high) // 2
        try:
            low, high = (middle, high) if fits(middle) else (low, middle)
        except InputError:
            high = middle
    return low
