"""Losses and records of a training, as they come from the devices."""

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from rum_jax.core.errors import RunError
from rum_jax.runtime.progress import Progress
from rum_jax.train import placement
from rum_jax.train.resume import FitCheckpoint

PyTree = Any


class DivergedError(RunError):
    """A training loss became NaN or infinite."""


def check_finite(losses: np.ndarray, first_step: int, names: Sequence[str]) -> None:
    """Raises DivergedError if one of float[M,T] is not finite."""
    if not np.isfinite(losses).all():
        step, model = np.argwhere(~np.isfinite(losses.T))[0]
        raise DivergedError(f"loss is {losses[model, step]} at {names[model]}, step "
                            f"{first_step + step}; a smaller learning rate usually helps")


class Log:
    """Losses and records of all calls of the program; those of the last are fetched lazily.

    Args:
      names: of the M models, for messages.
      total: number of steps of the whole training.
      check: whether a loss that is not finite raises DivergedError.
      progress: called with the fraction of the steps whose losses were fetched.
      begun: the checkpoint that the training resumes from, if any.
    """

    def __init__(self, names: Sequence[str], total: int, check: bool, progress: Progress,
                 begun: FitCheckpoint | None) -> None:
        self._names, self._total, self._check, self._progress = names, total, check, progress
        self._pending: tuple | None = None
        self._losses = [begun.losses] if begun else []
        self._records: list[PyTree] = [begun.record] if begun else []

    def add(self, start: int, end: int, outputs: list[PyTree]) -> None:
        """Takes note of steps start..end-1, and fetches those before."""
        self._fetch_pending()
        self._pending = (start, end, outputs)

    def losses(self) -> np.ndarray:
        """float[M,steps so far]. DivergedError if one is not finite."""
        self._fetch_pending()
        return np.concatenate(self._losses, axis=1)

    def record(self) -> PyTree:
        """The objective's records of all steps."""
        self._fetch_pending()
        return jax.tree.map(lambda *leaves: np.concatenate(leaves, axis=1), *self._records)

    def _fetch_pending(self) -> None:
        if self._pending is None:
            return
        (start, end, outputs), self._pending = self._pending, None
        loss, record = jax.tree.map(lambda leaf: leaf[:, :end - start],
                                    placement.get(outputs, len(self._names)))
        if self._check:
            check_finite(loss, start, self._names)
        self._losses.append(loss)
        self._records.append(record)
        self._progress(end / self._total)
