"""Which strategy trains many models fastest here: map, vmap or unroll, which convolution.

    python benchmarks/strategies.py --out=docs/results

One call measures everything on whatever device JAX finds (CPU cores count as devices), all
variants interleaved, and writes strategies-<backend>.json and .md. `engine.convolution=auto`
follows these tables; `engine.strategy=auto` also counts compilation, see seeds_together.py.
"""

import argparse
import itertools
import pathlib
import statistics
import time

import numpy as np
from tqdm import tqdm

from rum_jax import data, models
from rum_jax.core import records
from rum_jax.core.randomness import ROLES, generator
from rum_jax.data.arrays import ImageSpec
from rum_jax.runtime import xla
from rum_jax.runtime.provenance import provenance
from rum_jax.train.engine import STRATEGIES, make_engine
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train

BATCH = 64
CIFAR = ImageSpec((32, 32, 3), 10, 255.0, (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))


def workloads() -> dict[str, tuple]:
    """name -> (images, labels, spec, widths, models, examples per model and epoch)."""
    digits = data.load("digits", 0.1, 0.2, 0.05, 0)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (512, 32, 32, 3), dtype=np.uint8)
    labels = rng.integers(0, 10, 512).astype(np.int32)
    return {"8x8x1, widths 16,32": (digits.images, digits.labels, digits.spec, (16, 32), 16,
                                     896),
            "32x32x3, widths 16,32,64": (noise, labels, CIFAR, (16, 32, 64), 4, 64)}


def once(task: Task, count: int, examples: int) -> float:
    """Images per second of one epoch of so many models together."""
    states = initial_states(task.model, [(0, ROLES["init"], k) for k in range(count)])
    positions = np.tile(np.arange(examples, dtype=np.int32), (count, 1))
    orders = [lambda e, k=k: generator(0, "order", k, e) for k in range(count)]
    recipe = Recipe(1, 0.1, Optimizer(BATCH, 0.9, 5e-4))
    start = time.monotonic()
    train(task, positions, states, recipe, orders, [str(k) for k in range(count)])
    return count * examples / (time.monotonic() - start)


def measure(repetitions: int) -> list[dict]:
    """Every workload and variant, interleaved; the first, compiling call is not counted."""
    tasks = {}
    for name, (images, labels, spec, widths, count, examples) in workloads().items():
        for strategy, lowering in itertools.product(STRATEGIES, ("native", "patches")):
            model = models.build("resnet", spec, widths, (1,) * len(widths), lowering)
            task = Task(make_engine(0, strategy, 16), model, images, labels)
            tasks[name, strategy, lowering] = (task, count, examples)
    speeds = {variant: [] for variant in tasks}
    for repetition in tqdm(range(repetitions + 1), desc="repetitions"):
        for variant, arguments in tasks.items():
            speed = once(*arguments)
            if repetition:
                speeds[variant].append(speed)
    return [{"workload": name, "strategy": strategy, "convolution": lowering,
             "min": min(values), "median": statistics.median(values), "max": max(values)}
            for (name, strategy, lowering), values in speeds.items()]


def table(rows: list[dict], origin: dict) -> str:
    """The measurements as Markdown."""
    lines = ["# Strategies for many models at once", "",
             f"`{' '.join(origin['command'])}`, {origin['started']}, {len(origin['devices'])} x "
             f"{origin['devices'][0]}, {origin['cpu_count']} CPU cores, "
             f"jax {origin['versions']['jax']}, 16 models (4 of 32x32x3), batch {BATCH}, "
             "float32.", "",
             "Training images per second, all models together: median (min to max).", "",
             "| workload | strategy | convolution | images/s |", "|---|---|---|---|"]
    lines += [f"| {r['workload']} | {r['strategy']} | {r['convolution']} | {r['median']:,.0f} "
              f"({r['min']:,.0f} to {r['max']:,.0f}) |" for r in rows]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measures and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    xla.expose_cpu_cores(0)
    origin = provenance()
    rows = measure(arguments.repetitions)
    arguments.out.mkdir(parents=True, exist_ok=True)
    stem = arguments.out / f"strategies-{origin['backend']}"
    records.write_json(stem.with_suffix(".json"), {"rows": rows, "provenance": origin})
    records.write_bytes(stem.with_suffix(".md"), table(rows, origin).encode())
    print(table(rows, origin))


if __name__ == "__main__":
    main()
