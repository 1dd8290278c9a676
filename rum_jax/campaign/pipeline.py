"""A campaign by itself: one of its workers, from the data to the result in the workdir."""

import hashlib
import json
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax.campaign import merge
from rum_jax.campaign.shards import CAMPAIGN, MEMBERS, CampaignDirectory, missing, open_campaign
from rum_jax.campaign.workers import WAIT_SECONDS, work
from rum_jax.config.validate import workdir_faults
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import is_url
from rum_jax.experiment.build import check_group_memory, make_task
from rum_jax.memorization.influence import NONE
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say
from rum_jax.runtime.worker_index import Worker
from rum_jax.storage import object_store as folders
from rum_jax.storage.leases import LEASES, WORKERS, Leases
from rum_jax.storage.object_store import Folder
from rum_jax.train.resume import CHECKPOINTS

CONFIG, RESULTS, INFLUENCE = "config.json", "results.json", "influence.npz"


class Results(NamedTuple):
    """The results of a finished campaign, as its report shows them.

    Attributes:
      directory: the campaign and where its files are.
      scores: arrays of memorization.npz, see `merge.scores`.
      summary: see `merge.summary`.
      cost: see `merge.cost`.
    """

    directory: CampaignDirectory
    scores: dict[str, np.ndarray]
    summary: dict
    cost: dict


# Writes a report of results into a folder.
Report = Callable[[Results, pathlib.Path], None]


def run(workdir: str, config: ConfigDict, worker: Worker, report: Report) -> dict:
    """Trains missing members together with the other workers; one of them writes the result.

    If the workdir already has a result of more models than the config requests, that number is
    used instead.

    Args:
      workdir: path or URL, shared by all workers.
      config: checked.
      worker: which one this is.
      report: makes the files for people.

    Returns:
      results.json.

    Raises:
      InputError: the workdir is in use for something else, or has damaged files.
      DivergedError: a loss is not finite.
    """
    for fault in workdir_faults(config, workdir):
        raise InputError(fault)
    root = folders.opened(workdir, probe=distributed.is_writer())
    if distributed.is_writer():
        _check(root, workdir)
    dataset, task = make_task(config)
    directory = open_campaign(workdir, config, dataset, task, worker)
    models = distributed.broadcast_from_writer(
        _at_least(root, directory) if distributed.is_writer() else None)
    config = ConfigDict(config.to_dict())
    config.campaign.models = models
    directory = directory._replace(config=config)
    if distributed.is_writer():
        root.put(CONFIG, (json.dumps(config.to_dict(), indent=1) + "\n").encode())
    todo = distributed.broadcast_from_writer(
        [bool(missing(directory)), not _current(root, directory)]
        if distributed.is_writer() else None)
    if todo[0]:
        check_group_memory(config, task)
    if distributed.is_writer():
        _say_damage(root, directory)
    if any(todo):
        work(directory, lambda leases: _finish(root, directory, leases, report))
    distributed.barrier("campaign")
    results = root.get(RESULTS)
    assert results is not None  # the writer was at the barrier, too
    return json.loads(results)


def _check(root: Folder, workdir: str) -> None:
    """Refuses a folder that holds something else."""
    content = root.get(CONFIG)
    try:
        alone = content is None or json.loads(content)["campaign"]["alone"]
    except (ValueError, KeyError, TypeError):
        alone = False
    others = [name for name in root.names("")
              if name not in ("campaign", "lost+found") and not name.startswith(".")]
    if not alone or (content is None and others):
        raise InputError(f"--workdir: {workdir}: holds something else than a campaign ("
                         f"{', '.join(others[:3])}); choose a new or an empty folder")


def _stored(root: Folder) -> dict | None:
    """results.json; None if there is none, or it is not what was written."""
    try:
        stored = json.loads(root.get(RESULTS) or b"null")
        if stored["sha256"] == _digest(stored) and "requested" in stored:
            return stored
    except (ValueError, KeyError, TypeError):
        pass
    return None


def _digest(results: dict) -> str:
    """SHA-256 of results.json without its own entry `sha256`."""
    return records.digest({name: value for name, value in results.items() if name != "sha256"})


def _at_least(root: Folder, directory: CampaignDirectory) -> int:
    """The number of models requested, or that of the campaign's stored result if it is larger."""
    stored, requested = _stored(root), directory.config.campaign.models
    there = stored["requested"]["models"] if stored and directory.has(stored) else 0
    if there > requested:
        say(f"the result is of {there} models already, more than config.campaign.models="
            f"{requested}")
    return max(there, requested)


