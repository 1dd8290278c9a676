"""From a campaign's groups to scores, one group at a time; influence alone needs all the bits."""

import pathlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rum_jax.campaign import shards
from rum_jax.campaign.shards import CampaignDirectory
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.data.arrays import Dataset
from rum_jax.evaluate.interval import auroc
from rum_jax.memorization import estimate, streamed, tally
from rum_jax.memorization.group import MARGIN_UNIT, Group
from rum_jax.memorization.influence import FULL, influence_blocks, top
from rum_jax.memorization.tally import Tally

FIRST_OF_CURVE = 8  # models; then twice as many, and so on


class MergedCampaign(NamedTuple):
    """All wanted members together.

    Attributes:
      tally: sums over them.
      curve: agreement of the halves of the first members, for growing numbers of them: records
        with `models`, `split_half_pearson`, `split_half_spearman`, and `reliability`, Pearson's
        correlation as expected of two estimates with so many each.
      members: a record for each, with its test accuracy and mean loss of each epoch.
      seconds: without compilation, summed over members.
      makers: worker id -> how many of the members it trained.
      devices: kinds of the devices that were used.
      convolutions: lowerings of convolutions that were used.
    """

    tally: Tally
    curve: list[dict]
    members: list[dict]
    seconds: float
    makers: dict[str, int]
    devices: list[str]
    convolutions: list[str]


def groups(directory: CampaignDirectory) -> Iterator[tuple[Group, dict]]:
    """The wanted members, group after group in ascending order.

    Raises:
      InputError: members are missing; a group is damaged, foreign, or overlaps another.
    """
    names = shards.names(directory)
    missing = shards.missing(directory)
    if missing:
        raise InputError(f"{directory.workdir}: lacks {len(missing)} of "
                         f"{directory.config.campaign.models} models, the first is {missing[0]}; "
                         "rum_jax.main with this config trains them")
    for name in names:
        group, about = shards.load(directory, name)
        expected = group.members < directory.config.campaign.models
        if expected.any():
            yield group.take(expected), about


def merged(directory: CampaignDirectory) -> MergedCampaign:
    """Adds up all wanted members."""
    total = tally.empty(len(directory.dataset.train), len(directory.dataset.positions["test"]))
    curve: list[dict] = []
    members: list[dict] = []
    seconds, makers, devices, convolutions = 0.0, {}, set(), set()
    stops = _stops(directory.config.campaign.models)
    for group, about in groups(directory):
        for part in _cut(group, stops):
            total = tally.added(total, part)
            if int(part.members[-1]) + 1 in stops:
                curve.append(_reliability(total))
        members += _records(group)
        seconds += about["seconds_per_model"] * len(group.members)
        makers[about["worker"]] = makers.get(about["worker"], 0) + len(group.members)
        devices |= set(about["devices"])
        convolutions |= {about["convolution"]} if "convolution" in about else set()
    return MergedCampaign(total, curve, members, seconds, makers, sorted(devices),
                          sorted(convolutions))


def _stops(models: int) -> list[int]:
    """Numbers of members at which reliability is looked at."""
    stops, count = [], FIRST_OF_CURVE
    while count < models:
        stops.append(count)
        count *= 2
    return [*stops, models]


def _cut(group: Group, stops: list[int]) -> Iterator[Group]:
    """The parts of a group between the numbers of members that are looked at."""
    ends = [at for stop in stops if 0 < (at := int(np.searchsorted(group.members, stop)))
            < len(group.members)]
    for start, end in zip([0, *ends], [*ends, len(group.members)], strict=True):
        yield group.take(slice(start, end))


def _reliability(total: Tally) -> dict:
    half = estimate.split_half(total)
    return {"models": int(total.members.sum()), "split_half_pearson": half.pearson,
            "split_half_spearman": half.spearman,
            "reliability": estimate.full_reliability(half.pearson)}


def _records(group: Group) -> list[dict]:
    return [{"stage": "memorization", "member": int(k), "loss_per_epoch": losses.tolist(),
             "test_accuracy": float(right.mean())}
            for k, losses, right in zip(group.members, group.losses, group.correct_test,
                                        strict=True)]


def scores(dataset: Dataset, total: Tally) -> dict[str, np.ndarray]:
    """The arrays of memorization.npz, for each training example in the order of positions."""
    hard, soft = estimate.of_tally(total), estimate.soft_of_tally(total)
    low, high = estimate.interval((hard.times_in, hard.times_out),
                                  (total.hits_in.sum(0), total.hits_out.sum(0)))
    return {"ids": dataset.ids[dataset.train], "labels": dataset.labels[dataset.train],
            "memorization": hard.memorization, "standard_error": hard.standard_error,
            "interval_low": low, "interval_high": high,
            "count_in": hard.times_in, "count_out": hard.times_out,
            "accuracy_out": estimate.share(total.hits_out.sum(0), hard.times_out),
            "soft_memorization": soft.memorization, "soft_standard_error": soft.standard_error,
            "margin_memorization": estimate.margin_of_tally(total, MARGIN_UNIT),
            "injected_noise": dataset.noisy[dataset.train]}


