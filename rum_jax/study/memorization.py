"""Stages of a study's memorization estimate: a campaign in its workdir, then the merge."""

import pathlib

import numpy as np

from rum_jax.campaign import merge
from rum_jax.campaign.shards import CampaignDirectory, open_campaign
from rum_jax.campaign.workers import ensure_trained
from rum_jax.config import identity
from rum_jax.core import records
from rum_jax.core.paths import user_path
from rum_jax.data.arrays import Dataset
from rum_jax.memorization.influence import FULL
from rum_jax.memorization.published import digest, published_scores
from rum_jax.runtime.worker_index import Worker
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.checkpoints import clear_checkpoints
from rum_jax.study.context import Study

COST_FILE = "cost.json"


def memorization(study: Study) -> pathlib.Path:
    """Trains the members that are missing, then estimates memorization from all of them.

    Folder: `memorization.npz` (see `merge.scores`), `metrics.jsonl`, `summary.json` and
    `cost.json`. Where the
    config names published scores, these are taken instead; their standard errors and counts are
    not known.

    Raises:
      InputError: the published scores are not those of this data set.
    """
    if study.config.memorization.scores:
        origin = Origin(study.content.part("memorization.scores"), [study.data],
                        files=study.content.files["config.memorization.scores"])
        return stage_cache.stage(study.workdir, "memorization",
                           lambda folder: _import(study, folder), origin)
    directory = _site(study)
    if not any(stage_cache.finished(study.workdir, "memorization")):
        ensure_trained(directory)
    estimate = stage_cache.stage(
        study.workdir, "memorization", lambda folder: _write(directory, folder),
        _origin(study, directory))
    clear_checkpoints(study, "members")  # of groups of another size, or cut off at their end
    return estimate


def _origin(study: Study, directory: CampaignDirectory, *fields: str) -> Origin:
    """Of what is made from all members: their manifest, and how many there are."""
    members = study.content.part(*identity.MEMORIZATION, *fields)
    return Origin({**members, "manifest": directory.manifest.hash}, [study.data])


def _site(study: Study) -> CampaignDirectory:
    """The study's campaign, which it alone works on."""
    return open_campaign(str(study.workdir), study.config, study.dataset, study.task, Worker(0, 1))


def _write(directory: CampaignDirectory, folder: pathlib.Path) -> None:
    campaign, _, summary = merge.write_scores(directory, folder)
    records.write_json(folder / "summary.json", summary)
    records.write_json(folder / COST_FILE, merge.cost(campaign))


def _import(study: Study, folder: pathlib.Path) -> None:
    path, dataset = user_path(study.config.memorization.scores), study.dataset
    arrays = imported(path, dataset)
    records.write_arrays(folder / "memorization.npz", **arrays)
    records.write_json(folder / "summary.json", {
        "source": {"file": path.name, "sha256": digest(path)}, "models": 0,
        **merge.injected_noise_summary(arrays["memorization"], arrays["injected_noise"]),
        "unknown_examples": int(np.isnan(arrays["memorization"]).sum())})


def imported(path: pathlib.Path, dataset: Dataset) -> dict[str, np.ndarray]:
    """Published scores as the arrays of memorization.npz; errors and counts are not known."""
    scores = published_scores(str(path), dataset)
    unknown, never = np.full(len(scores), np.nan), np.zeros(len(scores), np.int64)
    return {"ids": dataset.ids[dataset.train], "labels": dataset.labels[dataset.train],
            "memorization": scores, "standard_error": unknown,
            "interval_low": unknown, "interval_high": unknown,
            "count_in": never, "count_out": never,
            "injected_noise": dataset.noisy[dataset.train]}


def members_seconds(folder: pathlib.Path) -> float:
    """Seconds of the memorization models of a stage, which are trained outside of it.

    Without compilation, summed over models and workers; 0 for every other stage.
    """
    path = folder / COST_FILE
    return records.read_json(path).get("members_seconds", 0.0) if path.is_file() else 0.0


def influence(study: Study) -> pathlib.Path:
    """`influence.npz`, see `merge.write_influence`; groups that are gone are trained anew."""
    directory = _site(study)

    def write(folder: pathlib.Path) -> None:
        ensure_trained(directory)
        merge.write_influence(directory, folder / "influence.npz")

    requested = study.config.campaign
    name = "influence" if requested.influence == FULL else f"influence_top{requested.influence_top}"
    return stage_cache.stage(study.workdir, name, write, _origin(study, directory))