def _requirements(directory: CampaignDirectory) -> dict:
    """What a result depends on besides the members' outcomes, as JSON values."""
    requested = directory.config.campaign
    return {"manifest": directory.manifest.hash, "models": requested.models,
            "reliability": requested.reliability, "influence": requested.influence,
            "influence_top": requested.influence_top}


def _current(root: Folder, directory: CampaignDirectory) -> bool:
    """Whether the stored result is the requested one, and all its files are intact."""
    stored = _stored(root)
    return (stored is not None and stored["requested"] == _requirements(directory)
            and not any(_is_damaged(root, name, digest)
                        for name, digest in stored["files"].items()))


def _is_damaged(root: Folder, name: str, digest: str) -> bool:
    try:
        content = root.get(name)
    except OSError:  # a link to itself, a folder in the place of a file
        return True
    return content is None or hashlib.sha256(content).hexdigest() != digest


def _say_damage(root: Folder, directory: CampaignDirectory) -> None:
    """Names what is not as it was written, before it is made anew from the members."""
    stored = _stored(root)
    if stored is None or not directory.has(stored):
        fault = "is damaged" if stored is None else "is of another campaign"
        if root.get(RESULTS) is not None:
            say(f"{RESULTS}: {fault}; the result is made anew from the trained models")
        return
    damaged = [name for name, digest in stored["files"].items()
               if _is_damaged(root, name, digest)]
    if damaged:
        say(f"{', '.join(damaged)}: missing or damaged; made anew from the trained models")


def _finish(root: Folder, directory: CampaignDirectory, leases: Leases, report: Report) -> None:
    """Has one worker merge; the others wait until it has, or is gone."""
    piece = f"result-{records.digest(_requirements(directory))[:8]}"

    def done() -> set[str]:
        return {piece} if _current(root, directory) else set()

    while not done():
        if leases.take([piece], done):
            _write(root, directory, report)
            leases.release([piece])
            return
        time.sleep(WAIT_SECONDS)


def _write(root: Folder, directory: CampaignDirectory, report: Report) -> None:
    """All files of the result, results.json last: it says that the others are there."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        campaign, arrays, summary = merge.write_scores(directory, folder)
        if directory.config.campaign.influence != NONE:
            merge.write_influence(directory, folder / INFLUENCE)
        cost = {**merge.cost(campaign), "merge_seconds": time.monotonic() - start}
        report(Results(directory, arrays, summary, cost), folder)
        digests = {path.name: records.sha256(path) for path in sorted(folder.iterdir())}
        root.remove(RESULTS)
        root.remove(INFLUENCE)  # of an earlier result
        for name in digests:
            root.put_file(name, folder / name)
        results = records.plain({
            "requested": _requirements(directory), "files": digests, "memorization": summary,
            "cost": cost, "workers": _workers(directory, set(campaign.makers)),
            "config": directory.config.to_dict()})
        records.write_json(folder / RESULTS, {**results, "sha256": _digest(results)})
        root.put_file(RESULTS, folder / RESULTS)
    _tidy(directory, set(campaign.makers))


def _workers(directory: CampaignDirectory, makers: set[str]) -> list[dict]:
    """The files of the workers that trained members: provenance and cost of each.

    A worker whose file is damaged is listed by its id alone, as no result depends on the rest.
    """
    workers = []
    for maker in sorted(makers):
        content = directory.folder.get(f"{WORKERS}/{maker}.json")
        try:
            about = json.loads(content or b"null")
        except ValueError:
            about = None
        if not isinstance(about, dict) or about.get("id") != maker:
            if content:
                say(f"{directory.workdir}/{CAMPAIGN}/{WORKERS}/{maker}.json: is damaged; the "
                    "results leave out what that worker wrote there")
            about = {"id": maker, "provenance": None}
        workers.append(about)
    return workers


def _tidy(directory: CampaignDirectory, makers: set[str]) -> None:
    """Removes what is left of processes that ended before they had finished anything."""
    for name in directory.folder.names(WORKERS):
        content = directory.folder.get(f"{WORKERS}/{name}")
        if name.removesuffix(".json") not in makers and content and b'"ended": true' in content:
            directory.folder.remove(f"{WORKERS}/{name}")
    for under in (MEMBERS, LEASES, WORKERS):
        directory.folder.tidy(under)
    if not is_url(directory.workdir):
        shutil.rmtree(pathlib.Path(directory.workdir) / CHECKPOINTS, ignore_errors=True)
