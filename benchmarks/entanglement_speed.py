"""Cost of the entanglement of a forget set, beside plain inference on the same examples.

    python benchmarks/entanglement_speed.py --out=docs/results

One call measures, interleaved: logits of all examples; and their features, distances to the
center, and the entanglement score of a forget set. 50,000 random images of CIFAR-10's shape, a
narrow ResNet (widths 16, 32, 64); `--network=resnet18` for accelerators. It writes
entanglement_speed-<backend>.json and .md.
"""

import argparse
import pathlib
import statistics
import time

import numpy as np
from tqdm import tqdm

from rum_jax import models
from rum_jax.core import records
from rum_jax.core.randomness import ROLES
from rum_jax.data.arrays import ImageSpec
from rum_jax.experiment import build
from rum_jax.forget.entanglement import centroid_distances, entanglement_score
from rum_jax.runtime import xla
from rum_jax.runtime.provenance import provenance
from rum_jax.train.engine import SERIES, make_engine
from rum_jax.train.fit import Task
from rum_jax.train.predict import embed, predict
from rum_jax.train.recipe import initial_states

NETWORKS = {"narrow": ("resnet", (16, 32, 64), (1, 1, 1)), "resnet18": ("resnet18", (), ())}
FORGET = 3000


def task_of(network: str, examples: int) -> Task:
    """Random images and labels."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (examples, 32, 32, 3), dtype=np.uint8)
    spec = ImageSpec((32, 32, 3), 10, 255.0, (0.5,) * 3, (0.5,) * 3)
    architecture, widths, blocks = NETWORKS[network]
    model = models.build(architecture, spec, widths, blocks,
                         build.convolution_of({"convolution": "auto"}),
                         build.dtype_of("auto"))
    labels = rng.integers(0, 10, examples).astype(np.int32)
    return Task(make_engine(0, SERIES, 64, 0, 256), model, images, labels)


def entangled(task: Task, states) -> float:
    """Distances of all examples, and the score of those nearest to the center."""
    features = embed(task, states)[0]
    order = np.argsort(centroid_distances(features))
    return entanglement_score(features[order[FORGET:]], features[order[:FORGET]])


def seconds_of(function, *arguments) -> float:
    """Wall time of one call."""
    start = time.monotonic()
    function(*arguments)
    return time.monotonic() - start


def main() -> None:
    """Measures and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--network", choices=NETWORKS, default="narrow")
    parser.add_argument("--examples", type=int, default=50_000)
    parser.add_argument("--repetitions", type=int, default=5)
    flags = parser.parse_args()
    xla.expose_cpu_cores(0)
    task = task_of(flags.network, flags.examples)
    states = initial_states(task.model, [(0, ROLES["init"], 0)])
    predict(task, states), entangled(task, states)  # compiles
    times = [(seconds_of(predict, task, states), seconds_of(entangled, task, states))
             for _ in tqdm(range(flags.repetitions))]
    plain, with_score = (sorted(column) for column in zip(*times, strict=True))
    share = statistics.median(plain) / statistics.median(with_score)
    origin = provenance()
    results = {"network": flags.network, "examples": flags.examples, "inference_seconds": plain,
               "entanglement_seconds": with_score, "share": share, "provenance": origin}
    text = "\n".join([
        "# Cost of an entanglement score", "",
        f"`{' '.join(origin['command'])}`; {origin['cpu_count']} x {origin['cpu']}, "
        f"{origin['devices'][0]}; jax {origin['versions']['jax']}. {flags.examples:,} images of "
        f"32x32x3, {flags.network} ResNet, {flags.repetitions} interleaved repetitions.", "",
        "| | seconds: min, median, max | images/s |", "|---|---|---|",
        *(f"| {name} | {', '.join(f'{t:.2f}' for t in (c[0], statistics.median(c), c[-1]))} | "
          f"{flags.examples / statistics.median(c):,.0f} |"
          for name, c in (("inference", plain), ("features, distances and score", with_score))),
        "", f"The score is computed at {share:.0%} of the speed of plain inference."]) + "\n"
    flags.out.mkdir(parents=True, exist_ok=True)
    stem = flags.out / f"entanglement_speed-{origin['backend']}"
    records.write_json(stem.with_suffix(".json"), results)
    records.write_bytes(stem.with_suffix(".md"), text.encode())
    print(text)


if __name__ == "__main__":
    main()
