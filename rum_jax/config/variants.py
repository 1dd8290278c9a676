"""Variants of config files: what follows the colon of --config=FILE:VARIANT."""

from collections.abc import Sequence
from typing import NamedTuple

from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError

SMOKE = "smoke"  # the same pipeline with a narrow model and few images


class Variant(NamedTuple):
    """A variant of a config file for several data sets.

    Attributes:
      data: name of the data set, such as cifar10.
      smoke: whether it is the small version.
    """

    data: str
    smoke: bool


def check(variant: str, known: Sequence[str]) -> None:
    """Checks a variant of a config file for one data set.

    Raises:
      InputError: it is not one of those known.
    """
    if variant not in known:
        raise InputError(f"unknown variant {shortened(variant)}; known: {', '.join(known)}")


def known(data: Sequence[str], smoke: Sequence[str]) -> tuple[str, ...]:
    """All variants of a config file for several data sets; arguments are those of `read`."""
    return (*data, *(f"{name},{SMOKE}" for name in smoke))


def read(variant: str, data: Sequence[str], smoke: Sequence[str]) -> Variant:
    """Reads a variant such as `cifar10` or `cifar10,smoke`, in any order.

    Args:
      variant: what follows the colon; words with commas between them.
      data: data sets that the config file has.
      smoke: those of them that have a small version.

    Raises:
      InputError: lists all that is wrong with it, and what is allowed.
    """
    words = variant.split(",") if variant else []
    named = [name for name in data if name in words]
    if faults := _faults(words, named, (*data, SMOKE), smoke):
        raise InputError(
            f"variant {shortened(variant)}: {'; '.join(faults)}; allowed: one of "
            f"{', '.join(data)}; with {' or '.join(smoke)} also {SMOKE}, such as "
            f"{smoke[0]},{SMOKE}")
    return Variant(named[0], SMOKE in words)


def _faults(words: Sequence[str], named: Sequence[str], allowed: Sequence[str],
            smoke: Sequence[str]) -> list[str]:
    distinct = dict.fromkeys(words)
    unknown = [word for word in distinct if word not in allowed]
    faults = [f"{shortened(word)} is unknown" for word in unknown]
    faults += [f"{shortened(word)} is given {words.count(word)} times" for word in distinct
               if words.count(word) > 1]
    if len(named) > 1:
        faults.append(f"{' and '.join(named)} are {len(named)} data sets")
    if not named and not unknown:
        faults.append("the data set is missing")
    if SMOKE in words:
        faults += [f"{name} has no {SMOKE} variant" for name in named if name not in smoke]
    return faults
