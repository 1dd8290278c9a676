"""Runs many models with one compiled program, over all devices.

Models lie along the axis "models" of the mesh (`shard_map`); each row of devices runs its own
ones by a replaceable strategy, see `mesh.py` for what the devices of a row share.

Programs take a fixed number of steps per call, of which a *dynamic* number is run: training sets
of any size, any number of epochs, training and fine-tuning then share one compiled program, which
matters as much as its speed when a study has twenty short phases.

With the strategy "series" the program holds one model per row and is called for one set of
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
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from rum_jax.train.mesh import MODELS, best_share, make_mesh

PyTree = Any


def _single(function: Callable, *stacked: PyTree) -> PyTree:
    """The one model of this row of devices."""
    result = function(*jax.tree.map(lambda leaf: leaf[0], stacked))
    return jax.tree.map(lambda leaf: leaf[None], result)


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
      mesh: axes "models" and "data".
      strategy: a key of STRATEGIES, how the models of one row of devices are run.
      steps_per_call: steps compiled into one call; the unit of progress.
      data_devices: how many devices share the batches of a model; 0: what `for_models` finds best.
      batch_divisor: a number that divides all training batches.
    """

    mesh: Mesh
    strategy: str
    steps_per_call: int
    data_devices: int
    batch_divisor: int

    @property
    def rows(self) -> int:
        """Number of devices on the model axis."""
        return self.mesh.shape[MODELS]

    def padded(self, models: int) -> int:
        """The number of models after padding to a multiple of the rows."""
        return -(-models // self.rows) * self.rows

    def calls(self, models: int) -> int:
        """How many times the program is called for so many models."""
        return self.padded(models) // self.rows if self.strategy == SERIES else 1

    def for_models(self, models: int) -> "Engine":
        """This engine with the best mesh for this number of models.

        With `data_devices` > 0, idle rows are removed from the mesh (not with several processes,
        as each must take part in every program). With 0, all devices are used, in the mesh with
        the least padding; among equal ones, that with the most rows.
        """
        devices = self.mesh.devices.reshape(-1)
        share = self.data_devices or best_share(len(devices), models, self.batch_divisor)
        rows = len(devices) // share
        if self.data_devices and jax.process_count() == 1:
            rows = min(rows, models)
        if (rows, share) == self.mesh.devices.shape:
            return self
        return dataclasses.replace(self, mesh=make_mesh(devices[:rows * share], share))


def make_engine(devices: int, strategy: str, steps_per_call: int, data_devices: int = 1,
                batch_divisor: int = 1) -> Engine:
    """An engine on the first `devices` devices (0: all); other arguments: see `Engine`.

    Raises:
      ValueError: there are fewer devices, or they cannot be cut into rows of `data_devices`.
    """
    available = jax.devices()
    if devices > len(available):
        raise ValueError(f"{devices} devices asked for, {len(available)} exist")
    chosen = np.array(available[:devices or len(available)])
    if len(chosen) % (data_devices or 1):
        raise ValueError(f"{len(chosen)} devices cannot be cut into rows of {data_devices}")
    return Engine(make_mesh(chosen, data_devices or 1), strategy, steps_per_call, data_devices,
                  batch_divisor)


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
      A function of the same arguments, the per-model ones as `placement.put` gives them; its
      result is for `placement.get`.
    """
    strategy = STRATEGIES[engine.strategy]

    def on_device(common: tuple, stacked: tuple) -> PyTree:
        return strategy(functools.partial(function, *common), *stacked)

    sharded = jax.shard_map(on_device, mesh=engine.mesh, in_specs=(P(), P(MODELS)),
                            out_specs=P(MODELS), axis_names={MODELS}, check_vma=False)

    def call(*args: PyTree) -> PyTree:
        return sharded(args[:shared], args[shared:])

    program = jax.jit(call, donate_argnums=tuple(range(shared, shared + donate)),
                      out_shardings=NamedSharding(engine.mesh, P(MODELS)))

    def run(*args: PyTree) -> list[PyTree]:
        return [program(*args[:shared], *parts) for parts in zip(*args[shared:], strict=True)]

    return run
