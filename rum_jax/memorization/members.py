"""Members of a memorization estimate: member k is a function of (seed, k) and the config alone."""

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rum_jax.progress import Progress, silent
from rum_jax.randomness import ROLES, generator
from rum_jax.train.fit import Task
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Recipe, initial_states, period_means, train
from rum_jax.train.resume import Keep


class Outcomes(NamedTuple):
    """What M members contribute to the estimate (spec section 5).

    Attributes:
      included: bool[M,n], which of the n training examples member m was trained on.
      correct_train: bool[M,n], whether it predicts the training label of each of them.
      correct_test: bool[M,t], whether it predicts the label of each test example.
      losses: float32[M,E], mean training loss of each epoch.
    """

    included: np.ndarray
    correct_train: np.ndarray
    correct_test: np.ndarray
    losses: np.ndarray


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


def subset(campaign: Campaign, member: int) -> np.ndarray:
    """bool[n], a random subset of fixed size for that member, drawn without replacement."""
    size = len(campaign.train)
    chosen = generator(campaign.seed, "subset", member).choice(
        size, round(campaign.subset_fraction * size), replace=False)
    included = np.zeros(size, bool)
    included[chosen] = True
    return included


def train_members(task: Task, campaign: Campaign, members: Sequence[int],
                  progress: Progress = silent, keep: Keep | None = None) -> Outcomes:
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
    correct = predict(task, fitted.states).argmax(-1) == task.labels
    per_epoch = period_means(fitted.losses, campaign.recipe.epochs)
    return Outcomes(included, correct[:, campaign.train], correct[:, campaign.test], per_epoch)


def concatenate(parts: Sequence[Outcomes]) -> Outcomes:
    """The outcomes of consecutive groups of members as those of one."""
    return Outcomes(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))
