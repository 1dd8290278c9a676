"""The state of one model, and the one training step that everything shares."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.struct
import jax
import jax.numpy as jnp
import numpy as np
import optax

from rum_jax.models import Model

PyTree = Any


@flax.struct.dataclass
class TrainState:
    """Arrays only. Many models are the same struct with a leading axis M on every leaf.

    Attributes:
      step: int32[], optimizer steps since the optimizer state was fresh.
      params: float32 tree.
      model_state: running statistics of BatchNorm.
      opt_state: momentum buffers, and what else the optimizer keeps.
    """

    step: jax.Array
    params: PyTree
    model_state: PyTree
    opt_state: PyTree


@flax.struct.dataclass
class Batch:
    """One batch on the device.

    Attributes:
      pixels: float32[B,...]; those of uint8 images in [0,1].
      label: int32[B].
      mask: bool[B], False for padding.
      key: typed, for what train mode draws; None: nothing is drawn.
    """

    pixels: jax.Array
    label: jax.Array
    mask: jax.Array
    key: jax.Array | None = None


@flax.struct.dataclass
class Context:
    """What a step reads besides state and batches: arrays, so new values do not retrace.

    Attributes:
      momentum, weight_decay: float32[].
      hparams: an objective's own float hyper-parameters, name -> float[].
      grad_mask: tree like params, or None; multiplies the gradient before weight decay is
        added, so that masked-out weights still decay (docs/parity.md#q16).
      update_mask: tree like params, or None; multiplies the whole update, decay included.
      teacher: (params, model_state) of a model that stays as it is, or None.
      key_data: uint32[2], raw data of the key of all that train mode draws; None: nothing is drawn.
      optimizer: a key of OPTIMIZERS; part of the compiled program.
    """

    momentum: jax.Array
    weight_decay: jax.Array
    hparams: dict[str, jax.Array]
    grad_mask: PyTree | None = None
    update_mask: PyTree | None = None
    teacher: PyTree | None = None
    key_data: jax.Array | None = None
    optimizer: str = flax.struct.field(pytree_node=False, default="sgd")


class Aux(NamedTuple):
    """What an objective gives besides its loss.

    Attributes:
      model_state: after the step.
      record: arrays to keep of this step, or None.
    """

    model_state: PyTree
    record: PyTree = None


# (model, params, model_state, {stream name: Batch}, Context) -> (loss float[], Aux)
Objective = Callable[[Model, PyTree, PyTree, dict[str, Batch], Context], tuple[jax.Array, Aux]]


def sgd(learning_rate: jax.Array, context: Context) -> optax.GradientTransformation:
    """PyTorch's SGD: g + wd*p, then momentum without dampening, then the learning rate."""
    return optax.chain(optax.add_decayed_weights(context.weight_decay),
                       optax.sgd(learning_rate, context.momentum))


def adamw(learning_rate: jax.Array, context: Context) -> optax.GradientTransformation:
    """PyTorch's AdamW: betas (momentum, 0.999), epsilon 1e-8, decoupled weight decay."""
    return optax.chain(optax.scale_by_adam(context.momentum, ADAM_SECOND_BETA, ADAM_EPSILON),
                       optax.add_decayed_weights(context.weight_decay),
                       optax.scale_by_learning_rate(learning_rate))


SGD, ADAMW = "sgd", "adamw"
OPTIMIZERS: dict[str, Callable[[jax.Array, Context], optax.GradientTransformation]] = {
    SGD: sgd, ADAMW: adamw}
ADAM_SECOND_BETA, ADAM_EPSILON = 0.999, 1e-8


def fresh(params: PyTree, model_state: PyTree, optimizer: str = SGD) -> TrainState:
    """A state of one model that has taken no step: momentum zero."""
    zero = jnp.zeros(())
    opt_state = OPTIMIZERS[optimizer](zero, Context(zero, zero, {})).init(params)
    return TrainState(jnp.zeros((), jnp.int32), params, model_state, opt_state)


_fresh_of_many = {  # each one object, as it addresses what was traced
    name: jax.vmap(functools.partial(fresh, optimizer=name)) for name in OPTIMIZERS}


def with_fresh_optimizer(states: TrainState, optimizer: str = SGD) -> TrainState:
    """The same M models, on the host, as if they had taken no step.

    Models are kept and passed on with the state of SGD, whatever they were trained with.
    """
    new = jax.eval_shape(_fresh_of_many[optimizer], states.params, states.model_state)
    zero = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), (new.step, new.opt_state))
    return dataclasses.replace(states, step=zero[0], opt_state=zero[1])


def shape_of_state(model: Model, outputs: int | None = None, optimizer: str = SGD) -> TrainState:
    """The state of one model as shapes and dtypes; nothing is computed.

    Args:
      model: the network.
      outputs: number of logits, if it is another than that of a fresh model.
      optimizer: a key of OPTIMIZERS.
    """
    return jax.eval_shape(functools.partial(fresh, optimizer=optimizer), *model.shapes(outputs))


def _with_keys(model: Model, batches: dict[str, Batch], step: jax.Array,
               context: Context) -> dict[str, Batch]:
    """A key for each batch of a step, at (key of the training, step, number of the stream)."""
    if not model.draws:
        return batches
    if context.key_data is None:
        raise ValueError("this model draws at random in train mode, and its training has no key")
    key = jax.random.fold_in(jax.random.wrap_key_data(context.key_data), step)
    return {name: dataclasses.replace(batches[name], key=jax.random.fold_in(key, number))
            for number, name in enumerate(sorted(batches))}


def make_step(model: Model, objective: Objective) -> Callable:
    """Returns step(state, batches, learning_rate, context) -> (state, loss float[], record)."""

    def step(state: TrainState, batches: dict[str, Batch], learning_rate: jax.Array,
             context: Context) -> tuple[TrainState, jax.Array, PyTree]:
        def loss_of(params: PyTree) -> tuple[jax.Array, Aux]:
            return objective(model, params, state.model_state, batches, context)

        batches = _with_keys(model, batches, state.step, context)
        (loss, aux), grads = jax.value_and_grad(loss_of, has_aux=True)(state.params)
        if context.grad_mask is not None:
            grads = jax.tree.map(jnp.multiply, grads, context.grad_mask)
        optimizer = OPTIMIZERS[context.optimizer](learning_rate, context)
        updates, opt_state = optimizer.update(grads, state.opt_state, state.params)
        if context.update_mask is not None:
            updates = jax.tree.map(jnp.multiply, updates, context.update_mask)
        params = optax.apply_updates(state.params, updates)
        return TrainState(state.step + 1, params, aux.model_state, opt_state), loss, aux.record

    return step
