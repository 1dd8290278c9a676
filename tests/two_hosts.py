"""One of two processes that train a model on batches which they share; prints the losses."""

import json
import pathlib
import sys

import jax
import numpy as np

if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", 2)

from rum_jax import data, models
from rum_jax.core.randomness import ROLES, generator  # noqa: E402
from rum_jax.runtime import distributed  # noqa: E402
from rum_jax.train.engine import make_engine  # noqa: E402
from rum_jax.train.fit import Task  # noqa: E402
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train  # noqa: E402
from rum_jax.train.resume import Checkpointing  # noqa: E402


def losses(devices: int, share: int, keep: Checkpointing | None = None) -> np.ndarray:
    """float[1,T] of a tiny network on a mesh of so many devices."""
    dataset = data.load("digits", 0.1, 0.2, 0.05, seed=0)
    model = models.build("resnet", dataset.spec, (4,), (1,), "patches")
    task = Task(make_engine(devices, "series", 2, share), model, dataset.images, dataset.labels)
    states = initial_states(model, [(0, ROLES["init"], 0)])
    return train(task, dataset.train[None, :192], states,
                 Recipe(2, 0.1, Optimizer(64, 0.9, 5e-4, "crop")),
                 [lambda epoch: generator(0, "order", 0, epoch)], ["it"], keep=keep)[1].losses


if __name__ == "__main__":
    _, port, number, folder = sys.argv
    distributed.initialize(f"localhost:{port}", 2, int(number))
    kept = Checkpointing(pathlib.Path(folder), 1, lambda: 0.0, 0.0)
    print(json.dumps({"writer": distributed.is_writer(), "devices": len(jax.devices()),
                      "first": losses(4, 4, kept).tolist(),
                      "resumed": losses(4, 4, kept).tolist(),
                      "agreed": distributed.broadcast_from_writer(f"from {number}")}))
