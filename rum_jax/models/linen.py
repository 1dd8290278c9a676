"""Any Linen module as a network: its own names, its own layers, found by looking at it once.

Nothing of the module is changed. While it runs, its layers are intercepted where they need more
than the module gives them: BatchNorm the mask of padding, and the last layer the parameters of an
output that was added to it. On CPUs its convolutions are replaced, see `canonical_convolution.py`.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.canonical_convolution import CANONICAL, with_canonical_convolutions
from rum_jax.models.contract import Head, Path, PyTree, Raw
from rum_jax.models.head import at, path_named
from rum_jax.models.layers import normalize

OFF_SWITCHES = ("deterministic", "use_running_average")  # true in evaluation mode
Interceptor = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Linen:
    """See `Network`.

    Attributes:
      module: any unbound module. It returns logits float[B,C], or (logits, features).
      switch: keyword of its `__call__` that says whether it is trained; None: it has none. Those
        of OFF_SWITCHES say the opposite.
      features: path of a value that it sows or of a submodule, as "encoder/pre_logits", or a
        function (variables, inputs) -> float[B,...]; None: what it returns besides logits.
      mean, std: of each channel, or of all: what inputs are standardized by.
      mask_kwarg: keyword of `__call__` that is given bool[B], False for padding; None: none is.
      draws: see `Network`.
      head: see `Network`.
      classes: outputs of the module itself; params with more are those of an expanded last layer.
      lowering: "native", or CANONICAL: gradients of convolutions are written anew, for CPUs.
    """

    module: Any
    switch: str | None
    features: str | Callable[..., jax.Array] | None
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    mask_kwarg: str | None = None
    draws: bool = False
    head: Head | None = None
    classes: int = 0
    lowering: str = "native"

    def init(self, key: jax.Array, image: ImageSpec) -> tuple[PyTree, PyTree]:
        """Fresh (params, {collection: tree of everything else})."""
        inputs = jnp.zeros((1, *image.shape), jnp.float32)
        rngs = {"params": key, "dropout": jax.random.fold_in(key, 1)}
        variables = self.module.init(rngs, inputs, **self._keywords(jnp.ones(1, bool), True))
        return split(variables)

    def apply(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None) -> Raw:
        """Forward pass, in train mode with all collections mutable; features in evaluation mode."""
        inputs = normalize(inputs, self.mean, self.std)
        forward = self._train if train else self._evaluate
        run = with_canonical_convolutions(forward) if self.lowering == CANONICAL else forward
        return run(params, model_state, inputs, mask, *([key] if train else []))

    def _train(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
               key: jax.Array | None) -> Raw:
        rngs = {} if key is None else {"dropout": key, "params": jax.random.fold_in(key, 1)}
        with self._intercepted(params, mask):
            outputs, state = self.module.apply(
                {"params": params, **model_state}, inputs, rngs=rngs, mutable=list(model_state),
                **self._keywords(mask, True))
        return Raw(logits_of(outputs), None, dict(state) if model_state else model_state)

    def _evaluate(self, params: PyTree, model_state: PyTree, inputs: jax.Array,
                  mask: jax.Array) -> Raw:
        variables = {"params": params, **model_state}
        keywords, path = self._keywords(mask, False), path_named(self.features)
        with self._intercepted(params, None):
            if path is None:
                outputs, seen = self.module.apply(variables, inputs, **keywords), None
                if callable(self.features):
                    seen = self.features(variables, inputs)
                elif isinstance(outputs, tuple | list):
                    seen = outputs[1]
            else:
                outputs, state = self.module.apply(
                    variables, inputs, mutable=["intermediates"],
                    capture_intermediates=lambda module, _: tuple(module.path) == path, **keywords)
                seen = captured(state.get("intermediates", {}), path)
        return Raw(logits_of(outputs), None if seen is None else pooled(seen), model_state)

    def _keywords(self, mask: jax.Array, train: bool) -> dict[str, Any]:
        keywords: dict[str, Any] = {self.mask_kwarg: mask} if self.mask_kwarg else {}
        if self.switch is not None:
            keywords[self.switch] = train != (self.switch in OFF_SWITCHES)
        return keywords

    def _intercepted(self, params: PyTree, mask: jax.Array | None) -> Any:
        """A context in which BatchNorm is given the mask, and the last layer is computed here."""
        head = self.head
        expanded = head and at(params, head.kernel).shape[-1] != self.classes

        def intercept(layer: Interceptor, args: tuple[Any, ...], keywords: Mapping[str, Any],
                      context: Any) -> Any:
            module = context.module
            if context.method_name != "__call__":
                return layer(*args, **keywords)
            if head and expanded and tuple(module.path) == head.kernel[:-1]:
                out = args[0] @ at(params, head.kernel)
                return out if head.bias is None else out + at(params, head.bias)
            if mask is not None and isinstance(module, nn.BatchNorm):
                keywords = {"mask": along(mask, args[0]), **keywords}
            return layer(*args, **keywords)

        return nn.intercept_methods(intercept)


def along(mask: jax.Array, x: jax.Array) -> jax.Array:
    """bool[B] in the form that broadcasts over [B*k,...], whose rows are k places of each entry."""
    return jnp.repeat(mask, len(x) // len(mask)).reshape(-1, *[1] * (x.ndim - 1))


def split(variables: Mapping[str, PyTree]) -> tuple[PyTree, PyTree]:
    """(params, everything else by collection, but what was sown) of a module's variables."""
    rest = {name: tree for name, tree in variables.items()
            if name != "params" and not _is_sown(tree)}
    return variables["params"], rest


def _is_sown(collection: PyTree) -> bool:
    """Whether a collection has values that were sown: tuples that grow with every call."""
    return any(isinstance(key, jax.tree_util.SequenceKey)
               for path, _ in jax.tree_util.tree_leaves_with_path(collection) for key in path)


def captured(intermediates: PyTree, path: Path) -> jax.Array:
    """The value that was sown at a path, or the output of the submodule there; the last of several.

    Raises:
      InputError: there is none; the message names what there is.
    """
    found: Any = intermediates
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, Mapping):
        found = found.get("__call__")
    if not found:
        raise InputError(f"features: is {'/'.join(path)!r}, which is no value that the module sows "
                         "and no submodule of it; allowed: such a path, a function of (variables, "
                         "inputs), or None")
    value = found[-1] if isinstance(found, tuple) else found
    return value[0] if isinstance(value, tuple) else value


def pooled(features: jax.Array) -> jax.Array:
    """float[B,...,D] -> float[B,D], the mean over all places. InputError: it is no such array."""
    if getattr(features, "ndim", 0) < 2:
        raise InputError(f"features: are {getattr(features, 'shape', type(features).__name__)}; "
                         "allowed: an array float[B,...,D]")
    return features.mean(tuple(range(1, features.ndim - 1)))


def logits_of(outputs: Any) -> jax.Array:
    """The logits of what a network returns: itself, or the first of a pair."""
    return outputs[0] if isinstance(outputs, tuple | list) else outputs
