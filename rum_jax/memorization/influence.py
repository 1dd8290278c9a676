"""Influence of each training example on each test example, never all of it at once."""

from collections.abc import Iterator, Sequence

import numpy as np

from rum_jax.memorization.estimate import share

NONE, TOP, FULL = KINDS = "none", "top", "full"  # what a config can ask for
BLOCK = 4096  # training examples whose influence is computed at a time


def influence(included: np.ndarray, correct_test: np.ndarray,
              missing: float = np.nan) -> np.ndarray:
    """Influence of each training example on each test example (docs/parity.md#forget-sets).

    infl_ji = P(correct on j | i in the training set) - P(correct on j | i left out).

    Args:
      included: bool[M,n].
      correct_test: bool[M,t].
      missing: as in `memorization`.

    Returns:
      float32[t,n]; NaN in the columns of examples that were never in or never out.
    """
    times_in = included.sum(0)
    hits_in = correct_test.T.astype(np.float32) @ included.astype(np.float32)
    hits_out = correct_test.sum(0)[:, None] - hits_in
    inside = share(hits_in, np.broadcast_to(times_in, hits_in.shape), missing)
    outside = share(hits_out, np.broadcast_to(len(included) - times_in, hits_out.shape),
                     missing)
    return (inside - outside).astype(np.float32)


def influence_blocks(included: np.ndarray, correct_test: np.ndarray, n: int, t: int,
                     rows: int = 512) -> Iterator[tuple[int, np.ndarray]]:
    """`influence` for some test examples at a time, from bits.

    Args:
      included: uint8[M,ceil(n/8)], as `numpy.packbits` makes them.
      correct_test: uint8[M,ceil(t/8)].
      n, t: numbers of training and test examples.
      rows: test examples of a block, a multiple of 8.

    Yields:
      (first test example, float32[rows,n]); the last block may be shorter.
    """
    for first in range(0, t, rows):
        count = min(rows, t - first)
        right = np.unpackbits(correct_test[:, first // 8:(first + count + 7) // 8], axis=1,
                              count=count).astype(bool)
        block = np.empty((count, n), np.float32)
        for start in range(0, n, BLOCK):
            size = min(BLOCK, n - start)
            chosen = np.unpackbits(included[:, start // 8:(start + size + 7) // 8], axis=1,
                                   count=size).astype(bool)
            block[:, start:start + size] = influence(chosen, right)
        yield first, block


def top(block: np.ndarray, count: int,
        draws: Sequence[np.random.Generator]) -> tuple[np.ndarray, np.ndarray]:
    """The training examples with the largest influence on each test example of a block.

    With few models many influences are equal; which of those at the end are taken is drawn, as
    the first of them would be of the first classes in data that lie class after class.

    Args:
      block: float32[b,n]; NaN counts as least.
      count: k, of each; at most n of them are given.
      draws: b generators, one for each test example.

    Returns:
      int32[b,k] positions in the training set, and float32[b,k], both from the largest down,
      equal ones by position.
    """
    filled = np.where(np.isnan(block), -np.inf, block)
    places = np.stack([_largest(row, min(count, block.shape[1]), draw)
                       for row, draw in zip(filled, draws, strict=True)])
    return places.astype(np.int32), np.take_along_axis(block, places, 1)


def _largest(row: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Positions of the largest values, some of equal ones."""
    threshold = np.partition(row, len(row) - count)[len(row) - count]
    above = np.flatnonzero(row > threshold)
    level = draw.permutation(np.flatnonzero(row == threshold))[:count - len(above)]
    chosen = np.concatenate([above, level])
    return chosen[np.lexsort((chosen, -row[chosen]))]
