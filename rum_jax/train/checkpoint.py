"""Model states on disk, through Orbax."""

import dataclasses
import pathlib

import jax
import numpy as np
from orbax.checkpoint import v1 as ocp

from rum_jax.models import Model
from rum_jax.train.state import TrainState, fresh


def save(path: pathlib.Path, states: TrainState) -> None:
    """Writes states (any leading axes, arrays on the host) to a new folder."""
    ocp.save(path.absolute(), states)


def load(path: pathlib.Path, model: Model, models: int, outputs: int) -> TrainState:
    """Reads a stack of `models` states of that model with so many outputs, onto the host."""
    model = dataclasses.replace(model, module=model.module.clone(classes=outputs))
    one = jax.eval_shape(lambda key: fresh(*model.init(key)), jax.random.key(0))
    like = jax.tree.map(lambda leaf: np.empty((models, *leaf.shape), leaf.dtype), one)
    return ocp.load(path.absolute(), like)
