"""Stages of the memorization estimate: groups of members, then their merge."""

import pathlib
from collections.abc import Sequence

import numpy as np
from sklearn.metrics import roc_auc_score

from rum_jax import records, store
from rum_jax.memorization import estimate
from rum_jax.memorization.members import Campaign, Outcomes, concatenate, train_members
from rum_jax.memorization.published import published_scores
from rum_jax.progress import Progress, part, say, shown
from rum_jax.stages.models import forget_kept, keeping
from rum_jax.stages.study import Study, recipe


def campaign_of(study: Study) -> Campaign:
    """What the config's `memorization` section asks for."""
    wanted = study.config.memorization
    return Campaign(wanted.seed, wanted.subset_fraction, recipe(study.config, wanted),
                    study.dataset.train, study.dataset.positions["test"])


def memorization(study: Study) -> pathlib.Path:
    """Trains the members that are missing, then estimates memorization from all of them.

    Folder: `memorization.npz` (per training example: ids, labels, memorization, standard_error,
    count_in, count_out, planted_noise) and `summary.json`. Where the config names published
    scores, these are taken instead; their standard errors and counts are not known.

    Raises:
      InputError: the published scores are not those of this data set.
    """
    if study.config.memorization.scores:
        return store.stage(study.workdir, "memorization",
                           lambda folder: _import(study, folder))
    done = store.finished(study.workdir, "memorization")
    if not any(done):
        train_missing(study)
    made = store.stage(study.workdir, "memorization", lambda folder: _write(study, folder))
    forget_kept(study, "members")  # of groups of another size, or cut off at their end
    return made


def train_missing(study: Study) -> None:
    """Trains every member that no group on disk has, some at a time; one stage per group."""
    wanted = study.config.memorization
    present = {k for folder in _groups(study) for k in _range_of(folder)}
    missing = [k for k in range(wanted.models) if k not in present]
    groups = _runs(missing, wanted.group_size)
    if not missing:
        return
    if present:
        say(f"members: {len(present)} of {wanted.models} are there")
    with shown(f"memorization, {len(missing)} models") as progress:
        for number, members in enumerate(groups):
            _train_group(study, members, part(progress, number, len(groups)))


def _train_group(study: Study, members: Sequence[int], progress: Progress) -> None:
    name = f"members/{members[0]:05d}-{members[-1]:05d}"

    def write(folder: pathlib.Path) -> None:
        keep = keeping(study, name, lambda: 0.0)
        outcomes = train_members(study.task, campaign_of(study), members, progress, keep)
        records.write_arrays(folder / "outcomes.npz", **outcomes._asdict())

    store.stage(study.workdir, name, write)
    forget_kept(study, name)


def _runs(members: Sequence[int], size: int) -> list[list[int]]:
    """Cuts ascending numbers into runs of consecutive ones, at most so many in each."""
    runs: list[list[int]] = []
    for member in members:
        if runs and len(runs[-1]) < size and runs[-1][-1] == member - 1:
            runs[-1].append(member)
        else:
            runs.append([member])
    return runs


def _groups(study: Study) -> list[pathlib.Path]:
    return list(store.finished(study.workdir, "members/*"))


def _range_of(folder: pathlib.Path) -> range:
    first, last = map(int, folder.name.split("-"))
    return range(first, last + 1)


def load_outcomes(study: Study) -> Outcomes:
    """The outcomes of all members, in the order of their numbers."""
    return concatenate([
        Outcomes(**records.read_arrays(store.verified(folder) / "outcomes.npz"))
        for folder in _groups(study)])


def _write(study: Study, folder: pathlib.Path) -> None:
    outcomes = load_outcomes(study)
    scores = estimate.memorization(outcomes.included, outcomes.correct_train)
    _write_scores(study, folder, scores)
    records.write_lines(folder / "metrics.jsonl", (
        {"stage": "memorization", "member": k, "loss_per_epoch": losses.tolist(),
         "test_accuracy": float(right.mean())}
        for k, (losses, right) in enumerate(zip(outcomes.losses, outcomes.correct_test,
                                                strict=True))))
    records.write_json(folder / "summary.json", {
        "source": None, "models": len(outcomes.included),
        "subset_fraction": study.config.memorization.subset_fraction,
        "split_half_spearman": estimate.split_half_spearman(outcomes.included,
                                                            outcomes.correct_train),
        **_common_summary(study, scores),
        "count_in": [int(scores.times_in.min()), int(scores.times_in.max())],
        "count_out": [int(scores.times_out.min()), int(scores.times_out.max())],
        "mean_standard_error": float(np.nanmean(scores.standard_error)),
        "mean_test_accuracy": float(outcomes.correct_test.mean())})


def _import(study: Study, folder: pathlib.Path) -> None:
    path = pathlib.Path(study.config.memorization.scores)
    known = published_scores(str(path), study.dataset)
    unknown, never = np.full(len(known), np.nan), np.zeros(len(known), np.int64)
    scores = estimate.Estimate(known, unknown, never, never)
    _write_scores(study, folder, scores)
    records.write_json(folder / "summary.json", {
        "source": {"file": path.name, "sha256": records.sha256(path)}, "models": 0,
        **_common_summary(study, scores)})


def _write_scores(study: Study, folder: pathlib.Path, scores: estimate.Estimate) -> None:
    dataset = study.dataset
    records.write_arrays(
        folder / "memorization.npz", ids=dataset.ids[dataset.train],
        labels=dataset.labels[dataset.train], memorization=scores.memorization,
        standard_error=scores.standard_error, count_in=scores.times_in,
        count_out=scores.times_out, planted_noise=dataset.noisy[dataset.train])


def _common_summary(study: Study, scores: estimate.Estimate) -> dict:
    planted = study.dataset.noisy[study.dataset.train]
    return {"planted_noise_auroc": planted_noise_auroc(scores.memorization, planted),
            "planted_noise_examples": int(planted.sum()),
            "unknown_examples": int(np.isnan(scores.memorization).sum())}


def planted_noise_auroc(scores: np.ndarray, planted: np.ndarray) -> float | None:
    """Area under the ROC curve of memorization for planted noise; None without any noise."""
    known = np.isfinite(scores)
    if planted[known].all() or not planted[known].any():
        return None
    return float(roc_auc_score(planted[known], scores[known]))


def influence(study: Study) -> pathlib.Path:
    """Influence of every training on every test example: `influence.npz`, float32[t,n]."""

    def write(folder: pathlib.Path) -> None:
        train_missing(study)
        outcomes, dataset = load_outcomes(study), study.dataset
        records.write_arrays(
            folder / "influence.npz", train_ids=dataset.ids[dataset.train],
            test_ids=dataset.ids[dataset.positions["test"]],
            influence=estimate.influence(outcomes.included, outcomes.correct_test))

    return store.stage(study.workdir, "influence", write)
