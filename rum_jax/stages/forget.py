"""The stage that chooses the forget set."""

import pathlib

import numpy as np

from rum_jax import records, store
from rum_jax.refine.forget_set import select
from rum_jax.stages.study import Study


def forget_set(study: Study, memorization: pathlib.Path) -> pathlib.Path:
    """Chooses by memorization; `forget.npz` has ids, positions int32[F] and scores float64[F].

    Raises:
      InputError: the scores do not allow that choice.
    """

    def write(folder: pathlib.Path) -> None:
        wanted, dataset = study.config.forget, study.dataset
        scores = records.read_arrays(memorization / "memorization.npz")["memorization"]
        places = select(wanted.selection, scores, wanted.size)
        positions = dataset.train[places]
        records.write_arrays(folder / "forget.npz", ids=dataset.ids[positions],
                             positions=positions, memorization=scores[places])

    return store.stage(study.workdir, "forget", write)


def load_forget(folder: pathlib.Path) -> tuple[np.ndarray, np.ndarray]:
    """(positions int32[F] ascending, memorization float64[F])."""
    stored = records.read_arrays(folder / "forget.npz")
    return stored["positions"], stored["memorization"]
