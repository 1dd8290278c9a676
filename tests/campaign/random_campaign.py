"""A campaign whose models are not trained: their outcomes are made up from their numbers."""

import numpy as np
from ml_collections import ConfigDict

from rum_jax.campaign import workers
from rum_jax.campaign.shards import open_campaign
from rum_jax.config import base
from rum_jax.memorization.group import Group
from rum_jax.memorization.members import subset
from rum_jax.runtime.worker_index import Worker


def config(**fields) -> ConfigDict:
    settings = base.get_config()
    base.set_fields(settings, {
        "campaign.alone": True, "campaign.models": 10, "campaign.group_size": 4,
        "model.widths": (4,), "model.blocks": (1,), "memorization.epochs": 2,
        **{name.replace("__", "."): value for name, value in fields.items()}})
    return settings


def directory(workdir, dataset, task, index=0, count=1, **fields):
    return open_campaign(str(workdir), config(**fields), dataset, task, Worker(index, count))


def outcomes(task, campaign, members, progress, keep=None) -> Group:
    """What `train_members` would return."""
    def of(member: int, size: int) -> np.ndarray:
        return np.random.default_rng([member, size]).integers(-500, 500, size).astype(np.int16)

    included = np.stack([subset(campaign, member) for member in members])
    train, test = (np.stack([of(member, len(positions)) for member in members])
                   for positions in (campaign.train, campaign.test))
    progress(1.0)
    return Group(np.array(members), included, train > 0, test > 0, train, test,
                 np.ones((len(members), 2), np.float32))


def make_up(monkeypatch) -> list[list[int]]:
    """Replaces training; returns a list that each trained group is added to."""
    trained = []

    def train(task, campaign, members, *rest):
        trained.append(list(members))
        return outcomes(task, campaign, members, *rest)

    monkeypatch.setattr(workers, "train_members", train)
    return trained
