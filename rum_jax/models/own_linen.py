"""Linen modules of this package as networks: they know padding, and take any number of classes."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp

from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import Head, PyTree, Raw

_HEAD = Head(("classifier", "kernel"), ("classifier", "bias"))


@dataclasses.dataclass(frozen=True)
class OwnLinen:
    """See `Network`.

    Attributes:
      module: has `__call__(pixels, mask, train) -> (logits, features)`, fields `classes` and
        `lowering`, and a last layer called `classifier` with `kernel` and `bias`.
    """

    module: Any

    @property
    def lowering(self) -> str:
        """How its convolutions are computed."""
        return self.module.lowering

    @property
    def draws(self) -> bool:
        """Whether the module has dropout or stochastic depth."""
        return getattr(self.module, "draws", False)

    def init(self, key: jax.Array, image: ImageSpec) -> tuple[PyTree, PyTree]:
        """Fresh (params, model_state)."""
        pixels = jnp.zeros((1, *image.shape), jnp.float32)
        rngs = {"params": key, "dropout": key} if self.draws else key
        variables = self.module.init(rngs, pixels, jnp.ones(1, bool), train=True)
        return variables["params"], variables.get("batch_stats", {})

    def apply(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None) -> Raw:
        """Forward pass; the number of outputs is that of the params."""
        rngs = {} if key is None else {"dropout": key}
        module: Any = self.module.clone(classes=params["classifier"]["bias"].shape[-1])
        args = {"params": params, "batch_stats": model_state}, inputs, mask
        if not train:
            logits, features = module.apply(*args, train=False)
            return Raw(logits, features, model_state)
        (logits, features), updated = module.apply(*args, train=True, mutable=["batch_stats"],
                                                   rngs=rngs)
        return Raw(logits, features, updated.get("batch_stats", {}))

    @property
    def classes(self) -> int:
        """How many logits it returns, unless the params have more."""
        return self.module.classes

    @property
    def head(self) -> Head | None:
        """The layer called `classifier`."""
        return _HEAD
