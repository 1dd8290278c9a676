"""Writes docs/algorithms.md: what every algorithm does, and its result in the digits study.

    python -m rum_jax.main --config=configs/digits_rum.py:algorithms --workdir=runs/algorithms
    python benchmarks/algorithms_page.py --workdir=runs/algorithms
"""

import argparse
import pathlib
import shutil

from rum_jax.core import records
from rum_jax.report import text
from rum_jax.unlearn import ALGORITHMS

ROOT = pathlib.Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results" / "digits_algorithms"

# name -> (loss or rule, data, source)
WHAT = {
    "none": ("none", "none", "RUM, 2406.01257"),
    "retrain": ("CE, from new parameters", "R", "exact unlearning"),
    "finetune": ("CE", "R", "Golatkar et al., 1911.04933"),
    "l1_sparse": ("CE + a_e Σ\\|p\\|, a_e falling to 0", "R", "Jia et al., 2304.04934"),
    "neggrad": ("-CE", "F", "Golatkar et al., 1911.04933"),
    "neggrad_plus": ("α CE(R) - (1-α) CE(F)", "R with F repeated", "Kurmanji et al., 2302.09880"),
    "scrub": ("max: -KL_T to the original; min: γ CE + β KL_T", "F, then R, in each epoch",
              "Kurmanji et al., 2302.09880"),
    "salun": ("CE to random labels on F, salient weights only", "F and R shuffled",
              "Fan et al., 2310.12508"),
    "random_label": ("CE to random labels on F", "F and R shuffled",
                     "Golatkar et al., 1911.04933"),
    "influence": ("p + α k, k from WoodFisher of grad CE(F) - grad CE(R)",
                  "F, R; 1,002 random examples of R one by one", "Izzo et al., 2002.10077"),
    "fisher": ("p + min(√(α/F), 10⁻³) N(0,1), F the diagonal Fisher", "R",
               "Golatkar et al., 1911.04933"),
    "fisher_new": ("p + noise of variance α / F2, F2 over all labels", "R",
                   "Golatkar et al., 1911.04933"),
    "boundary_shrink": ("CE to the class across the nearest boundary", "F",
                        "Chen et al., 2303.11570"),
    "boundary_expand": ("CE to an added class", "F", "Chen et al., 2303.11570"),
}
HEAD = """# Unlearning algorithms

F is the forget set, R the retain set, CE cross entropy. Each algorithm is one file in
[`rum_jax/unlearn/`](../rum_jax/unlearn/), whose docstring has the equations and says which
choices follow the paper and which the released code; all run on every model, for all seeds in
one program, with float hyper-parameters as arrays. Hyper-parameters are those of
[`configs/digits_rum.py`](../configs/digits_rum.py), chosen by [a search](sweeps.md).

`last_epoch_factor` of the gradient methods is the learning rate of the last epoch relative to the
others: below 1 it lets the model settle. It is 1 in the papers and in the released code, is not
searched by default, and has no effect where there is one epoch alone.

Results: ToW and ToW-MIA with 95% intervals over seeds, seconds per model, on the digits, forget
set of {size} examples ({sets[0]}). Made by

    python -m rum_jax.main --config=configs/digits_rum.py:algorithms --workdir=runs/algorithms
    python benchmarks/algorithms_page.py --workdir=runs/algorithms

on {cpu_count} {cpu} cores, jax {jax}, in {seconds:.0f} s.
"""
COLUMNS = ("tow", "tow_mia", "forget_accuracy", "retain_accuracy", "test_accuracy", "mia",
           "seconds")


def table(results: dict) -> str:
    """One line per algorithm."""
    rows = {row["name"]: row for row in results["rows"]}
    named = {"none": "original", "retrain": "retrain"}
    lines = ["| algorithm | loss or rule | data | hyper-parameters | source | "
             + " | ".join(text.COLUMNS[name] for name in COLUMNS) + " |",
             "|---" * (5 + len(COLUMNS)) + "|"]
    for name in ALGORITHMS:
        row = rows[named.get(name, f"vanilla:{name}")]
        hparams = {} if name == "none" else row["steps"][0]["hparams"]
        hparams_cell = ", ".join(f"{key} {value}" for key, value in hparams.items() if value != [])
        values = " | ".join(text.cell(metric, row["metrics"][metric]) for metric in COLUMNS)
        loss, data, source = WHAT[name]
        lines.append(f"| `{name}` | {loss} | {data} | {hparams_cell} | {source} | {values} |")
    return "\n".join(lines)


def main() -> None:
    """Writes the page and copies the figures it shows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workdir", type=pathlib.Path, required=True)
    workdir = parser.parse_args().workdir
    results = records.read_json(workdir / "results.json")
    config, origin = records.read_json(workdir / "config.json"), results["provenance"]
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in ("results.json", "tow.svg", "accuracies.svg"):
        shutil.copyfile(workdir / name, RESULTS / name)
    page = HEAD.format(**config["forget"], cpu_count=origin["cpu_count"], cpu=origin["cpu"],
                       jax=origin["versions"]["jax"], seconds=origin["wall_seconds"])
    images = ("\n![ToW](results/digits_algorithms/tow.svg)\n"
              "![Accuracies](results/digits_algorithms/accuracies.svg)\n")
    records.write_bytes(ROOT / "docs" / "algorithms.md",
                        (page + "\n" + table(results) + "\n" + images).encode())


if __name__ == "__main__":
    main()
