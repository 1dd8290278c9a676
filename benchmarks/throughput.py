"""Training images per second of the papers' networks, and the share of the device's matrix rate.

    python benchmarks/throughput.py --out=docs/results

One call measures everything, interleaved, on whatever JAX finds, with one model over all devices:
ResNet-18 and VGG-16 on CIFAR-10's shape, ResNet-50 on CIFAR-100's, ResNet-18 on Tiny-ImageNet's;
whole chunks of steps with augmentation, data on the device, in the type that `model.dtype=auto`
chooses. Pixels are random: their values do not change the speed. It writes
throughput-<backend>.json and .md. `--batch=16 --steps=2 --networks=resnet18` fits a small CPU.
"""

import argparse
import pathlib
import statistics
import time

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from rum_jax import models
from rum_jax.core import records
from rum_jax.core.randomness import ROLES, generator
from rum_jax.data.arrays import ImageSpec
from rum_jax.experiment import build
from rum_jax.runtime import xla
from rum_jax.runtime.provenance import provenance
from rum_jax.train.engine import SERIES, make_engine
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train

HALF = (0.5, 0.5, 0.5)
# name -> (architecture, image size, classes)
NETWORKS = {"resnet18": ("resnet18", 32, 10), "resnet50": ("resnet50", 32, 100),
            "vgg16": ("vgg16", 32, 10), "resnet18_tiny": ("resnet18", 64, 200)}
MATRIX = {"cpu": 2048}  # rows of the square matrices that are multiplied; 8192 elsewhere


def task_of(network: str, batch: int, steps: int) -> Task:
    """Random images of one chunk of steps."""
    architecture, size, classes = NETWORKS[network]
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (batch * steps, size, size, 3), dtype=np.uint8)
    labels = rng.integers(0, classes, len(images)).astype(np.int32)
    spec = ImageSpec((size, size, 3), classes, 255.0, HALF, HALF)
    lowering = build.convolution_of({"convolution": "auto"})
    model = models.build(architecture, spec, (), (), lowering, build.dtype_of("auto"))
    return Task(make_engine(0, SERIES, steps, 0, batch), model, images, labels)


def seconds_of(task: Task, batch: int) -> float:
    """Wall time of one pass over the images, compiled programs taken as given."""
    states = initial_states(task.model, [(0, ROLES["init"], 0)])
    positions = np.arange(len(task.images), dtype=np.int32)[None]
    recipe = Recipe(1, 0.01, Optimizer(batch, 0.9, 5e-4, "crop_and_flip"))
    start = time.monotonic()
    train(task, positions, states, recipe, [lambda epoch: generator(0, "order", 0, epoch)],
          ["the model"], stop_when_diverged=False)
    return time.monotonic() - start


def forward_flops(architecture: str, spec: ImageSpec, widths: tuple[int, ...],
                  blocks: tuple[int, ...]) -> float:
    """Of one image: multiplications and additions, as the compiler counts them."""
    model = models.build(architecture, spec, widths, blocks, "native")
    variables = jax.eval_shape(model.init, jax.random.key(0))
    pixels = jax.ShapeDtypeStruct((1, *spec.shape), jnp.float32)

    def forward(params, state, pixels):
        return model.apply(params, state, pixels, jnp.ones(1, bool), train=False)[0].logits

    return jax.jit(forward).lower(*variables, pixels).cost_analysis()["flops"]


def matrix_rate() -> float:
    """FLOP/s of one device on a large square product, in the type that models compute in."""
    size = MATRIX.get(jax.default_backend(), 8192)
    values = jnp.ones((size, size), build.dtype_of("auto"))
    product = jax.jit(lambda a: a @ a)
    product(values).block_until_ready()
    best = float("inf")
    for _ in range(10):
        start = time.monotonic()
        product(values).block_until_ready()
        best = min(best, time.monotonic() - start)
    return 2 * size**3 / best


def measure(networks: list[str], batch: int, steps: int, repetitions: int) -> list[dict]:
    """One line for each network; the first, compiling call is not counted."""
    tasks = {network: task_of(network, batch, steps) for network in networks}
    times: dict[str, list[float]] = {network: [] for network in networks}
    rate = matrix_rate() * len(jax.devices()) if not xla.on_cpu() else matrix_rate()
    for repetition in tqdm(range(repetitions + 1)):
        for network, task in tasks.items():
            taken = seconds_of(task, batch)
            if repetition:
                times[network].append(taken)
    lines = []
    for network, seconds in times.items():
        per_second = sorted(batch * steps / taken for taken in seconds)
        flops = forward_flops(NETWORKS[network][0], tasks[network].model.image, (), ())
        used = 3 * flops * statistics.median(per_second)
        lines.append({"network": network, "dtype": tasks[network].model.dtype, "batch": batch,
                      "images_per_second": per_second, "median": statistics.median(per_second),
                      "flops_per_second": used, "matrix_rate": rate,
                      "share_of_matrix_rate": used / rate})
    return lines


def page(lines: list[dict], origin: dict) -> str:
    """The table in Markdown."""
    table = ["| network | type | batch | images/s: min, median, max | share of the matrix rate |",
             "|---|---|---|---|---|"]
    for line in lines:
        speeds = line["images_per_second"]
        table.append(f"| {line['network']} | {line['dtype']} | {line['batch']} | "
                     f"{speeds[0]:,.0f}, {line['median']:,.0f}, {speeds[-1]:,.0f} | "
                     f"{line['share_of_matrix_rate']:.0%} |")
    rate = lines[0]["matrix_rate"]
    return "\n".join([
        "# Training throughput of the papers' networks", "", *table, "",
        f"Matrix rate: {rate / 1e12:.2f} TFLOP/s, measured. A training step is counted as three "
        "forward passes.", "",
        f"Devices: {len(origin['devices'])} x {origin['devices'][0]}; jax "
        f"{origin['versions']['jax']}; `{' '.join(origin['command'])}`.", ""])


def main() -> None:
    """Measures and writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--steps", type=int, default=64)
    parser.add_argument("--repetitions", type=int, default=5)
    chosen = parser.parse_args()
    xla.expose_cpu_cores(0)
    lines = measure(chosen.networks, chosen.batch, chosen.steps, chosen.repetitions)
    origin = provenance()
    name = f"throughput-{jax.default_backend()}"
    chosen.out.mkdir(parents=True, exist_ok=True)
    records.write_json(chosen.out / f"{name}.json", {"lines": lines, "provenance": origin})
    records.write_bytes(chosen.out / f"{name}.md", page(lines, origin).encode())


if __name__ == "__main__":
    main()
