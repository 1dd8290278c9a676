"""Batch plans: which example is used at which step, made on the host as plain integer arrays."""

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
    """Repeats float[E] values for every step of their epoch -> float32[E*steps_per_epoch]."""
    return np.repeat(np.asarray(values, np.float32), steps_per_epoch)


def cosine(learning_rate: float, epochs: int) -> np.ndarray:
    """lr_e = lr * (1 + cos(pi * e / E)) / 2 for e = 0..E-1, float64[E] (spec section 3)."""
    return learning_rate * (1 + np.cos(np.pi * np.arange(epochs) / epochs)) / 2


def constant(learning_rate: float, epochs: int) -> np.ndarray:
    """The same rate in every epoch, float64[E] (spec section 4)."""
    return np.full(epochs, learning_rate)
