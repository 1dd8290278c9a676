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

from rum_jax import records
from rum_jax.evaluate.interval import paired_difference
from rum_jax.report import text

ROOT = pathlib.Path(__file__).parents[1]
TARGET = ROOT / "docs" / "results" / "cifar10_small"
COPIED = ("results.json", "results.csv", "config.json", "tow.png", "accuracies.png",
          "run_times.png", "memorization.png")
ALGORITHMS = ("finetune", "neggrad_plus", "salun")


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
        f"took {origin['wall_seconds'] / 60:.0f} minutes and "
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


def compared(results: dict, first: str, second: str) -> tuple[str, str]:
    """("better" | "worse" | "not distinguishable", the difference in words)."""
    rows = metrics_of(results)
    made = paired_difference(rows[first]["tow"]["per_seed"], rows[second]["tow"]["per_seed"])
    mean, half = made["mean"], made["ci95"]
    verdict = "not distinguishable" if abs(mean) <= half else "better" if mean > 0 else "worse"
    return verdict, f"{mean:+.3f} ± {half:.3f}"


def finding(results: dict, claim: str, pairs: list[tuple[str, str]]) -> str:
    """A claim of the papers, and how many of these pairs of rows agree."""
    made = [compared(results, *pair) for pair in pairs]
    counts = {word: sum(verdict == word for verdict, _ in made)
              for word in ("better", "worse", "not distinguishable")}
    higher = sum(difference.startswith("+") for _, difference in made)
    single = "; ".join(f"`{first}` - `{second}`: {difference} ({verdict})"
                       for (first, second), (verdict, difference) in zip(pairs, made, strict=True))
    return (f"- **{claim}** The mean is higher in {higher} of {len(pairs)}; at 95%, paired by "
            f"seed: better in {counts['better']}, worse in {counts['worse']}, not "
            f"distinguishable in {counts['not distinguishable']}. {single}.")


def findings(results: dict) -> str:
    """What this study says about the findings of arXiv 2406.01257."""
    rows = metrics_of(results)
    vanilla = [f"vanilla:{name}" for name in ALGORITHMS]
    floor = rows["retrain_again"]["tow"]["mean"]
    above = [name for name in rows if name not in ("original", "retrain", "retrain_again")
             and rows[name]["tow"]["mean"] > floor]
    gap = (f"{len(above)} of {len(rows) - 3} unlearning rows are above it: "
           + ", ".join(f"`{name}`" for name in above) if above else "no unlearning row is above it")
    return "\n".join([
        finding(results, "RUM is better than unlearning the whole set with one algorithm.",
                [("rum", name) for name in vanilla]),
        finding(results, "An algorithm is better on refined subsets, one after another.",
                [(f"rum_f:{name}", f"vanilla:{name}") for name in ALGORITHMS]),
        finding(results, "Homogeneous subsets matter: random ones of the same sizes are worse.",
                [("rum", "rum_shuffled")]),
        finding(results, "Every algorithm is better than doing nothing.",
                [(name, "original") for name in (*vanilla, "rum")]),
        f"- Retraining again with other seeds has a mean ToW of {floor:.3f}; {gap}."])


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


def without_places(found: dict) -> dict:
    """The same without the folders of one machine in its command lines."""
    origin = found["provenance"]
    for process in (origin, *origin.pop("earlier_processes")):
        process["command"] = ["--workdir=runs/cifar10_small_search" if "--workdir" in part else part
                              for part in process["command"]]
    return found


def search_seeds(folder: pathlib.Path) -> list[int]:
    """Seeds of the searches, which must be the same in all."""
    found = {tuple(records.read_json(path)["sweep"]["seeds"])
             for path in folder.glob("search_*.json")}
    if len(found) != 1:
        raise SystemExit(f"{folder}: has searches with the seeds {sorted(found)}; expected: one")
    return list(found.pop())


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

![ToW](results/cifar10_small/tow.png)
![Accuracies](results/cifar10_small/accuracies.png)
![Memorization](results/cifar10_small/memorization.png)

## What it says about the papers' findings

Differences of ToW, mean over seeds ± half-width of the 95% interval. The learning rates are the
best ones for the whole forget set, and the chains over subsets use them unchanged, so this
comparison favours the rows on the whole set; and the data are a twentieth of the papers'.

{findings}

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
        measured=measured(results), table=text.table(results), findings=findings(results),
        models=results["memorization"]["models"], seeds=len(results["provenance"]["seeds"]),
        search_seeds=" and ".join(map(str, search_seeds(TARGET))),
        search=search(sorted(TARGET.glob("search_*.json"))),
        spearman=results["memorization"]["split_half_spearman"],
        size=records.read_json(TARGET / "config.json")["forget"]["size"])
    records.write_bytes(ROOT / "docs" / "cifar10_small.md", page.encode())


if __name__ == "__main__":
    main()
