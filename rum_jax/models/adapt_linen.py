"""Looks at a Linen module once, on shapes alone, to make a network of it."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import flax.errors
import flax.linen as nn
import jax

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import PyTree
from rum_jax.models.head import leaves_by_path
from rum_jax.models.inspection import classes_of, find_head, forward_shapes
from rum_jax.models.linen import Linen


def adapt(module: nn.Module, image: ImageSpec, train_kwarg: str | None = "train",
          features: str | Callable[..., jax.Array] | None = None,
          head: str | None = None, mask_kwarg: str | None = None) -> Linen:
    """A network of a module.

    Args:
      module: unbound; `__call__(inputs float[B,...])` returns logits, or (logits, features).
      image: shape, classes, mean and std of its inputs.
      train_kwarg: keyword of `__call__` that says whether it is trained, see `Linen.switch`.
      features: see `Linen.features`.
      head: path of the last layer in the parameters, as "head" or "encoder/out"; None: the layer
        with as many outputs as there are classes, if there is one.
      mask_kwarg: see `Linen.mask_kwarg`; for modules with batch statistics of their own making.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    parameters = check_module(module, train_kwarg)
    if mask_kwarg is not None and mask_kwarg not in parameters:
        raise InputError(f"mask_kwarg: is {mask_kwarg!r}, and {type(module).__name__}.__call__ "
                         f"takes ({', '.join(parameters)}); allowed: one of these, or None")
    network = Linen(module, train_kwarg, features, image.mean, image.std,
                    mask_kwarg=mask_kwarg)
    params, state = jax.eval_shape(lambda: network.init(jax.random.key(0), image))
    network = dataclasses.replace(network, draws=_draws(network, params, state, image))
    _check_statistics(network, params, state, image)
    classes = classes_of("module", network, params, state, image)
    network = dataclasses.replace(network, classes=classes)
    return dataclasses.replace(network, head=find_head(network, params, state, image, head))


def check_module(module: Any, switch: str | None) -> list[str]:
    """The parameters of a module's `__call__`.

    Raises:
      InputError: it is no unbound module, or has no such switch.
    """
    if not isinstance(module, nn.Module):
        raise InputError(f"module: is {type(module).__name__}; allowed: an instance of "
                         "flax.linen.Module, as MyNetwork(classes=10)")
    if module.scope is not None:
        raise InputError(f"module: {type(module).__name__} is bound to variables; allowed: the "
                         "module itself, as MyNetwork(classes=10), and its variables beside it")
    parameters = list(inspect.signature(type(module).__call__).parameters)[1:]
    if switch is None or switch in parameters:
        return parameters
    raise InputError(
        f"train_kwarg: is {switch!r}, and {type(module).__name__}.__call__ takes "
        f"({', '.join(parameters)}); allowed: one of these that says whether the module is "
        "trained, or None for a module that does the same in training and in evaluation")


def _draws(network: Linen, params: PyTree, state: PyTree, image: ImageSpec) -> bool:
    """Whether the module asks for a key in train mode."""
    try:
        forward_shapes(network, params, state, image, train=True)
    except flax.errors.InvalidRngError:
        return True
    return False


def _check_statistics(network: Linen, params: PyTree, state: PyTree, image: ImageSpec) -> None:
    """Raises InputError for batch statistics that padding would get into."""
    owners: set[tuple[str, ...]] = set()

    def note(layer: Callable[..., Any], args: Any, keywords: Any, context: Any) -> Any:
        if isinstance(context.module, nn.BatchNorm | nn.SpectralNorm):
            owners.add(tuple(context.module.path))
        return layer(*args, **keywords)

    with nn.intercept_methods(note):
        forward_shapes(network, params, state, image, train=True, keyed=network.draws)
    kept = leaves_by_path(state.get("batch_stats", {}))
    others = [path for path in kept if not any(path[:len(owner)] == owner for owner in owners)]
    if others and network.mask_kwarg is None:
        raise InputError(f"module: {type(network.module).__name__} keeps statistics of batches in "
                         f"{'/'.join(others[0])}, which is no flax.linen.BatchNorm; allowed: a "
                         "keyword of its __call__ that is given bool[B], False for padding, named "
                         "as mask_kwarg")
