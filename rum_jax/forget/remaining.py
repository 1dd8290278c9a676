"""Requests to forget, one after another: each chooses among what is left."""

from collections.abc import Sequence

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator, request_address
from rum_jax.data.arrays import Dataset
from rum_jax.forget import FAMILIES, choose
from rum_jax.forget.selection import IDS, REQUESTS, SelectionContext, untrained


def among(context: SelectionContext, left: np.ndarray) -> SelectionContext:
    """What is known of some training examples alone, int32[r] positions."""
    kept = np.isin(context.positions, left)
    return context._replace(
        positions=context.positions[kept], ids=context.ids[kept], labels=context.labels[kept],
        noisy=context.noisy[kept],
        elsewhere=np.concatenate([context.elsewhere, context.ids[~kept]]),
        published=None if context.published is None else context.published[kept],
        score=lambda name: context.score(name)[kept], features=lambda: context.features()[kept],
        ties=lambda name: context.tie_order(name)[kept])


def choose_left(name: str, context: SelectionContext, left: np.ndarray, size: int) -> np.ndarray:
    """The forget set of that name, of what is left; see `choose`.

    Args:
      name: `family:argument`.
      context: the whole training set, and what the model makes of it after the earlier requests.
      left: int32[r] positions that no earlier request asked for.
      size: number of examples; 0: all that are left of what the name stands for.

    Returns:
      int32[size] ascending positions in the data.

    Raises:
      InputError: there is no such set.
    """
    return choose(name, among(context, left), size)


def as_request(context: SelectionContext, seed: int, number: int) -> SelectionContext:
    """The same for the request of that number, from 0: what draws it, and the fields it is of."""
    return context._replace(fields=REQUESTS, generator=lambda: generator(
        seed, "forget_set", *request_address(number)))


def request_faults(names: Sequence[str], dataset: Dataset, size: int,
                   seeds: Sequence[int], file_ids: str = IDS) -> list[str]:
    """Errors of a sequence of requests that can be found without models.

    A request that depends on a model is skipped; after it, the examples that are left are
    overestimated.
    """
    for seed in seeds:
        context, left = untrained(dataset, file_ids), dataset.train
        certain = True
        for number, name in enumerate(names):
            if not FAMILIES[name.partition(":")[0]].needs_only_data:
                certain = False
                continue
            try:
                chosen = choose_left(name, as_request(context, seed, number), left, size)
            except InputError as error:
                return [f"{error} (request {number + 1}, seed {seed})"]
            left = np.setdiff1d(left, chosen) if certain else left
        if not len(left):
            return [f"{REQUESTS.names}: ask for the whole training set; allowed: some that leave "
                    "examples to retain"]
    return []
