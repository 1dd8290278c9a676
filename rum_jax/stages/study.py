"""What all stages share: the config, the data and the engine."""

import hashlib
import pathlib
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax import data, models, records, store
from rum_jax.data.arrays import Dataset
from rum_jax.devices import convolution_of, dtype_of, engine_of
from rum_jax.errors import InputError
from rum_jax.train import memory
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe
from rum_jax.unlearn.base import UnlearnOptimizer

SMALLER = "a smaller config.train.batch_size, or a larger config.engine.data_devices"


class Study(NamedTuple):
    """One run.

    Attributes:
      workdir: where its files are.
      config: see `rum_jax/config/base.py`; checked.
      dataset: images, labels, ids, splits.
      task: network and examples on the engine.
    """

    workdir: pathlib.Path
    config: ConfigDict
    dataset: Dataset
    task: Task


def make_study(workdir: pathlib.Path, config: ConfigDict) -> Study:
    """Loads the data (stage "data") and prepares the engine.

    Raises:
      InputError: more devices than there are; the data differ from those the run began with.
    """
    store.discard_partials(workdir)
    dataset, task = make_task(config)
    folder = store.stage(workdir, "data", lambda folder: _write(folder, dataset))
    _check(folder / "data.npz", dataset)
    return Study(workdir, config, dataset, task)


def make_task(config: ConfigDict) -> tuple[Dataset, Task]:
    """The data set, and the network with its examples on the engine.

    Raises:
      InputError: more devices than there are, or the largest trainings do not fit on them.
    """
    engine = engine_of(config.engine, (config.train.batch_size, config.unlearn.batch_size))
    dataset, wanted = data.load(**config.data.to_dict()), config.model
    model = models.build(wanted.name, dataset.spec, wanted.widths, wanted.blocks,
                         convolution_of(config.engine), dtype_of(wanted.dtype),
                         wanted.batch_norm_groups)
    return dataset, Task(engine, model, dataset.images, dataset.labels)


def check_memory(config: ConfigDict, task: Task) -> None:
    """Says how much memory the largest trainings need.

    Raises:
      InputError: they do not fit.
    """
    size, group = config.train.batch_size, config.memorization
    memory.check(task, f"{len(config.seeds)} original models", len(config.seeds), size,
                 f"fewer config.seeds, {SMALLER}")
    if not group.scores:
        together = min(group.group_size, group.models)
        memory.check(task, f"{together} memorization models", together, size,
                     f"a smaller config.memorization.group_size, {SMALLER}")


def folder_of(row: str) -> str:
    """Name of a row's folder."""
    return row.replace(":", "-").replace("/", "-")


def recipe(config: ConfigDict, epochs: int, augmentation: str) -> Recipe:
    """Training from scratch; what is not given is as in the config's `train` section."""
    optimizer = Optimizer(config.train.batch_size, config.train.momentum,
                          config.train.weight_decay, augmentation)
    return Recipe(epochs, config.train.learning_rate, optimizer, config.train.schedule,
                  tuple(config.train.milestones))


def retrain_hparams(config: ConfigDict) -> dict:
    """Hyper-parameters of the oracles: those of the original models."""
    return {"epochs": config.train.epochs, "learning_rate": config.train.learning_rate,
            "schedule": config.train.schedule, "milestones": tuple(config.train.milestones),
            "period_epochs": 0}


def unlearn_optimizer(config: ConfigDict) -> UnlearnOptimizer:
    """The optimizer of unlearning algorithms."""
    return UnlearnOptimizer(**config.unlearn.to_dict())


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    digest = hashlib.sha256(np.ascontiguousarray(dataset.images).tobytes()).hexdigest()
    return {"ids": dataset.ids, "labels": dataset.labels, "clean_labels": dataset.clean_labels,
            "images_sha256": np.array(digest), **dataset.positions}


def _write(folder: pathlib.Path, dataset: Dataset) -> None:
    records.write_arrays(folder / "data.npz", **_arrays(dataset))


def _check(path: pathlib.Path, dataset: Dataset) -> None:
    stored = records.read_arrays(path)
    changed = [name for name, array in _arrays(dataset).items()
               if not np.array_equal(stored[name], array)]
    if changed:
        raise InputError(f"{path}: the data set is no longer the one this run began with "
                         f"({', '.join(changed)} differ); use another --workdir")
