"""Puts measured numbers and figures into the README and docs: nothing there is typed by hand.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits
    python benchmarks/readme.py --workdir=runs/digits

Copies results and figures of the finished study to docs/results/digits, and renews every block
of README.md between `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""

import argparse
import pathlib
import re
import shutil

from rum_jax.core import records
from rum_jax.report import text
from rum_jax.unlearn import ALGORITHMS

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
COPIED = ("results.json", "tow.svg", "accuracies.svg", "run_times.svg", "memorization.svg",
          "examples.svg")


def table(results: dict) -> str:
    """What the command prints."""
    return "\n".join(["```text", text.table(results), "",
                      *text.findings(results), "```"])


def measured(results: dict) -> str:
    """Time, memory and machine of that run."""
    origin = results["provenance"]
    versions = ", ".join(f"{name} {origin['versions'][name]}" for name in ("jax", "flax", "numpy"))
    return (f"That took {origin['wall_seconds']:.0f} s and "
            f"{origin['peak_memory_bytes'] / 2**30:.1f} GiB of memory, compilation included, on "
            f"{origin['cpu_count']} {origin['cpu']} cores (Python {origin['python']}, "
            f"{versions}).")


def answer(results: dict) -> str:
    """Whether refining helped, in the words of the report."""
    first, *_, scope = text.answer(results)
    return f"**Does refining help here?** {first} {scope}"


def search() -> str:
    """What the search chose, and what the released values would have given."""
    found = records.read_json(RESULTS / "digits_search.json")
    lines = ["| row | published values | chosen | chosen hyper-parameters |", "|---|---|---|---|"]
    for name, row in found["rows"].items():
        first, best = row["trials"][0]["validation_tow"], row["chosen"]
        first = _score(first) if first else "diverged"
        steps = "; ".join(f"{step['subset']}: {_hparams(step)}" for step in best["steps"])
        lines.append(f"| `{name}` | {first} | {_score(best['validation_tow'])} | {steps} |")
    return "\n".join(["Validation ToW over the search's seeds:", "", *lines])


def _score(value: dict) -> str:
    return f"{value['mean']:.3f} ± {value['ci95']:.3f}"


def _hparams(step: dict) -> str:
    own = ", ".join(f"{name} {step['hparams'][name]}"
                    for name in ALGORITHMS[step["algorithm"]].search)
    return f"{step['algorithm']} ({own})" if own else step["algorithm"]


def markdown_table(path: pathlib.Path) -> str:
    """The table of another benchmark's page."""
    return "\n".join(line for line in path.read_text().splitlines() if line.startswith("|"))


def main() -> None:
    """Renews README and docs/results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    workdir = parser.parse_args().workdir
    results = records.read_json(workdir / "results.json")
    target = RESULTS / "digits"
    target.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(workdir / name, target / name)
    blocks = {"table": table(results), "measured": measured(results), "answer": answer(results),
              "search": search(), "invariance": markdown_table(RESULTS / "invariance.md")}
    page = (ROOT / "README.md").read_text()
    for name, content in blocks.items():
        pattern = rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)"
        page, found = re.subn(pattern, lambda m, c=content: f"{m[1]}{c}\n{m[2]}", page,
                              flags=re.DOTALL)
        if found != 1:
            raise SystemExit(f"README.md: has {found} blocks {name}; expected: one")
    records.write_bytes(ROOT / "README.md", page.encode())


if __name__ == "__main__":
    main()
