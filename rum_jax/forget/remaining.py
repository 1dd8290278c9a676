"""Requests to forget, one after another: each chooses among what is left (spec section 8, 7)."""

from collections.abc import Sequence

import numpy as np

from rum_jax.data.arrays import Dataset
from rum_jax.errors import InputError
from rum_jax.forget import FAMILIES, choose
from rum_jax.forget.known import REQUESTS, Known, untrained


def among(known: Known, left: np.ndarray) -> Known:
    """What is known of some training examples alone, int64[r] ascending places."""
    gone = np.delete(known.ids, left)
    return known._replace(
        ids=known.ids[left], labels=known.labels[left], noisy=known.noisy[left],
        elsewhere=np.concatenate([known.elsewhere, gone]),
        score=lambda name: known.score(name)[left], features=lambda: known.features()[left])


def choose_left(name: str, known: Known, left: np.ndarray, size: int) -> np.ndarray:
    """The forget set of that name, of what is left; see `choose`.

    Args:
      name: `family:argument`.
      known: the whole training set, and what the model makes of it after the earlier requests.
      left: int64[r] ascending places that no earlier request asked for.
      size: number of examples; 0: all that are left of what the name stands for.

    Returns:
      int64[size] ascending places in the whole training set.

    Raises:
      InputError: there is no such set.
    """
    return left[choose(name, among(known, left), size)]


def request_faults(names: Sequence[str], dataset: Dataset, size: int) -> list[str]:
    """What is wrong with requests in that order, as far as the data alone tell."""
    known, left = untrained(dataset, REQUESTS), np.arange(len(dataset.train))
    for number, name in enumerate(names, start=1):
        if not FAMILIES[name.partition(":")[0]].early:
            continue
        try:
            left = np.setdiff1d(left, choose_left(name, known, left, size))
        except InputError as error:
            return [f"{error} (request {number})"]
    return []
