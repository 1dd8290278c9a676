"""A campaign by itself: one of its workers, from the data to the result in the workdir."""

import json
import pathlib
import tempfile
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from ml_collections import ConfigDict

from rum_jax import folder as folders
from rum_jax import hosts, records
from rum_jax.claims import WORKERS, Claims
from rum_jax.errors import InputError
from rum_jax.folder import Folder
from rum_jax.stages import merge
from rum_jax.stages.campaign import WAIT_SECONDS, claims_of, complete
from rum_jax.stages.site import MEMBERS, Site, make_site, missing
from rum_jax.stages.study import check_group_memory, make_task
from rum_jax.worker import Worker

CONFIG, RESULTS = "config.json", "results.json"


class Results(NamedTuple):
    """What a finished campaign is reported from.

    Attributes:
      site: the campaign.
      scores: arrays of memorization.npz, see `merge.scores`.
      summary: see `merge.summary`.
      cost: see `merge.cost`.
      members: records of metrics.jsonl.
    """

    site: Site
    scores: dict[str, np.ndarray]
    summary: dict
    cost: dict
    members: list[dict]


# Writes a report of results into a folder.
Report = Callable[[Results, pathlib.Path], None]


def run(workdir: str, config: ConfigDict, worker: Worker, report: Report) -> dict:
    """Trains what is missing with the other workers; one of them writes the result.

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
    if config.train.checkpoint_epochs and folders.is_url(workdir):
        raise InputError("config.train.checkpoint_epochs: is "
                         f"{config.train.checkpoint_epochs}; allowed with --workdir={workdir}: 0, "
                         "as states are kept on file systems only")
    root = folders.opened(workdir, probe=hosts.is_writer())
    if hosts.is_writer():
        _check(root, workdir)
    dataset, task = make_task(config)
    site = make_site(workdir, config, dataset, task, worker)
    if hosts.is_writer():
        root.put(CONFIG, (json.dumps(config.to_dict(), indent=1) + "\n").encode())
    lacking = hosts.agreed(bool(missing(site)) if hosts.is_writer() else None)
    if lacking:
        check_group_memory(config, task)
    if not hosts.is_writer():
        complete(site, None)
        hosts.wait("campaign")
        return json.loads(root.get(RESULTS))
    if lacking or not _current(root, site):
        claims = claims_of(site)
        with claims.alive():
            complete(site, claims)
            _finish(root, site, claims, report)
    hosts.wait("campaign")
    return json.loads(root.get(RESULTS))


def _check(root: Folder, workdir: str) -> None:
    """Refuses a folder that holds something else."""
    content = root.get(CONFIG)
    try:
        alone = content is None or json.loads(content)["campaign"]["alone"]
    except (ValueError, KeyError, TypeError):
        alone = False
    others = [name for name in root.names("") if name != "campaign" and not name.startswith(".")]
    if not alone or (content is None and others):
        raise InputError(f"--workdir: {workdir}: holds something else than a campaign ("
                         f"{', '.join(others[:3])}); choose a new or an empty folder")


def _asked(site: Site) -> dict:
    """What a result depends on besides the members' outcomes, as JSON values."""
    asked = site.config.campaign
    return {"manifest": site.manifest.hash, "models": asked.models,
            "reliability": asked.reliability, "influence": asked.influence,
            "influence_top": asked.influence_top}


def _current(root: Folder, site: Site) -> bool:
    """Whether the result in the workdir is the one that is asked for."""
    content = root.get(RESULTS)
    return content is not None and json.loads(content)["asked"] == _asked(site)


def _finish(root: Folder, site: Site, claims: Claims, report: Report) -> None:
    """Has one worker merge; the others wait until it has, or is gone."""
    def done() -> set[str]:
        return {"result"} if _current(root, site) else set()

    while not done():
        if claims.take(["result"], done):
            _write(root, site, report)
            claims.release(["result"])
        else:
            time.sleep(WAIT_SECONDS)


def _write(root: Folder, site: Site, report: Report) -> None:
    """All files of the result, results.json last: it says that the others are there."""
    start = time.monotonic()
    made = merge.merged(site)
    arrays = merge.scores(site.dataset, made.tally)
    summary = merge.summary(site, made, arrays)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        records.write_arrays(folder / "memorization.npz", **arrays)
        records.write_lines(folder / "metrics.jsonl", made.members)
        if site.config.campaign.influence != merge.NONE:
            merge.write_influence(site, folder / "influence.npz")
        cost = {**merge.cost(made), "merge_seconds": time.monotonic() - start}
        report(Results(site, arrays, summary, cost, made.members), folder)
        for path in sorted(folder.iterdir()):
            root.put_file(path.name, path)
        records.write_json(folder / RESULTS, {
            "asked": _asked(site), "memorization": summary, "cost": cost,
            "workers": _workers(site),
            "config": site.config.to_dict()})
        root.put_file(RESULTS, folder / RESULTS)
    site.folder.tidy(MEMBERS)


def _workers(site: Site) -> list[dict]:
    """What each worker process told about itself: provenance, members, cost."""
    contents = [site.folder.get(f"{WORKERS}/{name}") for name in site.folder.names(WORKERS)]
    return [json.loads(content) for content in contents if content is not None]
