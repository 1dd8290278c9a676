"""Arrays of many models, and the data set that they share, between the host and the devices."""

import collections
import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import PartitionSpec as P

from rum_jax.runtime.stopwatch import untimed
from rum_jax.train.engine import Engine, over_models
from rum_jax.train.mesh import MODELS, fetch, place

PyTree = Any


@dataclasses.dataclass(frozen=True)
class OnDevices:
    """A tree of M models that stays on the devices from one program to the next.

    Attributes:
      engine: for whose programs it lies there.
      calls: the tree of each call of a program, as `put` gives them.
      models: M.
    """

    engine: Engine
    calls: list[PyTree]
    models: int

    def map(self, function: Callable[[PyTree], PyTree]) -> "OnDevices":
        """With the tree of each call replaced by a function of it."""
        return dataclasses.replace(self, calls=[function(tree) for tree in self.calls])

    def copy(self) -> "OnDevices":
        """The same values elsewhere on the devices, for a program that overwrites them."""
        return self.map(lambda tree: jax.tree.map(jnp.copy, tree))

    def get(self) -> PyTree:
        """With leading axis M on the host of each process."""
        return get(self.calls, self.models)


def number_of_models(*stacked: PyTree) -> int:
    """M of trees of which any may be `OnDevices`."""
    there = [tree.models for tree in stacked if isinstance(tree, OnDevices)]
    return there[0] if there else len(jax.tree.leaves(stacked)[0])


def put(engine: Engine, tree: PyTree, models: int) -> list[PyTree]:
    """Puts arrays with leading axis M onto the devices: one tree for each call of the program.

    M is padded to a multiple of the mesh's rows by repeating the last model. A tree that is
    `OnDevices` for this engine is returned without a copy.
    """
    if isinstance(tree, OnDevices):
        if tree.engine == engine:
            return tree.calls
        tree = tree.get()
    tree = jax.device_get(tree)
    calls = engine.calls(models)
    each = engine.padded(models) // calls

    def of_call(leaf: np.ndarray, call: int) -> jax.Array:
        chosen = np.minimum(np.arange(call * each, (call + 1) * each), models - 1)
        return place(engine.mesh, P(MODELS), np.asarray(leaf)[chosen])

    return [jax.tree.map(lambda leaf, call=call: of_call(leaf, call), tree)
            for call in range(calls)]


def replicate(engine: Engine, tree: PyTree) -> PyTree:
    """The same arrays on every device."""
    return jax.tree.map(lambda leaf: place(engine.mesh, P(), leaf), tree)


# (mesh, id of a host array) -> (a weak reference to it, the same on the devices).
_resident: collections.OrderedDict[tuple, tuple] = collections.OrderedDict()
MOST_RESIDENT = 2  # the data set, on the meshes of two numbers of models


def resident(engine: Engine, images: np.ndarray) -> jax.Array:
    """A data set replicated on all devices of the engine's mesh, cached for later programs.

    The transfer is excluded from every stopwatch, as otherwise the first method would be charged
    for it. An entry is dropped when its host array is deleted or MOST_RESIDENT other entries were
    used since (on CPUs the device array may share the host array's memory and keep it alive). The
    host array becomes read-only, as changes would not reach the devices.

    Args:
      engine: where to run.
      images: any array, cached by object identity. Programs must not donate the result's buffer.
    """
    key = engine.mesh, id(images)
    if key not in _resident:
        images.flags.writeable = False
        with untimed():
            placed = jax.block_until_ready(replicate(engine, images))
        gone = weakref.ref(images, lambda _: _resident.pop(key, None))
        _resident[key] = gone, placed
        while len(_resident) > MOST_RESIDENT:
            _resident.popitem(last=False)
    _resident.move_to_end(key)
    return _resident[key][1]


def _where(condition: jax.Array, tree: PyTree, other: PyTree) -> PyTree:
    return jax.tree.map(functools.partial(jnp.where, condition), tree, other)


def where(condition: np.ndarray, tree: OnDevices, other: OnDevices) -> OnDevices:
    """For each model its part of `tree` where bool[M] is True, and of `other` elsewhere."""
    engine, models = tree.engine, tree.models
    run = over_models(engine, _where, shared=0)
    return dataclasses.replace(tree, calls=run(
        *(put(engine, part, models) for part in (condition, tree, other))))


def get(trees: list[PyTree], models: int) -> PyTree:
    """Results of all calls as arrays of the first so many models, on the host of each process."""
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:models], *map(fetch, trees))
