"""A network with the kind of its inputs and the precision that it computes in."""

import contextlib
import dataclasses
import math
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import head as heads
from rum_jax.models.contract import Head, Network
from rum_jax.models.layers import at_least_float32

PyTree = Any


class Outputs(NamedTuple):
    """What a model returns for a batch.

    Attributes:
      logits: float[B,C], float32 or better.
      features: float[B,D], the pooled penultimate activations, float32 or better; None: the
        network has none.
    """

    logits: jax.Array
    features: jax.Array | None


@dataclasses.dataclass(frozen=True)
class Model:
    """A network as pure functions; hashable, so that programs are compiled once per model.

    Attributes:
      network: see its contract.
      image: shape and value range of its inputs.
      dtype: of the inputs that the network sees, and with them, in networks of this package, of
        all activations. Parameters and running statistics are float32 whatever it is, and so are
        statistics of batches.
      frozen_statistics: in train mode, too, use the running statistics and leave them alone.
        Dropout is then off as well.
      precision: of matrix products and convolutions, see `jax.default_matmul_precision`; None:
        what the devices do by default, which for float32 is less than float32 off CPUs.
    """

    network: Network
    image: ImageSpec
    dtype: str = "float32"
    frozen_statistics: bool = False
    precision: str | None = None

    def precise(self) -> "Model":
        """The same network in float32 or better, products included, whatever it is trained in.

        For what adds up or amplifies the rounding of bfloat16: differences of gradients, long
        recursions, signs of gradients.
        """
        wide = str(jnp.promote_types(self.dtype, jnp.float32))
        return dataclasses.replace(self, dtype=wide, precision="highest")

    @property
    def draws(self) -> bool:
        """Whether train mode needs a key, see `Network.draws`."""
        return self.network.draws and not self.frozen_statistics

    def init(self, key: jax.Array) -> tuple[PyTree, PyTree]:
        """Fresh (params, model_state) for a typed key; pure, so it can be vmapped over keys."""
        return self.network.init(key, self.image)

    def shapes(self, outputs: int | None = None) -> tuple[PyTree, PyTree]:
        """(params, model_state) of one model as shapes and dtypes; no device is touched.

        Args:
          outputs: number of logits, if it is another than that of a fresh model.
        """
        params, model_state = jax.eval_shape(lambda: self.init(jax.random.key(0)))
        if outputs is not None:
            params = heads.with_outputs(params, self.network.head, outputs)
        return params, model_state

    def to_unit(self, images: jax.Array) -> jax.Array:
        """uint8[B,...] -> float[B,...] in [0,1], float32 or better; floats stay as they are."""
        wide = jnp.promote_types(self.dtype, jnp.float32)
        if jnp.issubdtype(images.dtype, jnp.floating):
            return images.astype(wide)
        return images.astype(wide) / self.image.pixel_max

    def apply(self, params: PyTree, model_state: PyTree, pixels: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None = None) -> tuple[Outputs, PyTree]:
        """Forward pass; in train mode with batch statistics and a new model_state.

        Args:
          params: of one model; the number of outputs is theirs, as boundary expansion adds one.
          model_state: of one model.
          pixels: float[B,...] as `to_unit` gives them; cast to `dtype`.
          mask: bool[B], False where an entry is padding (kept out of batch statistics).
          train: whether batch statistics are used and running ones updated, and dropout is on.
          key: typed, for what train mode draws; only needed where `draws` is True.
        """
        train = train and not self.frozen_statistics
        with (jax.default_matmul_precision(self.precision) if self.precision
              else contextlib.nullcontext()):
            raw = self.network.apply(params, model_state, pixels.astype(self.dtype), mask, train,
                                     key if train else None)
        features = None if raw.features is None else at_least_float32(raw.features)
        return Outputs(at_least_float32(raw.logits), features), raw.model_state

    def head(self, purpose: str) -> Head:
        """The last layer.

        Raises:
          InputError: it is not known; the message names the purpose.
        """
        head = self.network.head
        if head is None:
            raise InputError(f"{purpose} changes the last layer, which is not known of this model; "
                             "allowed: a model with a layer logits = x @ kernel + bias, named "
                             "where the model is made, as head='Dense_1'")
        return head

    def outputs(self, params: PyTree) -> int:
        """How many logits a model with these params (any leading axes) has."""
        head = self.network.head
        return heads.at(params, head.kernel).shape[-1] if head else self.image.classes


def parameter_count(model: Model) -> int:
    """How many parameters (weights and biases, not running statistics) a model has."""
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(model.shapes()[0]))
