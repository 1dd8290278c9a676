"""Points of a hyper-parameter sweep, and their order into programs that run many at once."""

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.core.checks import Check, shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.rum.chain import WHOLE, Step
from rum_jax.unlearn import algorithm

MOST_POINTS = 10_000  # of a row


class Point(NamedTuple):
    """One setting of a row.

    Attributes:
      number: place in the sweep, from 0.
      steps: the row's chain with these hyper-parameters.
    """

    number: int
    steps: list[Step]


def drawn(row: str, steps: Sequence[Step], published: Sequence[Step], points: int,
          seed: int) -> list[Point]:
    """Random points, drawn at (seed, row, number); number 0 has the published values.

    Args:
      row: name, part of the address.
      steps: the row's chain; its hyper-parameters that are not searched stay.
      published: the same chain with published values.
      points: how many.
      seed: of the sweep.
    """
    sampled: list[Point] = []
    for number in range(points):
        rng = generator(seed, "search", *row.encode(), number)
        chain: list[Step] = []
        for step, first in zip(steps, published, strict=True):
            new = {name: draw(rng) if number else first.hparams[name]
                   for name, draw in algorithm(step.algorithm).search.items()}
            chain.append(step._replace(hparams={**step.hparams, **new}))
        sampled.append(Point(number, chain))
    return sampled


def grid(row: str, steps: Sequence[Step], text: str) -> list[Point]:
    """All combinations of the values in a text such as "learning_rate=0.01,0.1; alpha=0.9,1".

    In a chain of several steps names begin with the subset: "high.learning_rate=0.1".

    Raises:
      InputError: an unknown name, or a value that is not allowed.
    """
    axes = [_axis(row, steps, part) for part in text.split(";") if part.strip()]
    if not axes:
        raise InputError(f'config.sweep.grid: is {text!r}; allowed: a text such as '
                         '"learning_rate=0.01,0.1"')
    _check_axes(row, [(step, name) for step, name, _ in axes], [len(axis[2]) for axis in axes])
    points: list[Point] = []
    for number, values in enumerate(itertools.product(*(values for _, _, values in axes))):
        chain = list(steps)
        for (place, name, _), value in zip(axes, values, strict=True):
            chain[place] = chain[place]._replace(hparams={**chain[place].hparams, name: value})
        points.append(Point(number, chain))
    return points


def _check_axes(row: str, names: Sequence[tuple[int, str]], sizes: Sequence[int]) -> None:
    """Raises InputError for a name that is there twice, or for more points than can be run."""
    for place, axis in enumerate(names):
        if axis in names[:place]:
            raise InputError(f"config.sweep.grid: has {axis[1]!r} twice for {row}; allowed: once, "
                             "with all its values")
    if math.prod(sizes) > MOST_POINTS:
        raise InputError(f"config.sweep.grid: has {' x '.join(map(str, sizes))} points for {row}; "
                         f"allowed: at most {MOST_POINTS}")


def _axis(row: str, steps: Sequence[Step], part: str) -> tuple[int, str, list[object]]:
    name, _, values = (piece.strip() for piece in part.partition("="))
    subset, _, field = name.rpartition(".")
    numbers = [i for i, step in enumerate(steps) if step.subset == (subset or WHOLE)]
    allowed = [f"{'' if step.subset == WHOLE else step.subset + '.'}{hparam}" for step in steps
               for hparam in step.hparams]
    if name not in allowed:
        raise InputError(f"config.sweep.grid: {shortened(name)} is unknown in {row}; known: "
                         f"{', '.join(allowed) or 'none'}{similar(name, allowed)}")
    step = steps[numbers[0]]
    current: object = step.hparams[field]
    check = algorithm(step.algorithm).checks[field]
    parsed = [_value(name, type(current), check, value) for value in values.split(",")]
    if again := [value for i, value in enumerate(parsed) if value in parsed[:i]]:
        raise InputError(f"config.sweep.grid: {name}: has {again[0]!r} twice; allowed: once")
    return numbers[0], field, parsed


def _value(name: str, kind: type[Any], check: Check, text: str) -> object:
    text = text.strip()
    try:
        value = {"True": True, "False": False}[text] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise InputError(f"config.sweep.grid: {name}: is {shortened(text)}; allowed: "
                         f"{kind.__name__}s separated by commas") from None
    if fault := check(value):
        raise InputError(f"config.sweep.grid: {name}: {fault}")
    return value


def _is_dynamic(value: object) -> bool:
    return isinstance(value, float)


def groups(points: Sequence[Point]) -> list[list[Point]]:
    """Points that differ in float hyper-parameters only, together: each group is one program."""
    grouped: dict[str, list[Point]] = {}
    for point in points:
        fixed = [(step.algorithm, {name: value for name, value in step.hparams.items()
                                   if not _is_dynamic(value)}) for step in point.steps]
        grouped.setdefault(repr(fixed), []).append(point)
    return list(grouped.values())


def stacked(points: Sequence[Point], seeds: int) -> list[Step]:
    """One chain for all points of a group: float hyper-parameters as float64[points * seeds]."""
    chain: list[Step] = []
    for place, step in enumerate(points[0].steps):
        hparams = dict(step.hparams)
        for name, value in hparams.items():
            if _is_dynamic(value):
                values = [point.steps[place].hparams[name] for point in points]
                hparams[name] = np.repeat(np.array(values, np.float64), seeds)
        chain.append(step._replace(hparams=hparams))
    return chain


def searchable(steps: Sequence[Step]) -> bool:
    """Whether a chain has anything to choose."""
    return any(algorithm(step.algorithm).search for step in steps)
