"""What all stages share: the config, the data and the engine."""

import hashlib
import pathlib
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax import data, models, records, store
from rum_jax.data.arrays import Dataset
from rum_jax.devices import convolution_of, engine_of
from rum_jax.errors import InputError
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe
from rum_jax.unlearn.base import UnlearnOptimizer


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
    engine = engine_of(config.engine)
    store.discard_partials(workdir)
    dataset = data.load(**config.data.to_dict())
    folder = store.stage(workdir, "data", lambda folder: _write(folder, dataset))
    _check(folder / "data.npz", dataset)
    model = models.build(config.model.name, dataset.spec, config.model.widths,
                         config.model.blocks, convolution_of(config.engine))
    return Study(workdir, config, dataset, Task(engine, model, dataset.images, dataset.labels))


def folder_of(row: str) -> str:
    """Name of a row's folder."""
    return row.replace(":", "-").replace("/", "-")


def recipe(config: ConfigDict, epochs: int) -> Recipe:
    """Training from scratch for so many epochs, else as the config's `train` section says."""
    optimizer = Optimizer(config.train.batch_size, config.train.momentum,
                          config.train.weight_decay)
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
