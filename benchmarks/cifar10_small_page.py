"""Writes docs/cifar10_small.md from a finished study of configs/cifar10_small_rum.py.

    python -m rum_jax.main --config=configs/cifar10_small_rum.py --workdir=runs/cifar10_small
    python benchmarks/cifar10_small_page.py --workdir=runs/cifar10_small

Copies results and figures to docs/results/cifar10_small (the pictures of single images stay
where they are: the data set is not the project's to give away). With
`--search=runs/search_finetune/sweep.json` (once for each search) it also copies the searches that
chose the learning rates.
"""

import argparse
import pathlib
import shutil

from rum_jax.core import records
from rum_jax.evaluate.interval import paired_difference
from rum_jax.report import text
from rum_jax.report.words import interval

ROOT = pathlib.Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results" / "cifar10_small"
COPIED = ("results.json", "results.csv", "config.json", "tow.svg", "accuracies.svg",
          "run_times.svg", "memorization.svg")
ALGORITHMS = ("finetune", "neggrad_plus", "salun")
VANILLA = tuple(f"vanilla:{name}" for name in ALGORITHMS)
PAIRS = {
    "RUM - unlearning the whole set with one algorithm": [("rum", name) for name in VANILLA],
    "An algorithm on refined subsets, one after another - on the whole set":
        [(f"rum_f:{name}", f"vanilla:{name}") for name in ALGORITHMS],
    "Refined subsets - random ones of the same sizes": [("rum", "rum_shuffled")],
    "An algorithm - doing nothing": [(name, "original") for name in (*VANILLA, "rum")]}


def metrics_of(results: dict) -> dict[str, dict]:
    """Row -> metric -> summary."""
    return {row["name"]: row["metrics"] for row in results["rows"]}


def measured(results: dict) -> str:
    """Command, machine, versions and time."""
    origin = results["provenance"]
    versions = ", ".join(f"{name} {version}" for name, version in origin["versions"].items()
                         if name in ("jax", "flax", "optax", "numpy"))
    rows = metrics_of(results)
    original = rows["original"]
    return "\n".join([
        "```sh", "TFDS_DATA_DIR=... " + " ".join(
            part if "workdir" not in part else "--workdir=runs/cifar10_small"
            for part in origin["command"]), "```", "",
        f"Measured {origin['started'][:10]} with commit {origin['commit'][:10]}; it took "
        f"{origin['wall_seconds'] / 60:.0f} minutes and "
        f"{origin['peak_memory_bytes'] / 2**30:.1f} GiB on {origin['cpu_count']} {origin['cpu']} "
        f"cores (Python {origin['python']}, {versions})"
        + (f", {origin['cpu_seconds'] / 60:.0f} minutes of CPU time." if "cpu_seconds" in origin
           else "."), "",
        f"The original models have {100 * original['retain_accuracy']['mean']:.1f}% accuracy on "
        f"retained training images and {100 * original['test_accuracy']['mean']:.1f}% on test "
        f"images, those retrained without the forget set "
        f"{100 * rows['retrain']['retain_accuracy']['mean']:.1f}% and "
        f"{100 * rows['retrain']['test_accuracy']['mean']:.1f}%; on the forget set they have "
        f"{100 * original['forget_accuracy']['mean']:.1f}% and "
        f"{100 * rows['retrain']['forget_accuracy']['mean']:.1f}%. (Chance is 20%.)"])


def differences(results: dict) -> str:
    """A table of differences of ToW, paired by seed."""
    rows = metrics_of(results)
    lines = ["| what | rows | difference of ToW |", "|---|---|---|"]
    for title, pairs in PAIRS.items():
        for first, second in pairs:
            difference = paired_difference(*(rows[name]["tow"]["per_seed"]
                                             for name in (first, second)))
            lines.append(f"| {title} | `{first}` - `{second}` | "
                         f"{interval(difference, sign=True)} |")
    return "\n".join(lines)


