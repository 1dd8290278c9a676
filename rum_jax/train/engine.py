"""Runs many models in one compiled program, over all devices.

Models lie along the mesh axis "models" (`shard_map`); each device runs its own ones by a
replaceable strategy. Programs take a fixed number of steps per call, of which a *dynamic* number
is run: training sets of any size, any number of epochs, training and fine-tuning then share one
compiled program, which matters as much as its speed when a study has twenty short phases.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

PyTree = Any
AXIS = "models"


def _map(function: Callable, *stacked: PyTree) -> PyTree:
    """One model after another: every model runs the plain single-model program."""
    return jax.lax.map(lambda args: function(*args), stacked)


def _vmap(function: Callable, *stacked: PyTree) -> PyTree:
    """All models in lockstep; convolutions become grouped ones."""
    return jax.vmap(function)(*stacked)


def _unroll(function: Callable, *stacked: PyTree) -> PyTree:
    """As `_map`, without its loop: the program grows with the number of models."""
    models = len(jax.tree.leaves(stacked)[0])
    results = [function(*jax.tree.map(lambda leaf, m=m: leaf[m], stacked)) for m in range(models)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


STRATEGIES: dict[str, Callable] = {"map": _map, "vmap": _vmap, "unroll": _unroll}


@dataclasses.dataclass(frozen=True)
class Engine:
    """Where and how models run; changes speed, not results. Hashable.

    Attributes:
      mesh: one axis, "models".
      strategy: a key of STRATEGIES, how the models of one device are run.
      steps_per_call: steps compiled into one call; the unit of progress.
    """

    mesh: Mesh
    strategy: str
    steps_per_call: int

    @property
    def devices(self) -> int:
        """Number of devices on the model axis."""
        return self.mesh.shape[AXIS]

    def padded(self, models: int) -> int:
        """The number of models after padding to a multiple of the devices."""
        return -(-models // self.devices) * self.devices

    def for_models(self, models: int) -> "Engine":
        """This engine without the devices that so few models would leave idle."""
        if models >= self.devices:
            return self
        return dataclasses.replace(self, mesh=_mesh(self.mesh.devices[:models]))


def make_engine(devices: int, strategy: str, steps_per_call: int) -> Engine:
    """An engine over the first so many devices (0: all). ValueError if there are fewer."""
    available = jax.devices()
    if devices > len(available):
        raise ValueError(f"{devices} devices asked for, {len(available)} exist")
    chosen = np.array(available[:devices or len(available)])
    return Engine(_mesh(chosen), strategy, steps_per_call)


def _mesh(devices: np.ndarray) -> Mesh:
    return Mesh(devices, (AXIS,), axis_types=(AxisType.Auto,))


@functools.cache
def over_models(engine: Engine, function: Callable, shared: int, donate: int = 0) -> Callable:
    """Compiles function over models.

    Args:
      engine: where to run.
      function: (*shared, *per_model) -> per-model tree, for one model. Must be the same object
        on every call, as it addresses the compiled program.
      shared: how many leading arguments all models share; the others have a leading axis M.
      donate: how many arguments after the shared ones may be overwritten.

    Returns:
      A jitted function of the same arguments with leading axis M on the per-model ones.
    """
    strategy = STRATEGIES[engine.strategy]

    def on_device(common: tuple, stacked: tuple) -> PyTree:
        return strategy(functools.partial(function, *common), *stacked)

    sharded = jax.shard_map(on_device, mesh=engine.mesh, in_specs=(P(), P(AXIS)),
                            out_specs=P(AXIS), check_vma=False)

    def call(*args: PyTree) -> PyTree:
        return sharded(args[:shared], args[shared:])

    return jax.jit(call, donate_argnums=tuple(range(shared, shared + donate)))


def put(engine: Engine, tree: PyTree) -> PyTree:
    """Host arrays with leading axis M onto the devices, M padded by repeating the last model."""

    def place(leaf: np.ndarray) -> jax.Array:
        leaf = np.asarray(leaf)
        extra = engine.padded(len(leaf)) - len(leaf)
        filled = np.concatenate([leaf, np.repeat(leaf[-1:], extra, axis=0)]) if extra else leaf
        return jax.device_put(filled, NamedSharding(engine.mesh, P(AXIS)))

    return jax.tree.map(place, tree)


def replicate(engine: Engine, tree: PyTree) -> PyTree:
    """The same arrays on every device."""
    sharding = NamedSharding(engine.mesh, P())
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding), tree)


def get(tree: PyTree, models: int) -> PyTree:
    """Arrays of the first so many models, on the host."""
    return jax.tree.map(lambda leaf: np.asarray(leaf)[:models], jax.device_get(tree))
