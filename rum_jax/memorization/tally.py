"""Sums over members in whole numbers: exact, and the same in any order and any grouping."""

from typing import NamedTuple

import numpy as np

from rum_jax.memorization.group import MARGIN_UNIT, Group

# Confidence sigmoid(margin), in units of 1/CONFIDENCE_ONE, of every int16 margin.
CONFIDENCE_ONE = 2**16 - 1
_MARGINS = np.arange(-2**15, 2**15) * MARGIN_UNIT
_CONFIDENCE = np.rint(CONFIDENCE_ONE / (1 + np.exp(-_MARGINS))).astype(np.int64)


class Tally(NamedTuple):
    """Sums over the members seen so far, of n training and t test examples.

    A leading axis of 2 separates members with even numbers from those with odd numbers. `_in` and
    `_out` are sums over the members that were trained with and without the example.

    Attributes:
      members: int64[2], counts of members.
      times_in: int64[2,n], counts of members that were trained with the example.
      hits_in, hits_out: int64[2,n], counts of members that predict its label.
      confidence_in, confidence_out: int64[n], sums of confidences, in units of 1/CONFIDENCE_ONE.
      squares_in, squares_out: int64[n], sums of their squares, in units of 1/CONFIDENCE_ONE^2.
      margin_in, margin_out: int64[n], sums of margins, in MARGIN_UNIT nats.
      hits_test: int64[t], counts of members that predict the label of each test example.
    """

    members: np.ndarray
    times_in: np.ndarray
    hits_in: np.ndarray
    hits_out: np.ndarray
    confidence_in: np.ndarray
    confidence_out: np.ndarray
    squares_in: np.ndarray
    squares_out: np.ndarray
    margin_in: np.ndarray
    margin_out: np.ndarray
    hits_test: np.ndarray


def empty(train: int, test: int) -> Tally:
    """The tally of no member."""
    halves = [np.zeros((2, train), np.int64) for _ in range(3)]
    sums = [np.zeros(train, np.int64) for _ in range(6)]
    return Tally._make([np.zeros(2, np.int64), *halves, *sums, np.zeros(test, np.int64)])


def added(tally: Tally, group: Group) -> Tally:
    """The tally with the members of one more group."""
    odd = group.members % 2 == 1
    rows = (~odd, odd)
    halves = [np.stack([values[row].sum(0, dtype=np.int64) for row in rows]) for values in (
        group.included, group.included & group.correct_train,
        ~group.included & group.correct_train)]
    sums = [np.zeros_like(tally.margin_in) for _ in range(6)]
    for included, units in zip(group.included, group.margin_train, strict=True):
        margin = units.astype(np.int64)
        confidence = _CONFIDENCE[margin + 2**15]
        for at, values in enumerate((confidence, np.square(confidence), margin)):
            inside = values * included
            sums[2 * at] += inside
            sums[2 * at + 1] += values - inside
    more = [np.array([row.sum() for row in rows]), *halves, *sums,
            group.correct_test.sum(0, dtype=np.int64)]
    return Tally(*(old + new for old, new in zip(tally, more, strict=True)))
