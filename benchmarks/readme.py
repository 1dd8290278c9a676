"""Puts measured numbers and figures into README and docs: nothing there is typed by hand.

    python -m rum_jax.main --config=configs/digits_rum.py --workdir=runs/digits
    python benchmarks/readme.py --workdir=runs/digits

Copies results and figures of the finished study to docs/results/digits, and renews every block
of PAGES between `<!-- begin NAME -->` and `<!-- end NAME -->`.
"""

import argparse
import pathlib
import re
import shutil
from collections.abc import Callable

from rum_jax.core import records
from rum_jax.report import text
from rum_jax.unlearn import ALGORITHMS

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
COPIED = ("results.json", "tow.svg", "accuracies.svg", "run_times.svg", "memorization.svg",
          "examples.svg")
# Of the README's table: what a page has room for.
METHODS = ("original", "retrain_again", "vanilla:neggrad_plus", "rum_f:neggrad_plus", "rum",
           "rum_shuffled")
MEASURES = {"tow_stratified": "ToW, stratified", "tow_mia_stratified": "ToW-MIA, stratified",
            "forget_accuracy": "forget %", "test_accuracy": "test %"}


def demo(results: dict) -> str:
    """A table of METHODS and MEASURES."""
    rows = {row["name"]: row["metrics"] for row in results["rows"]}
    lines = [["method", *MEASURES.values()], ["---"] * (1 + len(MEASURES))]
    lines += [[f"`{name}`", *(text.cell(measure, rows[name][measure]) for measure in MEASURES)]
              for name in METHODS]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(results: dict) -> str:
    """The table and the sentences that the command prints."""
    return "\n".join(["```text", text.table(results), "```", "",
                      *(f"- {sentence}" for sentence in text.findings(results))])


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


def search(_: dict) -> str:
    """What the search chose, and what the released values would have given."""
    results = records.read_json(RESULTS / "digits_search.json")
    lines = ["| method | published values | chosen | chosen hyper-parameters |",
             "|---|---|---|---|"]
    for name, row in results["rows"].items():
        first, best = row["trials"][0]["validation_tow"], row["chosen"]
        first = _score(first) if first else "diverged"
        steps = "; ".join(f"{step['subset']}: {_hparams(step)}" for step in best["steps"])
        lines.append(f"| `{name}` | {first} | {_score(best['validation_tow'])} | {steps} |")
    return "\n".join(["Validation ToW over the search's seeds:", "", *lines])


def _score(value: dict) -> str:
    return f"{value['mean']:.3f} ± {value['ci95']:.3f}"


def _hparams(step: dict) -> str:
    hparams = ", ".join(f"{name} {step['hparams'][name]}"
                        for name in ALGORITHMS[step["algorithm"]].search)
    return f"{step['algorithm']} ({hparams})" if hparams else step["algorithm"]


def invariance(_: dict) -> str:
    """The table of that benchmark's page."""
    page = (RESULTS / "invariance.md").read_text()
    return "\n".join(line for line in page.splitlines() if line.startswith("|"))


PAGES: dict[str, tuple[Callable[[dict], str], ...]] = {
    "README.md": (demo, answer, measured),
    "docs/getting_started.md": (table, measured, answer),
    "docs/sweeps.md": (search,),
    "docs/reproducibility.md": (invariance,),
}


def renewed(page: str, name: str, content: str) -> str:
    """A page with the block of that name replaced; SystemExit unless it has one."""
    pattern = rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)"
    page, blocks = re.subn(pattern, lambda match: f"{match[1]}{content}\n{match[2]}", page,
                           flags=re.DOTALL)
    if blocks != 1:
        raise SystemExit(f"the page has {blocks} blocks {name}; expected: one")
    return page


def write_pages(results: dict) -> None:
    """Renews all blocks of PAGES."""
    for path, blocks in PAGES.items():
        page = (ROOT / path).read_text()
        for block in blocks:
            page = renewed(page, block.__name__, block(results))
        records.write_bytes(ROOT / path, page.encode())


def main() -> None:
    """Renews pages and docs/results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    workdir = parser.parse_args().workdir
    target = RESULTS / "digits"
    target.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(workdir / name, target / name)
    write_pages(records.read_json(workdir / "results.json"))


if __name__ == "__main__":
    main()
