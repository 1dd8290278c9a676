"""The models of benchmarks/leave_one_out.py: which there are, and their training."""

import dataclasses
import pathlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.core.randomness import ROLES, generator
from rum_jax.data.arrays import Dataset
from rum_jax.experiment.build import make_task, recipe
from rum_jax.memorization.members import Campaign, subset
from rum_jax.runtime.progress import Progress, shown
from rum_jax.train.fit import Task
from rum_jax.train.predict import predict
from rum_jax.train.recipe import initial_states, train

PILOT, SAME_SIZE, WHOLE = "pilot", "same_size", "whole"
SETTINGS = (PILOT, SAME_SIZE, WHOLE)
KEPT = -1             # in place of the one who is left out: nobody is
FIRST = 1_000_000     # members of a campaign have smaller numbers
MOST_SEEDS = 10_000   # of each setting


class Run(NamedTuple):
    """One model: a setting, the number of its set there, and who is left out of that set.

    Attributes:
      setting: of SETTINGS.
      number: of the random subset; of the seed where the set is the whole training set.
      left_out: place in the training set, or KEPT.
    """

    setting: str
    number: int
    left_out: int = KEPT


class Setup(NamedTuple):
    """What the campaign's models are trained on and how; here these are trained likewise.

    Attributes:
      dataset: images, labels, ids, splits.
      task: network and examples on the engine.
      campaign: seed, size of subsets, recipe, training set.
      identity: of all that decides an outcome, as JSON values.
      cache: folder of the outcomes of trained groups.
      group: models trained at a time.
    """

    dataset: Dataset
    task: Task
    campaign: Campaign
    identity: dict
    cache: pathlib.Path
    group: int


def make_setup(config: ConfigDict, cache: pathlib.Path, group: int) -> Setup:
    """Loads the data and prepares the engine.

    Raises:
      InputError: the data are not there, or the devices.
    """
    dataset, task = make_task(config)
    fields = config.memorization
    campaign = Campaign(fields.seed, fields.subset_fraction, recipe(config, fields),
                        dataset.train, dataset.positions["test"])
    identity = {"data": config.data.to_dict(), "model": config.model.to_dict(),
                "seed": fields.seed, "subset_fraction": fields.subset_fraction,
                "recipe": dataclasses.asdict(campaign.recipe)}
    return Setup(dataset, task, campaign, identity, cache, group)


def _place(setting: str, number: int) -> int:
    return SETTINGS.index(setting) * MOST_SEEDS + number


def included(campaign: Campaign, run: Run) -> np.ndarray:
    """bool[n], the training examples of a model; random subsets are drawn as members' are."""
    mask = (np.ones(len(campaign.train), bool) if run.setting == WHOLE
            else subset(campaign, FIRST + _place(run.setting, run.number)))
    if run.left_out != KEPT:
        mask[run.left_out] = False
    return mask


def address(run: Run, examples: int) -> int:
    """The number that initial values and batch orders of a model depend on, and no other has."""
    return FIRST + _place(run.setting, run.number) * (examples + 1) + run.left_out + 1


def sets_with(campaign: Campaign, setting: str, chosen: np.ndarray, seeds: int) -> list[list[int]]:
    """For each of the k chosen examples the numbers of the first `seeds` sets that have it."""
    sets: list[list[int]] = [[] for _ in chosen]
    number = 0
    while min(map(len, sets)) < seeds:
        mask = included(campaign, Run(setting, number))
        for numbers, place in zip(sets, chosen, strict=True):
            if mask[place] and len(numbers) < seeds:
                numbers.append(number)
        number += 1
    return sets


def with_all(setting: str, sets: list[list[int]]) -> list[Run]:
    """One model on each of these sets; all examples share them."""
    return [Run(setting, number) for number in sorted({k for numbers in sets for k in numbers})]


def with_one_left_out(setting: str, chosen: np.ndarray, sets: list[list[int]]) -> list[Run]:
    """For each example one model on each of its sets without it."""
    return [Run(setting, number, int(place))
            for place, numbers in zip(chosen, sets, strict=True) for number in numbers]


def train_runs(setup: Setup, places: np.ndarray, runs: Sequence[Run],
               progress: Progress) -> np.ndarray:
    """bool[M,k]: whether each model predicts the training label of each of k training examples.

    Args:
      setup: as above.
      places: int[k] of the examples in the training set.
      runs: M models, on sets of one size.
      progress: told the fraction done.

    Raises:
      DivergedError: a loss is not finite.
    """
    campaign, task = setup.campaign, setup.task
    numbers = [address(run, len(campaign.train)) for run in runs]

    def order(number: int) -> Callable[[int], np.random.Generator]:
        return lambda epoch: generator(campaign.seed, "member_order", number, epoch)

    states = initial_states(task.model, [(campaign.seed, ROLES["member_init"], number)
                                         for number in numbers])
    positions = np.stack([campaign.train[included(campaign, run)] for run in runs])
    _, fitted = train(task, positions, states, campaign.recipe, [order(k) for k in numbers],
                      [str(run) for run in runs], progress)
    rows = campaign.train[places]
    few = task._replace(images=task.images[rows], labels=task.labels[rows])
    return predict(few, fitted.states).argmax(-1) == few.labels


def outcomes(setup: Setup, places: np.ndarray, runs: list[list[Run]],
             title: str) -> dict[Run, np.ndarray]:
    """bool[k] as in `train_runs` of every model; groups in the cache are not trained again.

    Args:
      setup: as above.
      places: int[k] of the examples in the training set.
      runs: lists of models whose sets have one size each.
      title: of the progress.
    """
    setup.cache.mkdir(parents=True, exist_ok=True)
    groups = [run_list[first:first + setup.group] for run_list in runs
              for first in range(0, len(run_list), setup.group)]
    paths = [setup.cache / f"{_digest(setup, places, group)}.npz" for group in groups]
    missing = [k for k, path in enumerate(paths) if not path.is_file()]
    work = [len(groups[k]) * included(setup.campaign, groups[k][0]).sum() for k in missing]
    models = sum(len(group) for group in groups)
    with shown(f"{title}, {sum(len(groups[k]) for k in missing)} of {models} models") as progress:
        for done, k in enumerate(missing):
            share = (sum(work[:done]) / sum(work), work[done] / sum(work))
            correct = train_runs(setup, places, groups[k],
                                 lambda part, share=share: progress(share[0] + part * share[1]))
            records.write_arrays(paths[k], correct=correct)
    return {run: row for group, path in zip(groups, paths, strict=True)
            for run, row in zip(group, records.read_arrays(path)["correct"], strict=True)}


def _digest(setup: Setup, places: np.ndarray, runs: Sequence[Run]) -> str:
    return records.digest([setup.identity, places.tolist(), runs])[:32]
