"""Members of a memorization estimate: member k is a function of (seed, k) and the config alone."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rum_jax.core.randomness import ROLES, generator
from rum_jax.memorization.group import Group, margins
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Task
from rum_jax.train.log import DivergedError
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Recipe, initial_states, period_means, train
from rum_jax.train.resume import Checkpointing

# Raised when members come out differently, or campaigns are stored differently; 0.1 had 1.
RESULTS_VERSION = 2


@dataclasses.dataclass(frozen=True)
class Campaign:
    """What determines a member's outcome, besides its number.

    Attributes:
      seed: of the whole estimate.
      subset_fraction: of the training set, the same number of examples for every member.
      recipe: how members are trained.
      train, test: int32[n], int32[t] positions of the training and the test examples.
    """

    seed: int
    subset_fraction: float
    recipe: Recipe
    train: np.ndarray
    test: np.ndarray


def subset_size(fraction: float, examples: int) -> int:
    """How many of so many examples each member is trained on."""
    return round(fraction * examples)


def training_gradients(config: Mapping[str, Any], examples: int) -> int:
    """Example gradients that all memorization models of a config take; examples: to train on."""
    memorization = config["memorization"]
    return config["campaign"]["models"] * memorization["epochs"] * subset_size(
        memorization["subset_fraction"], examples)


def subset(campaign: Campaign, member: int) -> np.ndarray:
    """bool[n], a random subset of fixed size for that member, drawn without replacement."""
    size = len(campaign.train)
    chosen = generator(campaign.seed, "subset", member).choice(
        size, subset_size(campaign.subset_fraction, size), replace=False)
    included = np.zeros(size, bool)
    included[chosen] = True
    return included


def train_members(task: Task, campaign: Campaign, members: Sequence[int],
                  progress: Progress = silent, keep: Checkpointing | None = None) -> Group:
    """Trains these members at the same time and scores every training and test example.

    `keep` is as in `train`.

    Raises:
      DivergedError: a loss is not finite; the message names the member.
    """
    included = np.stack([subset(campaign, member) for member in members])
    positions = np.stack([campaign.train[mask] for mask in included])

    def order(member: int):
        return lambda epoch: generator(campaign.seed, "member_order", member, epoch)

    states = initial_states(
        task.model, [(campaign.seed, ROLES["member_init"], member) for member in members])
    _, fitted = train(task, positions, states, campaign.recipe, [order(k) for k in members],
                      [f"member {k}" for k in members], progress, keep=keep)
    per_epoch = period_means(fitted.losses, campaign.recipe.epochs)
    logits = predict(task, fitted.states)
    for member, model_logits in zip(members, logits, strict=True):
        if not np.isfinite(model_logits).all():
            raise DivergedError(f"member {member} predicts numbers that are not finite; a smaller "
                                "learning rate usually helps")
    return Group(np.array(members), included, *_outcomes(task, campaign, logits), per_epoch)


def _outcomes(task: Task, campaign: Campaign, logits: np.ndarray
              ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Correct on training and test examples, bool[M,...], then margins on both, int16[M,...]."""
    train, test = ((logits[:, part], task.labels[part])
                   for part in (campaign.train, campaign.test))
    return _correct(*train), _correct(*test), margins(*train), margins(*test)


def _correct(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return logits.argmax(-1) == labels
