"""Model states on disk, through Orbax."""

import pathlib

import jax
import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.models import Model
from rum_jax.runtime import distributed
from rum_jax.train.state import SGD, TrainState, shape_of_state


def save(path: pathlib.Path, states: TrainState) -> None:
    """Writes states (any leading axes, arrays on the host) to a new folder.

    Several processes must all call it; the states are written once, where the writer says.
    """
    from orbax.checkpoint import v1 as ocp  # slow to import

    ocp.save(distributed.broadcast_from_writer(str(path.absolute())), states)


def load(path: pathlib.Path, model: Model, models: int, outputs: int,
         optimizer: str = SGD) -> TrainState:
    """Reads a stack of `models` states of that model with so many outputs, onto the host.

    They are whole arrays, so it does not matter on how many devices they were made. Several
    processes must all call it.

    Raises:
      InputError: they are of another model, or damaged.
    """
    from orbax.checkpoint import v1 as ocp  # slow to import

    like = jax.tree.map(lambda leaf: np.empty((models, *leaf.shape), leaf.dtype),
                        shape_of_state(model, outputs, optimizer))
    try:
        states = ocp.load(str(path.absolute()), like)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: cannot be read as {models} states of this model "
                         f"({str(error).splitlines()[0]})") from error
    _check(path, like, states)
    return states


def _check(path: pathlib.Path, like: TrainState, states: TrainState) -> None:
    expected, loaded = ({jax.tree_util.keystr(at): leaf.shape for at, leaf in
                         jax.tree_util.tree_leaves_with_path(tree)} for tree in (like, states))
    wrong = [name for name in expected if loaded.get(name) != expected[name]]
    if wrong:
        raise InputError(f"{path}: holds states of another model: {wrong[0]} has shape "
                         f"{loaded.get(wrong[0], 'absent')}, wanted {expected[wrong[0]]}; "
                         f"{len(wrong)} such entries")
