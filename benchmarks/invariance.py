"""How much memorization depends on devices, groups and threads: the digits study, many ways.

    python benchmarks/invariance.py --out=docs/results

Runs the memorization stage with 1, 2 and 8 devices and with groups of 4 and 16 models, with a
pool of 8 CPU threads, and once more with the default pool; each in a process of its own. Compares
all scores with the first. Writes invariance.json and .md. Arguments after `--` are passed on as
config fields.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from scipy.stats import spearmanr

from rum_jax.core import records
from rum_jax.runtime.provenance import provenance
from rum_jax.runtime.xla import cpu_cores

CODE = """
import sys
from rum_jax.config.overrides import parse
from rum_jax.runtime.xla import expose_cpu_cores
from rum_jax.study.memorization import memorization
from rum_jax.study.context import make_study
from rum_jax.storage.workdir import opened
arguments = parse(sys.argv)
expose_cpu_cores(arguments.config.engine.devices, arguments.config.engine.cpu_threads)
with opened(arguments.workdir, arguments.config.to_dict()) as workdir:
    memorization(make_study(workdir, arguments.config))
"""
CONFIG = pathlib.Path(__file__).parents[1] / "configs" / "digits_rum.py"


THREADS = 8
WAYS = [*((THREADS, devices, group) for devices in (2, 1, 8) for group in (16, 4)), (0, 2, 16)]


def scores(threads: int, devices: int, group: int, extra: list[str]) -> np.ndarray:
    """float64[n] memorization with so many threads, devices and models in a group."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-c", CODE, f"--config={CONFIG}",
                        f"--workdir={folder}/run", f"--config.engine.devices={devices}",
                        f"--config.engine.cpu_threads={threads}",
                        f"--config.campaign.group_size={group}", *extra], check=True)
        stored = pathlib.Path(folder) / "run/stages/memorization/memorization.npz"
        return records.read_arrays(stored)["memorization"]


def main() -> None:
    """Runs all ways and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("extra", nargs="*")
    arguments = parser.parse_args()
    memorization = {way: scores(*way, arguments.extra) for way in WAYS}
    base = memorization[WAYS[0]]
    rows = [{"threads": threads or cpu_cores(), "devices": devices, "group_size": group,
             "max": float(np.abs(values - base).max()), "mean": float(np.abs(values - base).mean()),
             "different": int((values != base).sum()),
             "spearman": float(spearmanr(values, base).statistic)}
            for (threads, devices, group), values in memorization.items()]
    origin = provenance()
    lines = ["# Memorization with other devices and groups", "",
             f"`{' '.join(origin['command'])}`, jax {origin['versions']['jax']}, "
             f"{origin['cpu_count']} CPU cores. Differences from the first line, over {len(base)} "
             "examples.", "",
             "| CPU threads | devices | group | largest | mean | scores that differ | Spearman |",
             "|---|---|---|---|---|---|---|"]
    lines += [f"| {r['threads']} | {r['devices']} | {r['group_size']} | {r['max']:.4f} | "
              f"{r['mean']:.5f} | {r['different']} | {r['spearman']:.5f} |" for r in rows]
    arguments.out.mkdir(parents=True, exist_ok=True)
    records.write_json(arguments.out / "invariance.json", {"rows": rows, "provenance": origin})
    text = "\n".join(lines) + "\n"
    records.write_bytes(arguments.out / "invariance.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
