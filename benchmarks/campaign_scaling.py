"""What a campaign costs as it grows: seconds per model, memory, and the merge.

    python benchmarks/campaign_scaling.py --out=docs/results

One call runs `configs/memorization.py:digits` with 16, 64, 256 and 1,024 models, each in a new
workdir, after a run that compiles and is not counted; and the merge of 4,000 members of 50,000
training and 10,000 test examples whose outcomes are made up, by the command itself, with and
without the most influential examples. It writes campaign_scaling.json and .md.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from rum_jax.campaign.shards import CampaignDirectory, files, open_campaign, save
from rum_jax.config import base
from rum_jax.core import records
from rum_jax.experiment.build import make_task
from rum_jax.memorization.group import Group
from rum_jax.runtime.provenance import provenance
from rum_jax.runtime.worker_index import Worker

CONFIG = f"{pathlib.Path(__file__).parents[1] / 'configs' / 'memorization.py'}:digits"
MEMBERS, TRAIN, TEST, GROUP = 4000, 50_000, 10_000, 16


class Cost(NamedTuple):
    """Of one process: wall seconds and most memory in bytes."""

    seconds: float
    memory: int


def measured(*fields: str) -> Cost:
    """Runs the command in a process of its own."""
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "rum_jax.main", f"--config={CONFIG}",
                                *fields], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"the command ended with {os.waitstatus_to_exitcode(status)}")
    return Cost(time.monotonic() - start, used.ru_maxrss * 1024)


def grown(models: int, folder: pathlib.Path, extra: list[str]) -> dict:
    """A campaign of so many models."""
    cost = measured(f"--workdir={folder}", f"--config.campaign.models={models}", *extra)
    results = json.loads((folder / "results.json").read_text())
    memorization = results["memorization"]
    return {"models": models, "seconds": cost.seconds, "memory_bytes": cost.memory,
            "seconds_per_model": results["cost"]["seconds_per_model"],
            "merge_seconds": results["cost"]["merge_seconds"],
            "split_half_pearson": memorization["split_half_pearson"],
            "injected_noise_auroc": memorization["injected_noise_auroc"]}


def random_campaign(folder: pathlib.Path) -> list[str]:
    """Fields of a campaign whose members are all there; their outcomes are random."""
    rng = np.random.default_rng(0)
    arrays = {}
    for part, size in (("train", TRAIN), ("test", TEST)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (size, 2, 2), np.uint8)
        arrays[f"{part}_labels"] = np.arange(size) % 10
    records.write_arrays(folder / "data.npz", **arrays)
    fields = {"data.name": "npz", "data.path": str(folder / "data.npz"),
              "data.validation_fraction": 0.0, "data.test_fraction": 0.0,
              "data.label_noise_fraction": 0.0, "campaign.models": MEMBERS}
    config = base.get_config()
    base.set_fields(config, {"campaign.alone": True, **fields})
    dataset, task = make_task(config)
    directory = open_campaign(str(folder / "run"), config, dataset, task, Worker(0, 1))
    for first in tqdm(range(0, MEMBERS, GROUP), desc="made-up members"):
        _save(directory, np.arange(first, first + GROUP), rng)
    return [f"--workdir={folder / 'run'}",
            *(f"--config.{name}={value}" for name, value in fields.items())]


def _save(directory: CampaignDirectory, members: np.ndarray, rng: np.random.Generator) -> None:
    """Margins of a real model's spread: most examples are right."""
    train, test = (rng.normal(1000, 700, (len(members), size)).astype(np.int16)
                   for size in (TRAIN, TEST))
    included = rng.random(train.shape) < 0.7
    group = Group(members, included, train > 0, test > 0, train, test,
                  np.ones((len(members), 30), np.float32))
    save(directory, files(directory, group, {"worker": "made up", "seconds_per_model": 0.0,
                                             "devices": []}))


def merges(folder: pathlib.Path) -> dict[str, Cost]:
    """The command on a finished campaign: data, merge and report, all in all."""
    fields = random_campaign(folder)
    return {"scores": measured(*fields),
            "scores and influence": measured(*fields, "--config.campaign.influence=top")}


def page(rows: list[dict], merged: dict, origin: dict) -> str:
    """The tables in Markdown."""
    base_cost = rows[0]["seconds_per_model"]
    lines = ["# What a campaign costs as it grows", "",
             f"`{' '.join(origin['command'])}`; {origin['cpu_count']} x {origin['cpu']}; jax "
             f"{origin['versions']['jax']}.", "",
             "| models | s per model | against the first | whole command | most memory "
             "| correlation of halves | AUROC of injected noise |", "|---|---|---|---|---|---|---|"]
    lines += [f"| {r['models']:,} | {r['seconds_per_model']:.3f} | "
              f"{r['seconds_per_model'] / base_cost - 1:+.1%} | {r['seconds']:,.0f} s | "
              f"{r['memory_bytes'] / 2**20:,.0f} MiB | {r['split_half_pearson']:.3f} | "
              f"{r['injected_noise_auroc']:.3f} |" for r in rows]
    lines += ["", "Seconds per model are wall time of training and scoring, compilation not "
              "counted.", "",
              f"Merge of {MEMBERS:,} members, {TRAIN:,} training and {TEST:,} test examples with "
              "made-up outcomes; the whole command, with imports, data and report:", "",
              "| result | seconds | most memory |", "|---|---|---|"]
    lines += [f"| {name} | {cost.seconds:.1f} | {cost.memory / 2**20:,.0f} MiB |"
              for name, cost in merged.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--models", type=int, nargs="*", default=[16, 64, 256, 1024])
    arguments, extra = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        if arguments.models:
            grown(arguments.models[0], folder / "first", extra)
        rows = [grown(models, folder / str(models), extra) for models in arguments.models]
        (folder / "merge").mkdir()
        merged = merges(folder / "merge")
    origin = provenance()
    arguments.out.mkdir(parents=True, exist_ok=True)
    records.write_json(arguments.out / "campaign_scaling.json", {
        "rows": rows, "merges": {name: cost._asdict() for name, cost in merged.items()},
        "provenance": origin})
    text = page(rows, merged, origin) if rows else str(merged)
    records.write_bytes(arguments.out / "campaign_scaling.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
