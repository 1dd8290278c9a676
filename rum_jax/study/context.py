"""What all stages share: the config, the data and the engine."""

import hashlib
import pathlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from ml_collections import ConfigDict

from rum_jax import data, models
from rum_jax.config.content import Content, code_digests, content_of, flat, replaced
from rum_jax.core import records
from rum_jax.data.arrays import Dataset
from rum_jax.devices import convolution_of, dtype_of, engine_of
from rum_jax.models.given_statistics import with_given
from rum_jax.proxies.learning_events import EVENTS
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.train import memory
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe
from rum_jax.train.resume import discard_partial
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import UnlearnOptimizer

KEPT = "checkpoints"  # folder of states that are kept on the way
LONG_PIXELS = 10_000_000
LONGEST_NAME = 60  # letters of a readable folder name
SMALLER = "a smaller config.train.batch_size, or a larger config.engine.data_devices"


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
    discard_partial(workdir / KEPT)
    dataset, task = make_task(config)
    content = content_of(config.to_dict())
    fields = content.part("data", "train.from_files_mean", "train.from_files_std")
    origin = Origin({**fields, **_digests(dataset),
                     "type of the models' numbers": task.model.dtype})
    folder = stage_cache.stage(workdir, "data", lambda folder: records.write_arrays(
        folder / "data.npz", **_arrays(dataset)), origin)
    return Study(workdir, config, dataset, task, content, folder)


def make_task(config: ConfigDict) -> tuple[Dataset, Task]:
    """The data set, and the network with its examples on the engine.

    Where models are given with a mean and std of their own, all models of the study have these.

    Raises:
      InputError: more devices than there are, or devices that cannot be shared as asked.
    """
    engine = engine_of(config.engine, (config.train.batch_size, config.unlearn.batch_size))
    dataset = with_given(data.load(**config.data.to_dict()), config.train)
    wanted = config.model
    model = models.build(wanted.name, dataset.spec, wanted.widths, wanted.blocks,
                         convolution_of(config.engine, _is_long(config, dataset)),
                         dtype_of(wanted.dtype), wanted.batch_norm_groups)
    return dataset, Task(engine, model, dataset.images, dataset.labels)


def _is_long(config: ConfigDict, dataset: Dataset) -> bool:
    """Whether training takes so long that a program may take twice as long to compile.

    A campaign does, and a study whose originals see LONG_PIXELS each: its programs have more to do
    than to be compiled. On small CIFAR-10, with 35 million, a search then takes half as long; the
    digits have 1.2 million.
    """
    pixels = len(dataset.train) * config.train.epochs * np.prod(dataset.images.shape[1:3])
    return config.campaign.alone or pixels >= LONG_PIXELS


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
                     f"fewer config.seeds, {SMALLER}")
    if (config.campaign.models and not config.memorization.scores
            and not any(stage_cache.finished(study.workdir, "memorization"))):
        check_group_memory(config, task)


def check_group_memory(config: ConfigDict, task: Task) -> None:
    """Says how much memory a group of memorization models needs; InputError: it does not fit."""
    together = min(config.campaign.group_size, config.campaign.models)
    memory.check(task, f"{together} memorization models", together, config.train.batch_size,
                 f"a smaller config.campaign.group_size, {SMALLER}")


def folder_of(name: str, identity: str = "") -> str:
    """A folder's name for a row or a forget set: no two of them have the same one.

    Names of letters, digits and a colon are readable, as `rum_f-salun`; all others end in a digest.

    Args:
      name: of the row or set.
      identity: what the digest is of; "": the name. For a row with a user's own code it is the row
        with the digest of the file in place of its path, so that the file may be moved.
    """
    plain = re.fullmatch(r"\w+(:\w+)?", name, re.ASCII)
    readable = re.sub(r"[^\w.-]+", "-", name.replace("*", "x"), flags=re.ASCII).strip("-.")
    if plain and len(name) <= LONGEST_NAME:
        return readable
    return f"{readable[:LONGEST_NAME]}-{records.digest(identity or name)[:8]}"


def row_folder(row: str) -> str:
    """`folder_of` a row."""
    return folder_of(row, replaced(row, code_digests(row)))


def take(states: TrainState, models: Sequence[int]) -> TrainState:
    """Those of M models, any of them any number of times; on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[list(models)], states)


def recipe(config: ConfigDict, section: ConfigDict) -> Recipe:
    """Training from scratch.

    Epochs, schedule and augmentation are those of the section, `train` or `memorization`; the
    rest of SGD is that of `train`.
    """
    optimizer = Optimizer(config.train.batch_size, config.train.momentum,
                          config.train.weight_decay, section.augmentation)
    return Recipe(section.epochs, config.train.learning_rate, optimizer, section.schedule,
                  tuple(section.milestones))


def retrain_hparams(config: ConfigDict) -> dict:
    """Hyper-parameters of the oracles: those of the original models."""
    return {"epochs": config.train.epochs, "learning_rate": config.train.learning_rate,
            "schedule": config.train.schedule, "milestones": tuple(config.train.milestones),
            "period_epochs": 0}


def unlearn_optimizer(config: ConfigDict) -> UnlearnOptimizer:
    """The optimizer of unlearning algorithms."""
    return UnlearnOptimizer(**config.unlearn.to_dict())


def _arrays(dataset: Dataset) -> dict[str, np.ndarray]:
    """Ids, labels and splits, for people who look into a run."""
    return {"ids": dataset.ids, "labels": dataset.labels, "clean_labels": dataset.clean_labels,
            "class_numbers": np.array(dataset.class_numbers), **dataset.positions}


def _digests(dataset: Dataset) -> dict:
    """What a run must find as it began with: by name, as JSON values."""
    names = {**flat(data_digests(dataset), ""), "class_numbers": dataset.class_numbers,
             "clean_labels_sha256": _sha256(dataset.clean_labels)}
    return {f"content of config.data, {name.lstrip('.')}": value for name, value in names.items()}


def data_digests(dataset: Dataset) -> dict:
    """What identifies a data set as it is trained on, as JSON values."""
    spec = dataset.spec
    arrays = {"ids": np.char.encode(dataset.ids, "utf-8"), "labels": dataset.labels,
              "images": dataset.images, **dataset.positions}
    return {**{f"{name}_sha256": _sha256(array) for name, array in arrays.items()},
            "mean": spec.mean, "std": spec.std, "pixel_max": spec.pixel_max}


def _sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
