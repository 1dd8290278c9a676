"""Trains the members of a campaign that are missing, side by side with other workers."""

import contextlib
import pathlib
import shutil
import time
from collections.abc import Callable, Sequence

import numpy as np

from rum_jax.campaign import shards
from rum_jax.campaign.shards import CampaignDirectory
from rum_jax.campaign.status import CampaignStatus
from rum_jax.core.paths import is_url
from rum_jax.memorization.group import Group
from rum_jax.memorization.members import train_members
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import Progress, say, shown
from rum_jax.runtime.provenance import cost, provenance
from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.storage.leases import Leases, identity
from rum_jax.train.resume import CHECKPOINTS, Checkpointing, kept_seconds

WAIT_SECONDS = 1.0


def ensure_trained(directory: CampaignDirectory) -> None:
    """`work`, if anything is missing."""
    is_missing = bool(shards.missing(directory)) if distributed.is_writer() else None
    if distributed.broadcast_from_writer(is_missing):
        work(directory, lambda leases: None)


def work(directory: CampaignDirectory, finish: Callable[[Leases], None]) -> None:
    """Makes this process a worker: `complete`, and then `finish` by the writer of a run."""
    if not distributed.is_writer():
        complete(directory, None)
        return
    process = {**identity(directory.worker.index), "provenance": provenance()}
    leases = Leases(directory.folder, process, directory.config.campaign.lease_seconds)
    with leases.alive():
        complete(directory, leases)
        finish(leases)


def complete(directory: CampaignDirectory, leases: Leases | None) -> None:
    """Returns when every wanted member is in a finished group, made here or by others.

    Args:
      directory: the campaign.
      leases: of this process, alive; None where another process of the run writes.

    Raises:
      DivergedError: a loss is not finite; names the member.
      InputError: a group on disk is damaged, foreign, or overlaps another.
    """
    missing = distributed.broadcast_from_writer(shards.missing(directory) if leases else None)
    if not missing:
        return
    if len(missing) < directory.config.campaign.models:
        say(f"models: {directory.config.campaign.models - len(missing)} of "
            f"{directory.config.campaign.models} are there")
    status = CampaignStatus(directory) if leases else None
    with shown(f"memorization, {len(missing)} models") as progress:
        while True:
            turn = distributed.broadcast_from_writer(_next(directory, leases) if leases else None)
            if turn is None:
                break
            before = 1 - len(set(turn["missing"]) & set(missing)) / len(missing)
            share = len(turn["members"]) / len(missing)
            _train(directory, leases, turn["members"],
                   lambda part, before=before, share=share: progress(before + part * share))
            if status:
                status.print_progress()
        progress(1.0)


def _next(directory: CampaignDirectory, leases: Leases) -> dict | None:
    """The members to train next, and all that are missing; None if nothing is missing.

    Waits for what others hold, and takes it over from those that are gone.
    """
    announced, wait = False, WAIT_SECONDS
    while missing := shards.missing(directory):
        holders = leases.holders()
        others = {k for k in missing if holders.get(_piece(k), leases.id) != leases.id}
        for members in _groups([k for k in missing if k not in others], directory):
            got = leases.take([_piece(k) for k in members],
                              lambda: {_piece(k) for k in shards.finished(directory)})
            if got:
                ours = sorted(map(int, got))
                return {"members": ours[next(shards.runs(ours))], "missing": missing}
        if others and not announced:
            say(f"waiting for {len(others)} models of "
                f"{len({holders[_piece(k)] for k in others})} other worker(s); a worker whose "
                f"heartbeat is older than {directory.config.campaign.lease_seconds:g} s is "
                "considered dead")
            announced = True
        time.sleep(wait)
        wait = min(2 * wait, directory.config.campaign.lease_seconds / 4)
    return None


def _piece(member: int) -> str:
    return f"{member:05d}"


def _groups(free: Sequence[int], directory: CampaignDirectory) -> list[list[int]]:
    """Free members in groups of consecutive ones, those of this worker's share first."""
    size, (index, count) = directory.config.campaign.group_size, directory.worker
    groups: dict[int, list[int]] = {}
    for member in free:
        groups.setdefault(member // size, []).append(member)
    ordered = sorted(groups, key=lambda number: ((number - index) % count, number))
    return [groups[number][next(shards.runs(groups[number]))] for number in ordered]


def _train(directory: CampaignDirectory, leases: Leases | None, members: list[int],
           progress: Progress) -> None:
    """Trains members and writes those that no one else has taken over meanwhile."""
    with stopwatch() as seconds:
        keep = _keep(directory, leases, members)
        group = train_members(directory.task, shards.campaign_of(directory), members, progress,
                              keep)
        taken = seconds() + (keep.earlier_seconds if keep else 0)
    if leases is None:
        return
    origin = leases.process["provenance"]
    about = {"worker": leases.id, "seconds_per_model": taken / len(members),
             "commit": origin["commit"], "devices": origin["devices"],
             "jax": origin["versions"]["jax"],
             "convolution": directory.task.model.network.lowering,
             "dtype": directory.task.model.dtype}
    _write(directory, leases, group, about)
    leases.add_to_heartbeat(**cost())
    if keep:
        shutil.rmtree(keep.folder, ignore_errors=True)


def _write(directory: CampaignDirectory, leases: Leases, group: Group, about: dict) -> None:
    """Writes the members that are still this worker's, which is looked up last of all."""
    while len(group.members):
        members = group.members.tolist()
        contents = shards.files(directory, group, about)
        held = {int(piece) for piece in leases.held([_piece(k) for k in members])}
        lost = sorted(set(members) - (held - shards.finished(directory)))
        if not lost:
            shards.save(directory, contents)
            leases.release([_piece(k) for k in members])
            return
        say(f"models {lost[0]} to {lost[-1]} were taken over by another worker")
        group = group.take(~np.isin(group.members, lost))


def _kept_folder(directory: CampaignDirectory, members: list[int]) -> pathlib.Path:
    name = f"{members[0]:05d}-{members[-1]:05d}"
    return pathlib.Path(directory.workdir) / CHECKPOINTS / "members" / name


def _keep(directory: CampaignDirectory, leases: Leases | None,
          members: list[int]) -> Checkpointing | None:
    """Where the group's state is kept, in a folder of this worker; a dead one's is copied."""
    every = directory.config.train.checkpoint_epochs
    if not every or is_url(directory.workdir):
        return None
    folder = _kept_folder(directory, members)
    worker_folder = folder / distributed.broadcast_from_writer(leases.id if leases else None)
    if leases and not worker_folder.exists():
        for other in sorted(folder.glob("*/steps-*")):
            with contextlib.suppress(OSError):  # it was going on
                shutil.copytree(other, worker_folder / other.name)
    return Checkpointing(worker_folder, every, lambda: 0.0, kept_seconds(worker_folder),
                         directory.manifest.hash)
