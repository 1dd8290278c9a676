"""How models are trained, with the demo's values as defaults."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from rum_jax.config.base import get_config
from rum_jax.core import checks
from rum_jax.core.errors import raise_if_any
from rum_jax.data.augment import AUGMENTATIONS, NONE
from rum_jax.train import recipe as training
from rum_jax.train.state import OPTIMIZERS
from rum_jax.unlearn.base import BATCH_NORM, SCHEDULES, UnlearnOptimizer

_TRAIN = get_config().train
_UNLEARN = get_config().unlearn
_OPTIMIZER = get_config().optimizer


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How models are trained from scratch, and the batches and SGD of unlearning.

    Attributes:
      epochs: of retraining and memorization models.
      learning_rate: of the first epoch.
      batch_size: examples.
      momentum, weight_decay: of SGD; the decay is on all parameters.
      schedule: "cosine" to 0 over the epochs, or "steps": times 0.2 at each milestone.
      milestones: epochs, for steps.
      augmentation: of every example: "none", "crop" or "crop_and_flip".
      optimizer: of training and unlearning, "sgd" or "adamw": momentum is its first beta, and the
        decay is decoupled.
      warmup_epochs: over which the learning rate rises from 0.
      unlearn_schedule: of unlearning, "constant", or "cosine" to 0 over its epochs.
      batch_norm: while unlearning, "train": batch statistics are used and running ones move;
        "eval": running ones are used and stay, and dropout is off.

    Raises:
      InputError: names every field with a value that is not allowed.
    """

    epochs: int = _TRAIN.epochs
    learning_rate: float = _TRAIN.learning_rate
    batch_size: int = _TRAIN.batch_size
    momentum: float = _TRAIN.momentum
    weight_decay: float = _TRAIN.weight_decay
    schedule: str = _TRAIN.schedule
    milestones: Sequence[int] = tuple(_TRAIN.milestones)
    augmentation: str = _TRAIN.augmentation
    optimizer: str = _OPTIMIZER.name
    warmup_epochs: float = _OPTIMIZER.warmup_epochs
    unlearn_schedule: str = _OPTIMIZER.unlearn_schedule
    batch_norm: str = _UNLEARN.batch_norm

    def __post_init__(self) -> None:
        for name, value in vars(self).copy().items():
            if isinstance(value, np.generic):
                object.__setattr__(self, name, value.item())
        if isinstance(self.milestones, list):
            object.__setattr__(self, "milestones", tuple(self.milestones))
        raise_if_any([f"{name}: {fault}" for name, check in _CHECKS.items()
                      if (fault := check(getattr(self, name)))], "rum.Recipe:")

    def training(self) -> training.Recipe:
        """The recipe as the trainer takes it."""
        optimizer = training.Optimizer(self.batch_size, self.momentum, self.weight_decay,
                                       self.augmentation, self.optimizer, self.warmup_epochs)
        return training.Recipe(self.epochs, self.learning_rate, optimizer, self.schedule,
                               tuple(self.milestones))

    def unlearning(self) -> UnlearnOptimizer:
        """The optimizer of unlearning algorithms."""
        return UnlearnOptimizer(self.batch_size, self.momentum, self.weight_decay,
                                self.augmentation, self.optimizer, self.warmup_epochs,
                                tuple(_UNLEARN.milestones), self.batch_norm, self.unlearn_schedule)

    def plain(self) -> dict[str, Any]:
        """The fields, for records."""
        return dataclasses.asdict(self)


_CHECKS: dict[str, checks.Check] = {
    "epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
    "batch_size": checks.integer(1), "momentum": checks.number(0, 1),
    "weight_decay": checks.number(0), "schedule": checks.one_of(training.SCHEDULES),
    "milestones": checks.sequence(checks.integer(1), at_least=0),
    "augmentation": checks.one_of((NONE, *AUGMENTATIONS)), "optimizer": checks.one_of(OPTIMIZERS),
    "warmup_epochs": checks.number(0, checks.MOST_EPOCHS),
    "unlearn_schedule": checks.one_of(SCHEDULES), "batch_norm": checks.one_of(BATCH_NORM)}
