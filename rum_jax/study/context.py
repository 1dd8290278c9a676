"""What all stages share: the config, the data and the engine."""

import pathlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from rum_jax.config import identity
from rum_jax.config.content import Content, code_digests, content_of, flat, replaced
from rum_jax.core import records
from rum_jax.data.arrays import Dataset
from rum_jax.experiment.build import (
    SMALLER,
    check_group_memory,
    data_digests,
    make_task,
    sha256,
)
from rum_jax.proxies.learning_events import EVENTS
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.train import memory
from rum_jax.train.fit import Task
from rum_jax.train.resume import CHECKPOINTS, discard_partial
from rum_jax.train.state import TrainState

LONGEST_NAME = 60  # letters of a readable folder name


class Study(NamedTuple):
    """One run.

    Attributes:
      workdir: where its files are.
      config: see `rum_jax/config/base.py`; checked.
      dataset: images, labels, ids, splits.
      task: network and examples on the engine.
      content: the config with the digests of all files that it names.
      data: folder of the stage "data".
    """

    workdir: pathlib.Path
    config: ConfigDict
    dataset: Dataset
    task: Task
    content: Content
    data: pathlib.Path


def make_study(workdir: pathlib.Path, config: ConfigDict) -> Study:
    """Loads the data (stage "data") and prepares the engine.

    Raises:
      InputError: more devices than there are; the data differ from those the run began with.
    """
    stage_cache.discard_partials(workdir)
    discard_partial(workdir / CHECKPOINTS)
    dataset, task = make_task(config)
    content = content_of(config.to_dict())
    fields = content.part(*identity.DATA)
    origin = Origin({**fields, **_digests(dataset),
                     "type of the models' numbers": task.model.dtype})
    folder = stage_cache.stage(workdir, "data", lambda folder: records.write_arrays(
        folder / "data.npz", **_arrays(dataset)), origin)
    return Study(workdir, config, dataset, task, content, folder)


def check_memory(study: Study) -> None:
    """Says how much memory the largest trainings need, of those that are still to be done.

    Raises:
      InputError: they do not fit.
    """
    config, task = study.config, study.task
    size, examples = config.train.batch_size, len(study.dataset.train)
    if not any(stage_cache.finished(study.workdir, "retrain_again")):
        memory.check_plan("config.train.epochs: original models", len(config.seeds),
                          config.train.epochs, examples, size, len(EVENTS))
        memory.check(task, f"{len(config.seeds)} original models", len(config.seeds), size,
                     f"fewer config.seeds, {SMALLER}", config.optimizer.name)
    if (config.campaign.models and not config.memorization.scores
            and not any(stage_cache.finished(study.workdir, "memorization"))):
        check_group_memory(config, task)


def folder_of(name: str, identity: str = "") -> str:
    """The folder name of a row or a forget set; different rows or sets have different ones.

    A short name of letters, digits and a colon is kept, as `rum_f-salun` for `rum_f:salun`; any
    other is shortened, and ends in a digest.

    Args:
      name: of the row or set.
      identity: text that the digest is computed from; "": the name. For a row with user-defined
        code, the row with the file's digest in place of its path, so that the file may be moved.
    """
    plain = re.fullmatch(r"\w+(:\w+)?", name, re.ASCII)
    readable = re.sub(r"[^\w.-]+", "-", name.replace("*", "x"), flags=re.ASCII).strip("-.")
    if plain and len(name) <= LONGEST_NAME:
        return readable
    return f"{readable[:LONGEST_NAME]}-{records.digest(identity or name)[:8]}"


def row_folder(row: str) -> str:
    """`folder_of` a row; the same wherever the file of a user's own code is."""
    files = code_digests(row)
    return folder_of(replaced(row, dict.fromkeys(files, "")), replaced(row, files))


def take(states: TrainState, models: Sequence[int]) -> TrainState:
    """Those of M models, any of them any number of times; on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[list(models)], states)


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Ids, labels and splits, for people who look into a run."""
    return {"ids": dataset.ids, "labels": dataset.labels, "clean_labels": dataset.clean_labels,
            "class_numbers": np.array(dataset.class_numbers), **dataset.positions}


def _digests(dataset: Dataset) -> dict:
    """What a run must find as it began with: by name, as JSON values."""
    names = {**flat(data_digests(dataset), ""), "class_numbers": dataset.class_numbers,
             "clean_labels_sha256": sha256(dataset.clean_labels)}
    return {f"content of config.data, {name.lstrip('.')}": value for name, value in names.items()}
