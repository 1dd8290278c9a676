"""An NNX module as a network: split into parameters and state, and merged again in each call.

While it runs, single layers of the merged copy are wrapped: BatchNorm is given the mask of
padding, and the output of the layer that gives the features is noted.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.canonical_convolution import CANONICAL, with_canonical_convolutions
from rum_jax.models.contract import Head, Path, PyTree, Raw
from rum_jax.models.head import path_named
from rum_jax.models.inspection import classes_of, find_head
from rum_jax.models.layers import normalize
from rum_jax.models.linen import along, logits_of, pooled

Call = Callable[..., Any]


@dataclasses.dataclass(frozen=True, eq=False)
class NnxModule:
    """See `Network`; equal to itself alone.

    Attributes:
      module: as given; it is not changed. `__call__(inputs)` returns logits, or (logits, features).
      create: (nnx.Rngs) -> a fresh module; None: there is no way to make one.
      features: path of a submodule, as "encoder.norm", or a function (module, inputs) ->
        float[B,...]; None: what it returns besides logits.
      mean, std: of each channel, or of all: what inputs are standardized by.
      head: see `Network`.
      classes: see `Network`.
      lowering: "native", or CANONICAL: gradients of convolutions are written anew, for CPUs.
    """

    module: Any
    create: Callable[[nnx.Rngs], Any] | None = None
    features: str | Callable[..., jax.Array] | None = None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    head: Head | None = None
    classes: int = 0
    lowering: str = "native"

    @property
    def draws(self) -> bool:
        """Whether the module holds random keys."""
        return bool(jax.tree.leaves(nnx.split(self.module, nnx.RngState, ...)[1]))

    def init(self, key: jax.Array, image: ImageSpec) -> tuple[PyTree, PyTree]:
        """Fresh (params, state)."""
        del image
        if self.create is None:
            raise InputError("create: is None, and a fresh module is needed; allowed: a function "
                             "of flax.nnx.Rngs, as create=lambda rngs: MyNetwork(10, rngs=rngs)")
        return variables_of(self.create(nnx.Rngs(key)))

    def apply(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None) -> Raw:
        """Forward pass."""

        def forward(params: PyTree, state: PyTree, inputs: jax.Array, mask: jax.Array,
                    key: jax.Array | None) -> Raw:
            module = self._merged(params, state, key)
            module.train() if train else module.eval()
            noted: list[jax.Array] = []
            _wrap_layers(module, mask if train else None, path_named(self.features), noted)
            outputs = module(inputs)
            features = None if train else self._features(module, inputs, outputs, noted)
            return Raw(logits_of(outputs), features, variables_of(module)[1] if train else state)

        run = with_canonical_convolutions(forward) if self.lowering == CANONICAL else forward
        return run(params, model_state, normalize(inputs, self.mean, self.std), mask, key)

    def _merged(self, params: PyTree, state: PyTree, key: jax.Array | None) -> Any:
        graph, old_params, keys, old_state = nnx.split(self.module, nnx.Param, nnx.RngState, ...)
        if key is not None:
            numbers = iter(range(len(jax.tree.leaves(keys))))
            keys = jax.tree.map(lambda leaf: _drawn(leaf, key, next(numbers)), keys)
        nnx.replace_by_pure_dict(old_params, params)
        nnx.replace_by_pure_dict(old_state, state)
        return nnx.merge(graph, old_params, keys, old_state)

    def _features(self, module: Any, inputs: jax.Array, outputs: Any,
                  noted: list[jax.Array]) -> jax.Array | None:
        if isinstance(self.features, str) and not noted:
            raise InputError(f"features: is {self.features!r}, which is no submodule that the "
                             "module calls; allowed: the path of one, a function of (module, "
                             "inputs), or None")
        if noted:
            return pooled(noted[-1])
        if callable(self.features):
            return pooled(self.features(module, inputs))
        return pooled(outputs[1]) if isinstance(outputs, tuple) else None


def variables_of(module: Any) -> tuple[PyTree, PyTree]:
    """(params, state) of a module as dictionaries; its random keys are in neither."""
    _, params, _, state = nnx.split(module, nnx.Param, nnx.RngState, ...)
    return nnx.to_pure_dict(params), nnx.to_pure_dict(state)


def _drawn(leaf: jax.Array, key: jax.Array, number: int) -> jax.Array:
    """A module's random key (or count of draws), replaced for one call."""
    if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jnp.zeros_like(leaf)
    return jax.random.fold_in(key, number)


def _wrap_layers(module: Any, mask: jax.Array | None, path: Path | None,
                 noted: list[jax.Array]) -> None:
    """Changes the classes of layers of a merged module, which nobody else holds."""

    def masked(call: Call, x: jax.Array, *args: Any, **keywords: Any) -> Any:
        assert mask is not None  # wrapped in train mode alone
        return call(x, *args, **{"mask": along(mask, x), **keywords})

    def noting(call: Call, *args: Any, **keywords: Any) -> Any:
        noted.append(call(*args, **keywords))
        return noted[-1]

    for where, layer in list(nnx.iter_graph(module)):
        if mask is not None and isinstance(layer, nnx.BatchNorm):
            _wrap(layer, masked)
        if path is not None and tuple(map(str, where)) == path:
            _wrap(layer, noting)


def _wrap(layer: Any, wrapper: Callable[..., Any]) -> None:
    kind = type(layer)

    def call(self: Any, *args: Any, **keywords: Any) -> Any:
        return wrapper(lambda *a, **k: kind.__call__(self, *a, **k), *args, **keywords)

    layer.__class__ = type(kind.__name__, (kind,), {"__call__": call})


def check_module(module: Any) -> None:
    """Raises InputError where it is no NNX module."""
    if not isinstance(module, nnx.Module):
        raise InputError(f"module: is {type(module).__name__}; allowed: an instance of "
                         "flax.nnx.Module")


def adapt(module: Any, image: ImageSpec, create: Callable[[nnx.Rngs], Any] | None = None,
          features: str | Callable[..., jax.Array] | None = None,
          head: str | None = None) -> NnxModule:
    """A network of a module, looked at once, on shapes alone.

    Args:
      module, create, features: see `NnxModule`.
      image: shape, classes, mean and std of its inputs.
      head: path of the last layer, as "out"; None: the layer with as many outputs as there are
        classes, if there is one.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    check_module(module)
    network = NnxModule(module, create, features, image.mean, image.std)
    params, state = variables_of(module)
    classes = classes_of("module", network, params, state, image)
    network = dataclasses.replace(network, classes=classes)
    return dataclasses.replace(network, head=find_head(network, params, state, image, head))