def summary(directory: CampaignDirectory, campaign: MergedCampaign,
            arrays: dict[str, np.ndarray]) -> dict:
    """What can be said in a few numbers, as JSON values."""
    known, last = np.isfinite(arrays["memorization"]), campaign.curve[-1]
    models = int(campaign.tally.members.sum())
    return {
        "source": None, "models": models,
        "subset_fraction": directory.config.memorization.subset_fraction,
        "split_half_pearson": last["split_half_pearson"],
        "split_half_spearman": last["split_half_spearman"],
        "reliability": last["reliability"],
        **models_for(last["split_half_pearson"], models, directory.config.campaign.reliability),
        "reliability_curve": campaign.curve,
        **injected_noise_summary(arrays["memorization"], arrays["injected_noise"]),
        "unknown_examples": int((~known).sum()),
        "count_in": _ends(arrays["count_in"]), "count_out": _ends(arrays["count_out"]),
        "mean_standard_error": float(arrays["standard_error"][known].mean()) if known.any()
        else None,
        "mean_test_accuracy": float(campaign.tally.hits_test.mean() / models)}


def models_for(pearson: float | None, models: int, reliability: float) -> dict:
    """The number of models for that reliability, estimated from the split-half correlation.

    Args:
      pearson: correlation of the estimates from two halves of the models; None: undefined.
      models: how many there are in both halves together.
      reliability: wanted correlation of two estimates, in (0,1).
    """
    half = float("nan") if pearson is None else pearson
    return {"reliability_wanted": reliability,
            "models_needed": estimate.models_needed(half, models, reliability)}


def cost(campaign: MergedCampaign) -> dict:
    """What the members took, and of whom, as JSON values; no part of the result."""
    return {"seconds_per_model": campaign.seconds / int(campaign.tally.members.sum()),
            "members_seconds": campaign.seconds,
            "workers": campaign.makers, "devices": campaign.devices,
            "convolutions": campaign.convolutions}


def write_scores(directory: CampaignDirectory, folder: pathlib.Path,
                 ) -> tuple[MergedCampaign, dict[str, np.ndarray], dict]:
    """Writes memorization.npz and metrics.jsonl; returns what was merged, `scores`, `summary`."""
    campaign = merged(directory)
    arrays = scores(directory.dataset, campaign.tally)
    records.write_arrays(folder / "memorization.npz", **arrays)
    records.write_lines(folder / "metrics.jsonl", campaign.members)
    return campaign, arrays, summary(directory, campaign, arrays)


def _ends(counts: np.ndarray) -> list[int]:
    return [int(counts.min()), int(counts.max())]


def injected_noise_auroc(scores: np.ndarray, injected: np.ndarray) -> dict | None:
    """How well scores separate injected label noise from all else, see `interval.auroc`.

    Args:
      scores: float[n], NaN where they are not known.
      injected: bool[n].

    Returns:
      The area under the ROC curve with its interval over examples; None where no score of either
      kind of example is known.
    """
    known = np.isfinite(scores)
    noisy, clean = scores[known & injected], scores[known & ~injected]
    return auroc(noisy, clean) if len(noisy) and len(clean) else None


def injected_noise_summary(scores: np.ndarray, injected: np.ndarray) -> dict:
    """`injected_noise_auroc` and the number of injected labels, as entries of a summary.

    The area and its interval are None where `injected_noise_auroc` is.
    """
    area = injected_noise_auroc(scores, injected) or {"mean": None, "ci95": None}
    return {"injected_noise_auroc": area["mean"], "injected_noise_auroc_ci95": area["ci95"],
            "injected_noise_examples": int(injected.sum())}


def influence_rows(directory: CampaignDirectory) -> Iterator[tuple[int, np.ndarray]]:
    """The influence matrix float32[t,n] as (first test row, some rows); see `influence_blocks`."""
    bits = [(np.packbits(group.included, 1), np.packbits(group.correct_test, 1))
            for group, _ in groups(directory)]
    included, right = (np.concatenate(parts) for parts in zip(*bits, strict=True))
    return influence_blocks(included, right, len(directory.dataset.train),
                            len(directory.dataset.positions["test"]))


def write_influence(directory: CampaignDirectory, path: pathlib.Path) -> None:
    """Writes what `campaign.influence` asks for as an .npz, in blocks of test examples.

    `train_ids`, `test_ids`, and for TOP `train_positions` int32[t,k] (into train_ids) with
    `influence` float32[t,k], from the largest down; for FULL `influence` float32[t,n]. Which of
    equal ones are at the end of TOP is drawn at (data.seed, "tie", test row).
    """
    dataset, requested = directory.dataset, directory.config.campaign
    train, test = dataset.train, dataset.positions["test"]
    blocks = (block for _, block in influence_rows(directory))
    seed = directory.config.data.seed
    with streamed.archive(path) as file:
        streamed.add(file, "train_ids", dataset.ids[train])
        streamed.add(file, "test_ids", dataset.ids[test])
        if requested.influence == FULL:
            streamed.add_rows(file, "influence", (len(test), len(train)), np.dtype(np.float32),
                              blocks)
            return
        best = [top(block, requested.influence_top, [
            generator(seed, "tie", first + row) for row in range(len(block))])
            for first, block in influence_rows(directory)]
        for name, parts in zip(("train_positions", "influence"), zip(*best, strict=True),
                               strict=True):
            streamed.add(file, name, np.concatenate(parts))
