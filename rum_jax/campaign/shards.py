"""The files of a campaign: one for each group of members, whichever worker trained it.

    <workdir>/campaign/manifest.json            what the results depend on
    <workdir>/campaign/members/00000-00015.npz  a finished group; written when it is complete
    <workdir>/campaign/leases/, workers/        which worker trains what, see `leases.py`
"""

from collections.abc import Iterator
from typing import NamedTuple

from ml_collections import ConfigDict

from rum_jax.campaign.manifest import Manifest, manifest_of, write_or_check
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Dataset
from rum_jax.experiment.build import recipe
from rum_jax.memorization.group import Group, decode, encode, members_of, name_of
from rum_jax.memorization.members import Campaign
from rum_jax.runtime import distributed
from rum_jax.runtime.worker_index import Worker
from rum_jax.storage import object_store as folders
from rum_jax.storage.object_store import Folder
from rum_jax.train.fit import Task

CAMPAIGN, MEMBERS = "campaign", "members"


class CampaignDirectory(NamedTuple):
    """A campaign and where its files are.

    Attributes:
      folder: `campaign` in the workdir, shared by all workers.
      workdir: path or URL.
      config: see `rum_jax/config/base.py`; checked.
      dataset: images, labels, ids, splits.
      task: network and examples on the engine.
      manifest: what results depend on.
      worker: which one this is.
    """

    folder: Folder
    workdir: str
    config: ConfigDict
    dataset: Dataset
    task: Task
    manifest: Manifest
    worker: Worker

    def where(self, name: str) -> str:
        """How messages call a group's file."""
        return f"{self.workdir}/{CAMPAIGN}/{MEMBERS}/{name}"

    def has(self, results: dict) -> bool:
        """Whether results.json is of this campaign."""
        return results["requested"]["manifest"] == self.manifest.hash


def open_campaign(workdir: str, config: ConfigDict, dataset: Dataset, task: Task,
                  worker: Worker, begin: bool = True) -> CampaignDirectory:
    """A campaign in a workdir; writes its manifest, or compares. It must be there unless `begin`.

    Raises:
      InputError: the workdir has a campaign with other values, or cannot be written.
    """
    manifest = manifest_of(config, dataset, task.model)
    folder = folders.opened(f"{workdir}/{CAMPAIGN}", probe=begin and distributed.is_writer())
    if distributed.is_writer():
        write_or_check(folder, workdir, manifest, begin)
    return CampaignDirectory(folder, workdir, config, dataset, task, manifest, worker)


def campaign_of(directory: CampaignDirectory) -> Campaign:
    """What the config's `memorization` section asks for."""
    expected = directory.config.memorization
    return Campaign(expected.seed, expected.subset_fraction, recipe(directory.config, expected),
                    directory.dataset.train, directory.dataset.positions["test"])


def names(directory: CampaignDirectory) -> list[str]:
    """Files of finished groups, in the order of their members.

    Raises:
      InputError: two of them have members in common.
    """
    groups = [(members, name) for name in directory.folder.names(MEMBERS)
              if (members := members_of(name)) is not None]
    groups.sort(key=lambda pair: (pair[0].start, pair[0].stop))
    for (earlier, first), (later, second) in zip(groups, groups[1:], strict=False):
        if later.start < earlier.stop:
            raise InputError(f"{directory.where(first)} and {second}: have models {later.start} to "
                             f"{min(earlier.stop, later.stop) - 1} in common; delete one of the "
                             "two and run the same command again")
    return [name for _, name in groups]


def finished(directory: CampaignDirectory) -> set[int]:
    """Members that are in a finished group."""
    return {k for name in names(directory) for k in members_of(name) or ()}


def missing(directory: CampaignDirectory) -> list[int]:
    """Members that are wanted and in no finished group, ascending."""
    return sorted(set(range(directory.config.campaign.models)) - finished(directory))


def load(directory: CampaignDirectory, name: str) -> tuple[Group, dict]:
    """A finished group and what is known about its making.

    Raises:
      InputError: it is damaged, or of another campaign; says how to mend that.
    """
    content = directory.folder.get(f"{MEMBERS}/{name}")
    if content is None:
        raise InputError(f"{directory.where(name)}: is gone; run the same command again to train "
                         "its models anew")
    group, about = decode(content, directory.where(name))
    _check_about(directory, name, about)
    if about["manifest"] != directory.manifest.hash:
        raise InputError(f"{directory.where(name)}: is of another campaign, its manifest is "
                         f"{about['manifest'][:12]} and here it is {directory.manifest.hash[:12]}; "
                         "delete it and run the same command again")
    return group, about


def _check_about(directory: CampaignDirectory, name: str, about: object) -> None:
    """Raises InputError unless a group's file says of its making what `_train` writes."""
    kinds = {"manifest": str, "worker": str, "seconds_per_model": int | float, "devices": list}
    wrong = [key for key, kind in kinds.items()
             if not isinstance(about, dict) or not isinstance(about.get(key), kind)]
    if wrong:
        raise InputError(f"{directory.where(name)}: is damaged (its `about` has no valid "
                         f"{', '.join(wrong)}); delete it and run the same command again to train "
                         "its models anew")


def files(directory: CampaignDirectory, group: Group, about: dict) -> dict[str, bytes]:
    """Name -> content of a group's files: consecutive members to a file."""
    parts = [group.take(rows) for rows in runs(group.members.tolist())]
    return {name_of(part.members[0], part.members[-1]):
            encode(part, {"manifest": directory.manifest.hash, **about}) for part in parts}


def save(directory: CampaignDirectory, contents: dict[str, bytes]) -> None:
    """Writes files of groups; those that are there already are left."""
    for name, content in contents.items():
        directory.folder.create(f"{MEMBERS}/{name}", content)


def runs(numbers: list[int]) -> Iterator[slice]:
    """Where ascending numbers are consecutive: they are cut where one is left out."""
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield slice(start, place)
            start = place
