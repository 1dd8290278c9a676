"""Training speed of many models: this package, one JAX model at a time, and PyTorch.

    python benchmarks/many_models.py --out=docs/results --torch=/path/to/python/with/torch

One call measures every variant in processes of its own, in turn, several times: (a) the digits
net, (b) widths 16, 32, 64 on CIFAR-10's images (TFDS_DATA_DIR), both where JAX finds a CPU; (c)
on a GPU, ResNet-18 with batch 512 on CIFAR-10, augmented, beside the released recipe's loop and a
tuned one. It writes many_models-<backend>.json and .md: images per second and models per hour
(min, median, max), ratio to the best PyTorch, share of the measured matrix rate, and where the
time of a step goes.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from rum_jax import data
from rum_jax.core import records
from rum_jax.runtime import xla
from rum_jax.runtime.provenance import provenance

HERE = pathlib.Path(__file__).parent


class Workload(NamedTuple):
    """What is trained.

    Attributes:
      title: in the table.
      data: name, and validation and test fraction.
      widths, blocks: of the network.
      batch: examples.
      examples: of each model in the measurement.
      passes: of each variant over them, after one that is not counted.
      images: that a model of a campaign takes: examples times epochs.
    """

    title: str
    data: tuple[str, float, float]
    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    batch: int
    examples: int
    passes: int
    images: int


CPU = {"a": Workload("(a) digits, 8x8x1, widths 16,32, batch 64", ("digits", 0.1, 0.2), (16, 32),
                     (1, 1), 64, 881, 16, 881 * 15),
       "b": Workload("(b) CIFAR-10, 32x32x3, widths 16,32,64, batch 128",
                     ("tfds:cifar10", 0.1, 0.0), (16, 32, 64), (1, 1, 1), 128, 1024, 3,
                     31_500 * 30)}
GPU = {"c": Workload("(c) CIFAR-10, ResNet-18, batch 512, crops and flips",
                     ("tfds:cifar10", 0.1, 0.0), (64, 128, 256, 512), (2, 2, 2, 2), 512, 31_500,
                     2, 31_500 * 30)}
# Variant -> arguments of many_models_jax.py.
JAX = {"rum_jax, series": {"strategy": "series", "models": 4},
       "rum_jax, map": {"strategy": "map", "models": 4},
       "one JAX model at a time": {"plain": True}}
# Variant -> (processes, fields of many_models_torch.py).
PLAIN = {"mode": "plain", "device": "cpu"}
TORCH_CPU = {
    f"PyTorch, {what}{layout}": {**PLAIN, "processes": processes, "threads": threads,
                                 "channels_last": bool(layout)}
    for what, processes, threads in (("all threads", 1, 0), ("a process per core", 0, 1))
    for layout in ("", ", channels_last")}
TORCH_GPU = {
    "PyTorch, as released": {"mode": "released", "device": "cuda", "processes": 1, "threads": 0,
                             "channels_last": False},
    "PyTorch, tuned": {"mode": "tuned", "device": "cuda", "processes": 1, "threads": 0,
                       "channels_last": True}}


def write_data(workload: Workload, path: pathlib.Path) -> None:
    """Normalized pixels float32[n,C,H,W] and labels int64[n] for PyTorch."""
    name, validation, test = workload.data
    dataset = data.load(name, validation, test, 0.0, 0)
    chosen = dataset.train[:workload.examples]
    pixels = dataset.images[chosen] / dataset.spec.pixel_max
    pixels = (pixels - np.array(dataset.spec.mean)) / np.array(dataset.spec.std)
    np.savez(path, images=pixels.transpose(0, 3, 1, 2).astype(np.float32),
             labels=dataset.labels[chosen].astype(np.int64))


def jax_speed(workload: Workload, fields: dict, script: str = "many_models_jax.py") -> dict:
    """What the script prints: images_per_second, matrix_rate, flops_per_image; or a profile."""
    job = {**workload._asdict(), **fields}
    done = subprocess.run([sys.executable, HERE / script, json.dumps(job)],
                          check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def torch_speed(python: str, workload: Workload, fields: dict, path: pathlib.Path) -> dict:
    """Images per second of all processes together."""
    processes = fields["processes"] or xla.cpu_cores()
    job = {**workload._asdict(), **fields}
    if processes > 1:  # long enough for all of them to have warmed up
        job["start"] = time.time() + 7
    started = [subprocess.Popen([python, HERE / "many_models_torch.py", path, json.dumps(job)],
                                stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "OMP_NUM_THREADS": str(fields["threads"])}
                                if fields["threads"] else None) for _ in range(processes)]
    said = [process.communicate()[0] for process in started]
    if any(process.returncode for process in started):
        sys.exit("PyTorch's side failed")
    return {"images_per_second": sum(json.loads(text)["images_per_second"] for text in said)}


def measure(workloads: dict, python: str | None, repetitions: int) -> list[dict]:
    """One record for each workload and variant; variants take turns."""
    torch = {} if python is None else (TORCH_GPU if workloads is GPU else TORCH_CPU)
    results: dict[tuple[str, str], list[dict]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for key, workload in workloads.items():
            path = pathlib.Path(scratch) / f"{key}.npz"
            write_data(workload, path)
            for _ in tqdm(range(repetitions), desc=workload.title):
                for name, fields in JAX.items():
                    results.setdefault((key, name), []).append(jax_speed(workload, fields))
                for name, fields in torch.items():
                    results.setdefault((key, name), []).append(
                        torch_speed(python, workload, fields, path))
    return [_record(workloads[key], key, name, runs) for (key, name), runs in results.items()]


def _record(workload: Workload, key: str, name: str, runs: list[dict]) -> dict:
    speeds = sorted(run["images_per_second"] for run in runs)
    median = statistics.median(speeds)
    record = {"workload": key, "title": workload.title, "variant": name, "speeds": speeds,
              "median": median, "models_per_hour": 3600 * median / workload.images}
    if "matrix_rate" in runs[0]:
        record["matrix_rate"] = statistics.median(run["matrix_rate"] for run in runs)
        record["flops_per_image"] = runs[0]["flops_per_image"]
    return record


def page(rows: list[dict], profile: list[dict], origin: dict, torch: str) -> str:
    """The tables in Markdown."""
    lines = ["# Training speed of many models", "",
             f"`{' '.join(origin['command'])}`; {origin['cpu_count']} x {origin['cpu']}, "
             f"{origin['devices'][0]}; jax {origin['versions']['jax']}, {torch}.", "",
             "Images per second of all models together; ratios are of medians, to the best "
             "PyTorch variant. A model per hour is 15 epochs of 881 images in (a), 30 of 31,500 in "
             "the others. The share is of the matrix rate measured in the same process, an image "
             "taking three forward passes.", "",
             "| workload | variant | images/s: min, median, max | models/h | ratio | share |",
             "|---|---|---|---|---|---|"]
    for row in rows:
        best = max((r["median"] for r in rows if r["workload"] == row["workload"]
                    and r["variant"].startswith("PyTorch")), default=None)
        ratio = f"{row['median'] / best:.2f}" if best else "-"
        flops = [r for r in rows if r["workload"] == row["workload"] and "matrix_rate" in r][0]
        share = row["median"] * flops["flops_per_image"] / flops["matrix_rate"]
        low, high = row["speeds"][0], row["speeds"][-1]
        lines.append(f"| {row['title']} | {row['variant']} | {low:,.0f}, {row['median']:,.0f}, "
                     f"{high:,.0f} | {row['models_per_hour']:,.2f} | {ratio} | {share:.0%} |")
    return "\n".join([*lines, *profile_lines(profile)]) + "\n"


def profile_lines(profile: list[dict]) -> list[str]:
    """Where the time goes, if that was measured."""
    if not profile:
        return []
    parts = list(profile[0]["parts"])
    lines = ["", "Where a step's time goes, one model on one core: microseconds per image under "
             "JAX's profiler, which slows small operations down. Products are those of "
             "convolutions.", "",
             f"| workload | convolution | {' | '.join(parts)} | together |",
             f"|---|---|{'---|' * len(parts)}---|"]
    return lines + [f"| {p['title']} | {p['convolution']} | "
                    + " | ".join(f"{p['parts'][part]:.0f}" for part in parts)
                    + f" | {sum(p['parts'].values()):.0f} |" for p in profile]


def torch_version(python: str) -> str | None:
    """What that interpreter has; None: no torch."""
    done = subprocess.run([python, "-c", "import torch; print(torch.__version__)"],
                          capture_output=True, text=True)
    return f"PyTorch {done.stdout.strip()}" if done.returncode == 0 else None


def main() -> None:
    """Measures and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--torch", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--workloads", nargs="+", default=[*CPU, *GPU])
    arguments = parser.parse_args()
    torch = torch_version(arguments.torch)
    if torch is None:
        print(f"{arguments.torch} has no torch: measuring without it", file=sys.stderr)
    origin = provenance()
    fitting = CPU if origin["backend"] == "cpu" else GPU
    chosen = {key: fitting[key] for key in fitting if key in arguments.workloads}
    rows = measure(chosen, arguments.torch if torch else None, arguments.repetitions)
    profile = [jax_speed(workload, {"convolution": lowering}, "many_models_profile.py")
               for workload in (chosen.values() if fitting is CPU else ())
               for lowering in ("patches", "blocked")]
    text = page(rows, profile, origin, torch or "without PyTorch")
    arguments.out.mkdir(parents=True, exist_ok=True)
    stem = arguments.out / f"many_models-{origin['backend']}"
    records.write_json(stem.with_suffix(".json"), {"rows": rows, "profile": profile,
                                                   "torch": torch, "provenance": origin})
    records.write_bytes(stem.with_suffix(".md"), text.encode())
    print(text)


if __name__ == "__main__":
    main()
