"""Trains the members of a campaign that are missing, side by side with other workers."""

import contextlib
import pathlib
import shutil
import time
from collections.abc import Callable, Sequence

import numpy as np

from rum_jax.campaign import shards as sites
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


def ensure_trained(site: CampaignDirectory) -> None:
    """`work`, if anything is missing."""
    is_missing = bool(sites.missing(site)) if distributed.is_writer() else None
    if distributed.broadcast_from_writer(is_missing):
        work(site, lambda claims: None)


def work(site: CampaignDirectory, finish: Callable[[Leases], None]) -> None:
    """Makes this process a worker: `complete`, and then `finish` by the writer of a run."""
    if not distributed.is_writer():
        complete(site, None)
        return
    own = {**identity(site.worker.index), "provenance": provenance()}
    claims = Leases(site.folder, own, site.config.campaign.lease_seconds)
    with claims.alive():
        complete(site, claims)
        finish(claims)


def complete(site: CampaignDirectory, claims: Leases | None) -> None:
    """Returns when every wanted member is in a finished group, made here or by others.

    Args:
      site: the campaign.
      claims: of this process, alive; None where another process of the run writes.

    Raises:
      DivergedError: a loss is not finite; names the member.
      InputError: a group on disk is damaged, foreign, or overlaps another.
    """
    lacking = distributed.broadcast_from_writer(sites.missing(site) if claims else None)
    if not lacking:
        return
    if len(lacking) < site.config.campaign.models:
        say(f"models: {site.config.campaign.models - len(lacking)} of "
            f"{site.config.campaign.models} are there")
    standing = CampaignStatus(site) if claims else None
    with shown(f"memorization, {len(lacking)} models") as progress:
        while True:
            turn = distributed.broadcast_from_writer(_next(site, claims) if claims else None)
            if turn is None:
                break
            before = 1 - len(set(turn["missing"]) & set(lacking)) / len(lacking)
            share = len(turn["members"]) / len(lacking)
            _train(site, claims, turn["members"],
                   lambda part, before=before, share=share: progress(before + part * share))
            if standing:
                standing.tell()
        progress(1.0)


def _next(site: CampaignDirectory, claims: Leases) -> dict | None:
    """The members to train next, and all that are missing; None if nothing is missing.

    Waits for what others hold, and takes it over from those that are gone.
    """
    told, wait = False, WAIT_SECONDS
    while lacking := sites.missing(site):
        holders = claims.holders()
        others = {k for k in lacking if holders.get(_piece(k), claims.id) != claims.id}
        for members in _groups([k for k in lacking if k not in others], site):
            got = claims.take([_piece(k) for k in members],
                              lambda: {_piece(k) for k in sites.finished(site)})
            if got:
                ours = sorted(map(int, got))
                return {"members": ours[next(sites.runs(ours))], "missing": lacking}
        if others and not told:
            say(f"waiting for {len(others)} models of "
                f"{len({holders[_piece(k)] for k in others})} other worker(s); a worker whose "
                f"heartbeat is older than {site.config.campaign.lease_seconds:g} s is considered "
                "dead")
            told = True
        time.sleep(wait)
        wait = min(2 * wait, site.config.campaign.lease_seconds / 4)
    return None


def _piece(member: int) -> str:
    return f"{member:05d}"


def _groups(free: Sequence[int], site: CampaignDirectory) -> list[list[int]]:
    """Free members in groups of consecutive ones, those of this worker's share first."""
    size, (index, count) = site.config.campaign.group_size, site.worker
    groups: dict[int, list[int]] = {}
    for member in free:
        groups.setdefault(member // size, []).append(member)
    ordered = sorted(groups, key=lambda number: ((number - index) % count, number))
    return [groups[number][next(sites.runs(groups[number]))] for number in ordered]


def _train(site: CampaignDirectory, claims: Leases | None, members: list[int],
           progress: Progress) -> None:
    """Trains members and writes those that no one else has taken over meanwhile."""
    with stopwatch() as seconds:
        keep = _keep(site, claims, members)
        group = train_members(site.task, sites.campaign_of(site), members, progress, keep)
        taken = seconds() + (keep.earlier_seconds if keep else 0)
    if claims is None:
        return
    origin = claims.own["provenance"]
    about = {"worker": claims.id, "seconds_per_model": taken / len(members),
             "commit": origin["commit"], "devices": origin["devices"],
             "jax": origin["versions"]["jax"],
             "convolution": site.task.model.module.lowering, "dtype": site.task.model.dtype}
    _write(site, claims, group, about)
    claims.tell(**cost())
    if keep:
        shutil.rmtree(keep.folder, ignore_errors=True)


def _write(site: CampaignDirectory, claims: Leases, group: Group, about: dict) -> None:
    """Writes the members that are still this worker's, which is looked up last of all."""
    while len(group.members):
        members = group.members.tolist()
        made = sites.files(site, group, about)
        held = {int(piece) for piece in claims.held([_piece(k) for k in members])}
        lost = sorted(set(members) - (held - sites.finished(site)))
        if not lost:
            sites.save(site, made)
            claims.release([_piece(k) for k in members])
            return
        say(f"models {lost[0]} to {lost[-1]} were taken over by another worker")
        group = group.take(~np.isin(group.members, lost))


def _kept_folder(site: CampaignDirectory, members: list[int]) -> pathlib.Path:
    name = f"{members[0]:05d}-{members[-1]:05d}"
    return pathlib.Path(site.workdir) / CHECKPOINTS / "members" / name


def _keep(site: CampaignDirectory, claims: Leases | None,
          members: list[int]) -> Checkpointing | None:
    """Where the group's state is kept, in a folder of this worker; a dead one's is copied."""
    every = site.config.train.checkpoint_epochs
    if not every or is_url(site.workdir):
        return None
    folder = _kept_folder(site, members)
    own = folder / distributed.broadcast_from_writer(claims.id if claims else None)
    if claims and not own.exists():
        for other in sorted(folder.glob("*/steps-*")):
            with contextlib.suppress(OSError):  # it was going on
                shutil.copytree(other, own / other.name)
    return Checkpointing(own, every, lambda: 0.0, kept_seconds(own), site.manifest.hash)