def search(paths: list[pathlib.Path]) -> str:
    """A table of all points of the searches."""
    lines = ["| row | learning rate | alpha | validation ToW |", "|---|---|---|---|"]
    for path in paths:
        for name, row in records.read_json(path)["rows"].items():
            for trial in row["trials"]:
                hparams, score = trial["steps"][0]["hparams"], trial["validation_tow"]
                cell = f"{score['mean']:.3f} ± {score['ci95']:.3f}" if score else "diverged"
                best = row["chosen"] and row["chosen"]["trial"]
                mark = "**" if trial["trial"] == best else ""
                lines.append(f"| `{name}` | {hparams['learning_rate']} | "
                             f"{hparams.get('alpha', '')} | {mark}{cell}{mark} |")
    return "\n".join(lines)


def without_places(record: dict) -> dict:
    """The same without the folders of one machine in its command lines."""
    origin = record["provenance"]
    for process in (origin, *origin.pop("earlier_processes")):
        process["command"] = ["--workdir=runs/cifar10_small_search" if "--workdir" in part else part
                              for part in process["command"]]
    return record


def search_seeds(folder: pathlib.Path) -> list[int]:
    """Seeds of the searches, which must be the same in all."""
    seeds = {tuple(records.read_json(path)["sweep"]["seeds"])
             for path in folder.glob("search_*.json")}
    if len(seeds) != 1:
        raise SystemExit(f"{folder}: has searches with the seeds {sorted(seeds)}; expected: one")
    return list(seeds.pop())


PAGE = """# A RUM study on real CIFAR-10 images

Five classes of CIFAR-10 (airplane, automobile, frog, horse, ship), 450 training images of each, a
ResNet of widths 8, 16, 32 and 64 with one block in each stage; {models} memorization models,
{seeds} seeds, a forget set of {size}: a third each of low, middle and high memorization. All
fields are in [`configs/cifar10_small_rum.py`](../configs/cifar10_small_rum.py). The pixels were
those of a JPEG-recompressed copy of CIFAR-10, so accuracies are a little below those of the
original images.

{measured}

```text
{table}
```

Split-half Spearman of memorization, from half of the models each: {spearman:.2f}.

![ToW](results/cifar10_small/tow.svg)
![Accuracies](results/cifar10_small/accuracies.svg)
![Memorization](results/cifar10_small/memorization.svg)

## Differences between rows

Mean over {seeds} seeds ± half-width of the 95% interval, paired by seed. The data were split once,
and memorization was estimated once, so that the intervals are conditional on both. The learning
rates are the best ones for the whole forget set, and the chains over subsets use them unchanged, so
that these differences favor the rows on the whole set. What the papers claim is decided by
[studies over many splits](claims.md), with hyper-parameters searched for every row.

{differences}

## How learning rates were chosen

One search for each algorithm, on the whole forget set, judged on validation images, with seeds
{search_seeds} that the study does not use; the chains over subsets use the same values.

{search}

All numbers of the study are in [`results.json`](results/cifar10_small/results.json); this page was
written by `benchmarks/cifar10_small_page.py`.
"""


def main() -> None:
    """Copies the files and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    parser.add_argument("--search", type=pathlib.Path, action="append", default=[])
    arguments = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(arguments.workdir / name, TARGET / name)
    for path in arguments.search:
        rows = "_".join(records.read_json(path)["rows"]).replace("vanilla:", "")
        records.write_json(TARGET / f"search_{rows}.json",
                           without_places(records.read_json(path)))
    results = records.read_json(TARGET / "results.json")
    page = PAGE.format(
        measured=measured(results), table=text.table(results), differences=differences(results),
        models=results["memorization"]["models"], seeds=len(results["provenance"]["seeds"]),
        search_seeds=" and ".join(map(str, search_seeds(TARGET))),
        search=search(sorted(TARGET.glob("search_*.json"))),
        spearman=results["memorization"]["split_half_spearman"],
        size=records.read_json(TARGET / "config.json")["forget"]["size"])
    records.write_bytes(ROOT / "docs" / "cifar10_small.md", page.encode())


if __name__ == "__main__":
    main()
