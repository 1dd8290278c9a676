"""How much memorization depends on devices and groups: the digits study, run six ways.

    python benchmarks/invariance.py --out=docs/results

Runs the memorization stage with 1, 2 and 8 devices and with groups of 4 and 16 models, each in a
process of its own, and compares all scores with those of the default. Writes invariance.json and
.md. Arguments after `--` are passed on as config fields.
"""

import argparse
import itertools
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.stats import spearmanr

from rum_jax import records
from rum_jax.provenance import provenance

CODE = """
import sys
from rum_jax.config.overrides import parse
from rum_jax.devices import expose_cpu_cores
from rum_jax.stages.memorization import memorization
from rum_jax.stages.study import make_study
from rum_jax.workdir import opened
arguments = parse(sys.argv)
expose_cpu_cores(arguments.config.engine.devices)
with opened(arguments.workdir, arguments.config.to_dict()) as workdir:
    memorization(make_study(workdir, arguments.config))
"""
CONFIG = pathlib.Path(__file__).parents[1] / "configs" / "digits_rum.py"


def scores(devices: int, group: int, extra: list[str]) -> np.ndarray:
    """float64[n] memorization with so many devices and models in a group."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", CODE, f"--config={CONFIG}",
                        f"--workdir={folder}/run", f"--config.engine.devices={devices}",
                        f"--config.memorization.group_size={group}", *extra], check=True)
        stored = pathlib.Path(folder) / "run/stages/memorization/memorization.npz"
        return records.read_arrays(stored)["memorization"]


def main() -> None:
    """Runs all ways and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("extra", nargs="*")
    arguments = parser.parse_args()
    made = {way: scores(*way, arguments.extra)
            for way in itertools.product((2, 1, 8), (16, 4))}
    base = made[2, 16]
    rows = [{"devices": devices, "group_size": group, "max": float(np.abs(own - base).max()),
             "mean": float(np.abs(own - base).mean()),
             "different": int((own != base).sum()),
             "spearman": float(spearmanr(own, base).statistic)}
            for (devices, group), own in made.items()]
    origin = provenance()
    lines = ["# Memorization with other devices and groups", "",
             f"`{' '.join(origin['command'])}`, jax {origin['versions']['jax']}, "
             f"{origin['cpu_count']} CPU cores. Differences from 2 devices and groups of 16, over "
             f"{len(base)} examples.", "",
             "| devices | group | largest | mean | scores that differ | Spearman |",
             "|---|---|---|---|---|---|"]
    lines += [f"| {r['devices']} | {r['group_size']} | {r['max']:.4f} | {r['mean']:.5f} | "
              f"{r['different']} | {r['spearman']:.5f} |" for r in rows]
    arguments.out.mkdir(parents=True, exist_ok=True)
    records.write_json(arguments.out / "invariance.json", {"rows": rows, "provenance": origin})
    text = "\n".join(lines) + "\n"
    records.write_bytes(arguments.out / "invariance.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
