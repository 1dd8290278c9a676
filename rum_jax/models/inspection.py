"""What a network returns, on shapes alone: nothing is computed."""

import dataclasses
from typing import Any

import flax.errors
import jax
import jax.numpy as jnp

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import Head, Network, Raw
from rum_jax.models.head import heads_by_shape, named_head, path_named, with_outputs

PyTree = Any
EXAMPLES = 2  # in the batch that is looked at


def forward_shapes(network: Network, params: PyTree, model_state: PyTree, image: ImageSpec,
                   train: bool, keyed: bool = False) -> Raw:
    """What a network returns for a batch of EXAMPLES, as shapes.

    Args:
      network: with params and model_state of one model, arrays or shapes.
      image: what its inputs are.
      train: see `Network.apply`.
      keyed: whether it is given a key.
    """

    def forward(params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
                key: jax.Array | None) -> Raw:
        return network.apply(params, model_state, inputs, mask, train, key)

    key = jax.eval_shape(lambda: jax.random.key(0)) if keyed else None
    return jax.eval_shape(forward, params, model_state,
                          jax.ShapeDtypeStruct((EXAMPLES, *image.shape), jnp.float32),
                          jax.ShapeDtypeStruct((EXAMPLES,), bool), key)


def classes_of(name: str, network: Network, params: PyTree, model_state: PyTree,
               image: ImageSpec) -> int:
    """How many logits a network returns for each example.

    Args:
      name: of the argument, for the message.
      network: with params and model_state of one model, arrays or shapes.
      image: what its inputs are; its classes, if they are known (not 0), must be as many.

    Raises:
      InputError: it returns no float[B,C], or another number of logits.
    """
    logits = forward_shapes(network, params, model_state, image, train=False).logits
    shape = getattr(logits, "shape", None)
    if shape is None or len(shape) != 2 or shape[0] != EXAMPLES or shape[1] < 2:
        raise InputError(f"{name}: returns logits {shape or type(logits).__name__} for {EXAMPLES} "
                         f"examples of shape {image.shape}; allowed: ({EXAMPLES}, C), one for each "
                         "of at least two classes")
    if image.classes and shape[1] != image.classes:
        raise InputError(f"{name}: returns {shape[1]} logits; allowed: {image.classes}, one for "
                         "each class of the data")
    return shape[1]


def can_grow(network: Network, head: Head, params: PyTree, model_state: PyTree,
             image: ImageSpec, classes: int) -> bool:
    """Whether one more column in that layer gives one logit more; see `forward_shapes`."""
    wider = with_outputs(params, head, classes + 1)
    try:
        raw = forward_shapes(network, wider, model_state, image, False)
    except (flax.errors.FlaxError, TypeError, ValueError):  # it relies on the number of classes
        return False
    return raw.logits.shape[-1] == classes + 1


def find_head(network: Any, params: PyTree, model_state: PyTree, image: ImageSpec,
              name: str | None) -> Head | None:
    """The last layer: the one to which a column can be added that is one logit more.

    Args:
      network: a dataclass with a field `head`, and params and model_state of one model.
      image: what its inputs are.
      name: path of the layer; None: it is looked for among those with as many outputs as there
        are classes.

    Returns:
      None: there is none, or several.

    Raises:
      InputError: the one that is named is not the last layer.
    """
    classes = network.classes
    candidates = (heads_by_shape(params, classes) if name is None
                  else [named_head(params, path_named(name) or ())])
    heads = [head for head in candidates if can_grow(dataclasses.replace(network, head=head), head,
                                                     params, model_state, image, classes)]
    if name is not None and not heads:
        raise InputError(f"head: is {name!r}, to whose outputs none can be added that is one logit "
                         "more; allowed: the layer whose output is returned as logits")
    return heads[0] if len(heads) == 1 else None
