"""Checkpoints of unfinished trainings, from which interrupted ones resume."""

import hashlib
import pathlib
import shutil
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.models import Model
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.train import checkpoint
from rum_jax.train.state import TrainState

PyTree = Any
CHECKPOINTS = "checkpoints"  # folder in a workdir of the states of trainings under way
REMEDY = "delete it to start that training anew"


class FitCheckpoint(NamedTuple):
    """A checkpoint of an unfinished training.

    Attributes:
      steps: number of steps taken.
      states: after these steps, leading axis M.
      losses: float[M,steps].
      record: the objective's records, one array [M,steps,...]; None if it makes none.
    """

    steps: int
    states: TrainState
    losses: np.ndarray
    record: np.ndarray | None = None


class Checkpointing(NamedTuple):
    """Where and how often a training writes checkpoints.

    Attributes:
      folder: of this training alone; a checkpoint is written as `partial` in it, then renamed to
        `steps-<n>`.
      every: interval, in epochs for `train`, in steps for `fit`; 0: never.
      clock: () -> seconds that this process has worked so far; stored in the checkpoint.
      earlier_seconds: seconds that earlier processes have worked, see `kept_seconds`.
      made_from: digest of what the plan does not contain: network, data, momentum, weight decay.
    """

    folder: pathlib.Path
    every: int
    clock: Callable[[], float]
    earlier_seconds: float
    made_from: str = ""

    def of_epochs(self, steps_per_epoch: int) -> "Checkpointing":
        """The same in steps."""
        return self._replace(every=self.every * steps_per_epoch)

    def next_stop(self, step: int, total: int) -> int:
        """The first step after this one at which the state is kept, or the last of all."""
        return min(total, (step // self.every + 1) * self.every) if self.every else total

    def save(self, plan: PyTree, model: Model, reached: FitCheckpoint) -> None:
        """Keeps a state; earlier ones are removed. Several processes must all call it."""
        earlier, partial = _kept(self.folder), self.folder / "partial"
        if distributed.is_writer():
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
        checkpoint.save(partial / "states", reached.states)
        if not distributed.is_writer():
            return
        arrays = {"losses": reached.losses, "record": reached.record}
        records.write_arrays(partial / "losses.npz", **{
            name: array for name, array in arrays.items() if array is not None})
        records.write_json(partial / "kept.json", {
            "plan": _digest(plan), "made_from": self.made_from,
            "seconds": self.earlier_seconds + self.clock(),
            "outputs": model.outputs(reached.states.params), "sha256": _file_digests(partial)})
        partial.replace(self.folder / f"steps-{reached.steps:09d}")
        for path in earlier:
            shutil.rmtree(path)

    def load(self, plan: PyTree, model: Model, optimizer: str) -> FitCheckpoint | None:
        """The last state that was kept; None if there is none. `optimizer`: see `Context`.

        Raises:
          InputError: it is of another plan or model.
        """
        names = distributed.broadcast_from_writer([path.name for path in _kept(self.folder)])
        if not names:
            return None
        path = self.folder / names[-1]
        stored, losses, record = _stored(path)
        if stored["plan"] != _digest(plan):
            raise InputError(f"{path}: was kept by a training with another plan (other examples, "
                             f"order or rates); {REMEDY}")
        if stored["made_from"] != self.made_from:
            raise InputError(f"{path}: was kept by a training of another network, on other data, "
                             f"or with another momentum or weight decay; {REMEDY}")
        try:
            states = checkpoint.load(path / "states", model, len(losses), stored["outputs"],
                                     optimizer)
        except InputError as error:
            raise InputError(f"{error}; {REMEDY}") from error
        steps = losses.shape[1]
        say(f"going on from step {steps}, kept in {path}")
        return FitCheckpoint(steps, states, losses, record)


def kept_seconds(folder: pathlib.Path) -> float:
    """Seconds of work that the state kept in a folder took; 0 if there is none."""
    kept = _kept(folder)
    return _stored(kept[-1])[0]["seconds"] if kept else 0.0


def discard_partial(folder: pathlib.Path) -> None:
    """Removes states that were being written below a folder when a process ended."""
    if not distributed.is_writer():
        return
    for path in list(folder.rglob("partial")):
        shutil.rmtree(path, ignore_errors=True)


def _stored(path: pathlib.Path) -> tuple[dict, np.ndarray, np.ndarray | None]:
    """What a kept state says of itself, and its `losses` and `record`; see `FitCheckpoint`."""
    try:
        about = records.read_json(path / "kept.json")
        changed = [name for name, digest in about["sha256"].items()
                   if records.sha256(path / name) != digest]
        if changed:
            raise ValueError(f"the content of {changed[0]} is not what was written")
        arrays = records.read_arrays(path / "losses.npz")
        if not isinstance(about["seconds"], int | float) or not isinstance(about["outputs"], int):
            raise ValueError("kept.json has values of other types")
        return ({name: about[name] for name in ("plan", "made_from", "seconds", "outputs")},
                arrays["losses"], arrays.get("record"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError,
            zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is damaged ({error}); {REMEDY}") from error


def _kept(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(folder.glob("steps-*"))


def _file_digests(folder: pathlib.Path) -> dict[str, str]:
    """SHA-256 of each file below a folder."""
    return {path.relative_to(folder).as_posix(): records.sha256(path)
            for path in sorted(folder.rglob("*")) if path.is_file()}


def _digest(plan: PyTree) -> str:
    digest = hashlib.sha256()
    for leaf in jax.tree.leaves(plan):
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()
