"""Trains models with this package and prints images per second, as `many_models.py` asks."""

import json
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from throughput import forward_flops, matrix_rate

from rum_jax import data, models
from rum_jax.core.randomness import ROLES, generator
from rum_jax.data.cache import cache_folder
from rum_jax.data.plans import batches
from rum_jax.experiment import build
from rum_jax.runtime import xla
from rum_jax.train import fit
from rum_jax.train.engine import make_engine
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train
from rum_jax.train.state import Context, fresh, make_step

STEPS = 8


def task_of(job: dict) -> fit.Task:
    """The network and the data."""
    name, validation, test = job["data"]
    dataset = data.load(name, validation, test, 0.0, 0)
    lowering = build.convolution_of({"convolution": job.get("convolution", "auto")}, True)
    model = models.build("resnet", dataset.spec, tuple(job["widths"]), tuple(job["blocks"]),
                         lowering, build.dtype_of("auto"))
    engine = make_engine(job.get("devices", 0), job.get("strategy", "series"), 64,
                         1 if xla.on_cpu() else 0, job["batch"])
    chosen = dataset.train[:job["examples"]]
    return fit.Task(engine, model, dataset.images[chosen], dataset.labels[chosen])


def seconds_of(task: fit.Task, job: dict, models_: int, epochs: int) -> float:
    """Wall time of so many epochs of so many models, compiled programs taken as given."""
    augmentation = "none" if xla.on_cpu() else "crop_and_flip"
    recipe = Recipe(epochs, 0.1, Optimizer(job["batch"], 0.9, 5e-4, augmentation))
    states = initial_states(task.model, [(0, ROLES["init"], k) for k in range(models_)])
    positions = np.tile(np.arange(job["examples"], dtype=np.int32), (models_, 1))
    orders = [lambda epoch, k=k: generator(0, "order", k, epoch) for k in range(models_)]
    start = time.monotonic()
    train(task, positions, states, recipe, orders, [str(k) for k in range(models_)],
          stop_when_diverged=False)
    return time.monotonic() - start


def speed(job: dict) -> dict:
    """Images per second of all models together, and the matrix rate of the whole machine."""
    task, count = task_of(job), job["models"]
    epochs = max(1, job["passes"] // count)
    seconds_of(task, job, count, 1)
    seconds = seconds_of(task, job, count, epochs)
    rate = matrix_rate() * (1 if xla.on_cpu() else len(jax.devices()))
    flops = forward_flops("resnet", task.model.image, tuple(job["widths"]),
                          tuple(job["blocks"]))
    return {"images_per_second": count * epochs * job["examples"] / seconds,
            "matrix_rate": rate, "flops_per_image": 3 * flops}


def plain_speed(job: dict) -> dict:
    """One model after another: a jitted step, called batch by batch, with XLA's convolution."""
    task, size = task_of({**job, "convolution": "native", "devices": 1}), job["batch"]
    step, rng = make_step(task.model, cross_entropy), np.random.default_rng(0)
    context = Context(jnp.float32(0.9), jnp.float32(5e-4), {})
    images, labels = jnp.asarray(task.images), jnp.asarray(task.labels)

    @jax.jit
    def run(state, images, labels, index):
        batch = fit.gather(task.model, images, index, labels[jnp.maximum(index, 0)])
        return step(state, {"examples": batch}, jnp.float32(0.1), context)[:2]

    def one_pass(state):
        for index in batches(rng.permutation(job["examples"]).astype(np.int32), size):
            state, loss = run(state, images, labels, index)
        return jax.block_until_ready(state)

    state = one_pass(fresh(*task.model.init(jax.random.key(0))))
    start = time.monotonic()
    for _ in range(job["passes"]):
        state = one_pass(state)
    seconds = time.monotonic() - start
    return {"images_per_second": job["passes"] * job["examples"] / seconds}


if __name__ == "__main__":
    fields = json.loads(sys.argv[1])
    if not fields.get("plain"):
        xla.expose_cpu_cores(0)
    xla.enable_compilation_cache(cache_folder() / "programs")
    function = plain_speed if fields.get("plain") else speed
    print(json.dumps(function(fields)))
