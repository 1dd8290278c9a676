"""Runs many models with one compiled program, over all devices.

Models lie along the mesh axis "models" (`shard_map`); each device runs its own ones by a
replaceable strategy. Programs take a fixed number of steps per call, of which a *dynamic* number
is run: training sets of any size, any number of epochs, training and fine-tuning then share one
compiled program, which matters as much as its speed when a study has twenty short phases.

With the strategy "series" the program holds one model per device and is called for one set of
models after another, without waiting in between; so it is the same program for any number of
models. With the others it holds all models, and is called once.
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


def _single(function: Callable, *stacked: PyTree) -> PyTree:
    """The one model of this device."""
    made = function(*jax.tree.map(lambda leaf: leaf[0], stacked))
    return jax.tree.map(lambda leaf: leaf[None], made)


def _map(function: Callable, *stacked: PyTree) -> PyTree:
    """One model after another in the program."""
    return jax.lax.map(lambda args: function(*args), stacked)


def _vmap(function: Callable, *stacked: PyTree) -> PyTree:
    """All models in lockstep; convolutions become grouped ones."""
    return jax.vmap(function)(*stacked)


def _unroll(function: Callable, *stacked: PyTree) -> PyTree:
    """As `_map`, without its loop: the program grows with the number of models."""
    models = len(jax.tree.leaves(stacked)[0])
    results = [function(*jax.tree.map(lambda leaf, m=m: leaf[m], stacked)) for m in range(models)]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *results)


SERIES = "series"
STRATEGIES: dict[str, Callable] = {SERIES: _single, "map": _map, "vmap": _vmap,
                                   "unroll": _unroll}


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

    def calls(self, models: int) -> int:
        """How many times the program is called for so many models."""
        return self.padded(models) // self.devices if self.strategy == SERIES else 1

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
      A function of the same arguments, the per-model ones as `put` gives them; its result is for
      `get`.
    """
    strategy = STRATEGIES[engine.strategy]

    def on_device(common: tuple, stacked: tuple) -> PyTree:
        return strategy(functools.partial(function, *common), *stacked)

    sharded = jax.shard_map(on_device, mesh=engine.mesh, in_specs=(P(), P(AXIS)),
                            out_specs=P(AXIS), check_vma=False)

    def call(*args: PyTree) -> PyTree:
        return sharded(args[:shared], args[shared:])

    program = jax.jit(call, donate_argnums=tuple(range(shared, shared + donate)))

    def run(*args: PyTree) -> list[PyTree]:
        return [program(*args[:shared], *one) for one in zip(*args[shared:], strict=True)]

    return run


def put(engine: Engine, tree: PyTree, models: int) -> list[PyTree]:
    """Host arrays with leading axis M onto the devices: one tree for each call of the program.

    M is padded to a multiple of the devices by repeating the last model.
    """
    calls, sharding = engine.calls(models), NamedSharding(engine.mesh, P(AXIS))
    each = engine.padded(models) // calls

    def place(leaf: np.ndarray, call: int) -> jax.Array:
        chosen = np.minimum(np.arange(call * each, (call + 1) * each), models - 1)
        return jax.device_put(np.asarray(leaf)[chosen], sharding)

    return [jax.tree.map(lambda leaf, call=call: place(leaf, call), tree)
            for call in range(calls)]


def replicate(engine: Engine, tree: PyTree) -> PyTree:
    """The same arrays on every device."""
    sharding = NamedSharding(engine.mesh, P())
    return jax.tree.map(lambda leaf: jax.device_put(leaf, sharding), tree)


def get(trees: list[PyTree], models: int) -> PyTree:
    """Results of all calls as arrays of the first so many models, on the host."""
    return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:models], *jax.device_get(trees))
