"""Where the time of a training step goes, for `many_models.py`: prints JSON.

One model on one core trains for a few steps under JAX's profiler. Each operation that it saw is
put in one of PARTS by the name that the compiler gives it: of a layer, and forward or backward.
"""

import collections
import gzip
import json
import os
import pathlib
import re
import sys
import tempfile

import jax
import jax.numpy as jnp
import numpy as np
from many_models_jax import task_of

from rum_jax.data.plans import Stream
from rum_jax.runtime import xla
from rum_jax.train import fit
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import Context, fresh

STEPS = 8
PARTS = ("products, forward", "products, backward", "patches and results", "BatchNorm", "the rest")
PRODUCTS = ("dot", "ynn_fusion", "convolution")
# Operations that hold others, and events that are none.
HOLDERS = re.compile(r"while|call|conditional|\$|Thunk|Pjit|end:|Parse|Common")


def program_of(job: dict) -> tuple:
    """(jitted function, its arguments) of STEPS steps of one model."""
    task, size = task_of(job), job["batch"]
    index = np.random.default_rng(0).integers(0, job["examples"], (STEPS, size)).astype(np.int32)
    plan = fit.Plan({"examples": Stream(index, task.labels[index])},
                    np.full(STEPS, 0.01, np.float32))
    context = Context(jnp.float32(0.9), jnp.float32(5e-4), {})
    run = jax.jit(fit._runner.__wrapped__(task.model, cross_entropy))
    return run, (jnp.asarray(task.images), np.int32(STEPS),
                 fresh(*task.model.init(jax.random.key(0))), plan, context)


def layers_of(text: str) -> dict[str, str]:
    """Instruction -> what it was made of, from a compiled program's text."""
    pairs = re.findall(r'%([\w.\-]+) = [^\n]*?metadata=\{op_name="([^"]*)"', text)
    return dict(pairs)


def part_of(instruction: str, layer: str) -> str:
    """Which of PARTS an instruction belongs to; one without a layer moves data about."""
    backward, product = "transpose(" in layer, instruction.startswith(PRODUCTS)
    if product and "conv" in layer:
        return PARTS[1] if backward else PARTS[0]
    if "conv" in layer or not layer:
        return PARTS[2]
    return PARTS[3] if re.search(r"bn\d?/|_bn/|norm", layer) else PARTS[4]


def profile(job: dict) -> dict:
    """Microseconds per image of each of PARTS, as the profiler counts them, and without it."""
    run, arguments = program_of(job)
    layers = layers_of(run.lower(*arguments).compile().as_text())
    jax.block_until_ready(run(*arguments))
    with tempfile.TemporaryDirectory() as folder:
        with jax.profiler.trace(folder, create_perfetto_trace=True):
            jax.block_until_ready(run(*arguments))
        path = next(pathlib.Path(folder).rglob("perfetto_trace.json.gz"))
        events = json.loads(gzip.decompress(path.read_bytes()))
    durations = collections.Counter(dict.fromkeys(PARTS, 0.0))
    for event in events["traceEvents"] if isinstance(events, dict) else events:
        if event.get("ph") == "X" and not HOLDERS.match(event["name"]):
            durations[part_of(event["name"], layers.get(event["name"], ""))] += event["dur"]
    images = STEPS * job["batch"]
    return {"title": job["title"], "convolution": job["convolution"],
            "parts": {name: micros / images for name, micros in durations.items()}}


if __name__ == "__main__":
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    xla.expose_cpu_cores(1)
    print(json.dumps(profile({**json.loads(sys.argv[1]), "devices": 1})))
