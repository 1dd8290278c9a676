"""Batch plans: which example is used at which step, made on the host as plain integer arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

PADDING = -1


class Stream(NamedTuple):
    """One stream of batches.

    Attributes:
      index: int32[...,T,B] positions of examples; PADDING marks an empty place of a short batch.
      label: int32[...,T,B] the label to train on (it travels with the plan, so that an
        algorithm can relabel without touching the data); 0 where index is PADDING.
    """

    index: np.ndarray
    label: np.ndarray


def batches(order: np.ndarray, batch_size: int) -> np.ndarray:
    """Cuts an order int32[n] into int32[ceil(n/B),B]; the last batch is padded, never dropped."""
    steps = -(-len(order) // batch_size)
    padded = np.full(steps * batch_size, PADDING, np.int32)
    padded[:len(order)] = order
    return padded.reshape(steps, batch_size)


def stream(index: np.ndarray, labels: np.ndarray) -> Stream:
    """A stream that trains on the data set's own labels: int32[...,T,B] of labels int32[N]."""
    return Stream(index, np.where(index == PADDING, 0, labels[index]).astype(np.int32))


def shuffled_epochs(positions: np.ndarray, batch_size: int,
                    generators: list[np.random.Generator]) -> np.ndarray:
    """One reshuffled pass over positions int32[n] per generator -> int32[E*ceil(n/B),B]."""
    return np.concatenate([batches(rng.permutation(positions), batch_size)
                           for rng in generators])


def per_epoch(values: np.ndarray, steps_per_epoch: int) -> np.ndarray:
    """Repeats float[...,E] values for every step of their epoch -> [...,E*steps_per_epoch]."""
    return np.repeat(values, steps_per_epoch, axis=-1)


def cosine(epochs: int, period: int) -> np.ndarray:
    """(1 + cos(pi * e / period)) / 2 for e = 0..epochs-1, float64[epochs]."""
    return (1 + np.cos(np.pi * np.arange(epochs) / period)) / 2


def multistep(epochs: int, milestones: Sequence[int], factor: float) -> np.ndarray:
    """factor to the number of milestones <= e, for e = 0..epochs-1, float64[epochs]."""
    passed = np.searchsorted(np.sort(milestones), np.arange(epochs), side="right")
    return factor ** passed.astype(np.float64)
