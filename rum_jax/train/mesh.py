"""The mesh of devices: models are sharded along axis "models", batches along axis "data".

The devices of a row (axis "data") share the batches of the row's models. A program marks arrays
for that with `split_batch` and is otherwise written as for one device (a mean over the batch is
the mean over the whole batch); the compiler adds the communication. With several processes
(`runtime/distributed.py`) the mesh spans the devices of all of them.
"""

from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

PyTree = Any
MODELS, DATA = "models", "data"


def make_mesh(devices: np.ndarray, share: int) -> Mesh:
    """Devices in rows of `share`, which must divide their number."""
    return Mesh(devices.reshape(-1, share), (MODELS, DATA), axis_types=(AxisType.Auto,) * 2)


def best_share(devices: int, models: int, batch_divisor: int) -> int:
    """How many devices should share the batches of a model, so that none of them is idle.

    Args:
      devices: all of them are used.
      models: trained at the same time; they are padded to a multiple of the rows.
      batch_divisor: a number that divides all batches; so must the answer.

    Returns:
      What wastes least on padding; of several the smallest, which communicates least.
    """
    def padded(share: int) -> int:
        rows = devices // share
        return -(-models // rows) * rows

    allowed = [n for n in range(1, devices + 1) if devices % n == 0 and batch_divisor % n == 0]
    return min(allowed, key=lambda share: (padded(share), share))


def split_batch(values: jax.Array) -> jax.Array:
    """Inside a program: shards axis 0 (examples) over the devices of a row.

    If their number does not divide its length, each device keeps the whole array.
    """
    share = jax.sharding.get_abstract_mesh().shape.get(DATA, 1)
    if share == 1 or len(values) % share:
        return values
    return jax.lax.with_sharding_constraint(values, P(DATA))


def place(mesh: Mesh, spec: P, values: np.ndarray) -> jax.Array:
    """A host array, the same in all processes, as one array over the mesh."""
    values = np.asarray(values)
    values = values.astype(jax.dtypes.canonicalize_dtype(values.dtype), copy=False)
    return jax.make_array_from_callback(values.shape, NamedSharding(mesh, spec),
                                        lambda part: values[part])


def fetch(tree: PyTree) -> PyTree:
    """Arrays over the mesh, whole, on the host of every process."""
    if jax.process_count() == 1:
        return jax.device_get(tree)
    return jax.tree.map(lambda leaf: multihost_utils.process_allgather(leaf, tiled=True), tree)
