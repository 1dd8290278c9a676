"""Checkpoints of trainings within a stage, from which a killed run resumes."""

import shutil
from collections.abc import Callable

from rum_jax.core import records
from rum_jax.runtime import distributed
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study
from rum_jax.train.resume import CHECKPOINTS, Checkpointing, kept_seconds


def checkpointing(study: Study, name: str, origin: Origin,
                  clock: Callable[[], float]) -> Checkpointing | None:
    """How a stage's training is checkpointed; None if config.train.checkpoint_epochs is 0."""
    if not study.config.train.checkpoint_epochs:
        return None
    folder = study.workdir / CHECKPOINTS / name
    made_from = records.digest([records.plain(origin.values),
                                *map(stage_cache.identity, origin.reads)])
    return Checkpointing(folder, study.config.train.checkpoint_epochs, clock, kept_seconds(folder),
                         made_from)


def clear_checkpoints(study: Study, name: str) -> None:
    """Removes the checkpoints of a finished stage."""
    if not distributed.is_writer():
        return
    root = study.workdir / CHECKPOINTS
    shutil.rmtree(root / name, ignore_errors=True)
    for folder in (root / name).parents:
        if folder == study.workdir or not folder.exists() or any(folder.iterdir()):
            break
        folder.rmdir()
