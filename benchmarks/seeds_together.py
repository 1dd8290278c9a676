"""Unlearning all seeds in one program against one after another, compile time included.

    python benchmarks/seeds_together.py --out=docs/results

For every algorithm, with the hyper-parameters of configs/digits_rum.py, each way in a process of
its own, interleaved. Writes seeds_together-<backend>.json and .md.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

from tqdm import tqdm

from rum_jax.core import records
from rum_jax.runtime.provenance import provenance
from rum_jax.unlearn import ALGORITHMS

CONFIG = pathlib.Path(__file__).parents[1] / "configs" / "digits_rum.py"
CODE = """
import json, pathlib, sys, time
import jax, numpy as np
from rum_jax.config.overrides import parse
from rum_jax.runtime.xla import expose_cpu_cores
name, together = sys.argv.pop(), sys.argv.pop() == "together"
config = parse(sys.argv).config
expose_cpu_cores(0)
from rum_jax.core.randomness import ROLES
from rum_jax.study.context import make_study, unlearn_optimizer
from rum_jax.train.recipe import initial_states
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.apply import apply
from rum_jax.unlearn.base import Problem
study = make_study(pathlib.Path(sys.argv[2].partition("=")[2]), config)
seeds, train = config.seeds, study.dataset.train
states = initial_states(study.task.model, [(s, ROLES["init"], 0) for s in seeds])
forget, retain = train[::10], np.setdiff1d(train, train[::10])
hparams = config.vanilla.hparams[name].to_dict()
start = time.monotonic()
for part in ([seeds] if together else [(s,) for s in seeds]):
    own = jax.tree.map(lambda leaf: leaf[[seeds.index(s) for s in part]], states)
    problem = Problem(study.task, np.tile(forget, (len(part), 1)), np.tile(retain, (len(part), 1)),
                      tuple(part), 0, unlearn_optimizer(config))
    apply(ALGORITHMS[name], problem, own, hparams)
print(json.dumps(time.monotonic() - start))
"""


def seconds(name: str, way: str, workdir: str) -> float:
    """Seconds of unlearning with that algorithm, from a cold start."""
    done = subprocess.run([sys.executable, "-c", CODE, f"--config={CONFIG}",
                           f"--workdir={workdir}", way, name], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measures and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--algorithms", nargs="*", default=[a for a in ALGORITHMS if a != "none"])
    parser.add_argument("--workdir", default="runs/seeds_together")
    arguments = parser.parse_args()
    times = {(name, way): [] for name in arguments.algorithms for way in ("together", "alone")}
    for _ in tqdm(range(arguments.repetitions), desc="repetitions"):
        for (name, way), values in times.items():
            values.append(seconds(name, way, arguments.workdir))
    rows = []
    for name in arguments.algorithms:
        together, alone = times[name, "together"], times[name, "alone"]
        rows.append({"algorithm": name, "together": together, "one_after_another": alone,
                     "ratio": statistics.median(together) / statistics.median(alone)})
    origin = provenance()
    lines = ["# All seeds in one program, or one after another", "",
             f"`{' '.join(origin['command'])}`, {origin['started']}, {origin['cpu_count']} "
             f"{origin['cpu']} cores, jax {origin['versions']['jax']}. Seconds for 4 seeds on the "
             "digits, compile time included: median (min to max).", "",
             "| algorithm | in one program | one after another | ratio |", "|---|---|---|---|"]
    lines += [f"| {row['algorithm']} | {_text(row['together'])} | "
              f"{_text(row['one_after_another'])} | {row['ratio']:.2f} |" for row in rows]
    arguments.out.mkdir(parents=True, exist_ok=True)
    stem = arguments.out / f"seeds_together-{origin['backend']}"
    records.write_json(stem.with_suffix(".json"), {"rows": rows, "provenance": origin})
    records.write_bytes(stem.with_suffix(".md"), ("\n".join(lines) + "\n").encode())
    print("\n".join(lines))


def _text(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"


if __name__ == "__main__":
    main()
