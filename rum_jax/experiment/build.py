"""From a config to objects: data set, network, engine, and how models are trained."""

import hashlib
import math
from collections.abc import Mapping, Sequence

import jax
import numpy as np
from ml_collections import ConfigDict

from rum_jax import data, models
from rum_jax.config.schema import AUTO
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Dataset
from rum_jax.models.convolution import BLOCKED
from rum_jax.models.given_statistics import with_given
from rum_jax.runtime import distributed
from rum_jax.runtime.xla import cpu_cores, on_cpu
from rum_jax.train import memory
from rum_jax.train.engine import SERIES, Engine, make_engine
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe
from rum_jax.unlearn.base import UnlearnOptimizer

LONG_PIXELS = 10_000_000
SMALLER = "a smaller config.train.batch_size, or a larger config.engine.data_devices"


def make_task(config: ConfigDict) -> tuple[Dataset, Task]:
    """The data set, and the network with its examples on the engine.

    Where models are given with a mean and std of their own, all models of the study have these.

    Raises:
      InputError: more devices than there are, or devices that `data_devices` does not divide.
    """
    engine = engine_of(config.engine, (config.train.batch_size, config.unlearn.batch_size))
    dataset = with_given(data.load(**config.data.to_dict()), config.train)
    expected = config.model
    model = models.build(expected.name, dataset.spec, expected.widths, expected.blocks,
                         convolution_of(config.engine, _is_long(config, dataset)),
                         dtype_of(expected.dtype), expected.batch_norm_groups,
                         expected.kwargs.to_dict())
    return dataset, Task(engine, model, dataset.images, dataset.labels)


def engine_of(config: Mapping, batch_sizes: Sequence[int]) -> Engine:
    """The engine of a config's `engine` section, for training batches of these sizes.

    Raises:
      InputError: more devices than there are, or they cannot be shared as asked.
    """
    requested, available = config["devices"], len(jax.devices())
    if requested > available:
        raise InputError(f"config.engine.devices: is {requested}; allowed: 0..{available}, the "
                         f"{jax.default_backend()} devices there are")
    if distributed.is_multiprocess() and requested not in (0, available):
        raise InputError(f"config.engine.devices: is {requested}; allowed with several processes: "
                         f"0, all of the {available} devices of them together")
    a_cpu_alone = on_cpu() and not distributed.is_multiprocess()
    usable = requested or (min(available, cpu_cores()) if a_cpu_alone else available)
    share = config["data_devices"] or (1 if on_cpu() else 0)
    if share and usable % share:
        raise InputError(f"config.engine.data_devices: is {share}; allowed: a divisor of the "
                         f"{usable} devices that are used")
    strategy = config["strategy"]
    return make_engine(usable, SERIES if strategy == AUTO else strategy,
                       config["steps_per_call"], share, math.gcd(*batch_sizes))


def convolution_of(config: Mapping, long: bool = False) -> str:
    """The convolution lowering of a config's `engine` section.

    On CPUs that is chosen automatically by what it is for: the one that computes fastest for
    `long` trainings, and for the many short phases of a small study the one whose programs compile
    in half the time.
    """
    if config["convolution"] != AUTO:
        return config["convolution"]
    if not on_cpu():
        return "native"
    return BLOCKED if long else "patches"


def dtype_of(requested: str) -> str:
    """The type that a model computes in, from a config's `model.dtype`."""
    if requested != AUTO:
        return requested
    return "float32" if on_cpu() else "bfloat16"


def _is_long(config: ConfigDict, dataset: Dataset) -> bool:
    """Whether training takes so long that a program may take twice as long to compile.

    A campaign does, and a study whose originals see LONG_PIXELS each: its programs have more to do
    than to be compiled. On small CIFAR-10, with 35 million, a search then takes half as long; the
    digits have 1.2 million.
    """
    pixels = len(dataset.train) * config.train.epochs * np.prod(dataset.images.shape[1:3])
    return config.campaign.alone or pixels >= LONG_PIXELS


def check_group_memory(config: ConfigDict, task: Task) -> None:
    """Says how much memory a group of memorization models needs; InputError: it does not fit."""
    together = min(config.campaign.group_size, config.campaign.models)
    memory.check(task, f"{together} memorization models", together, config.train.batch_size,
                 f"a smaller config.campaign.group_size, {SMALLER}", config.optimizer.name)


def recipe(config: ConfigDict, section: ConfigDict) -> Recipe:
    """Training from scratch.

    Epochs, schedule and augmentation are those of the section, `train` or `memorization`; the
    rest of SGD is that of `train`.
    """
    optimizer = Optimizer(config.train.batch_size, config.train.momentum,
                          config.train.weight_decay, section.augmentation, config.optimizer.name,
                          config.optimizer.warmup_epochs)
    return Recipe(section.epochs, config.train.learning_rate, optimizer, section.schedule,
                  tuple(section.milestones))


def unlearn_optimizer(config: ConfigDict) -> UnlearnOptimizer:
    """The optimizer of unlearning algorithms."""
    chosen = config.optimizer
    return UnlearnOptimizer(**config.unlearn.to_dict(), name=chosen.name,
                            warmup_epochs=chosen.warmup_epochs, schedule=chosen.unlearn_schedule)


def data_digests(dataset: Dataset) -> dict:
    """What identifies a data set as it is trained on, as JSON values."""
    spec = dataset.spec
    arrays = {"ids": np.char.encode(dataset.ids, "utf-8"), "labels": dataset.labels,
              "images": dataset.images, **dataset.positions}
    return {**{f"{name}_sha256": sha256(array) for name, array in arrays.items()},
            "mean": spec.mean, "std": spec.std, "pixel_max": spec.pixel_max}


def sha256(array: np.ndarray) -> str:
    """SHA-256 of an array's bytes, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()
