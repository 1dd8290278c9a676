"""Models: Linen modules behind two pure functions, `init` and `apply`.

Legend of shapes in this package: N examples, M models, B batch, T steps, C classes, D features.
"""

import dataclasses
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.data.arrays import ImageSpec
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG

PyTree = Any


class Outputs(NamedTuple):
    """What a model returns for a batch.

    Attributes:
      logits: float[B,C].
      features: float[B,D], the pooled penultimate activations.
    """

    logits: jax.Array
    features: jax.Array


@dataclasses.dataclass(frozen=True)
class Model:
    """A network as pure functions; hashable, so that programs are compiled once per model.

    Attributes:
      module: Linen module with `__call__(pixels, mask, train) -> (logits, features)`, a field
        `classes`, and a last layer called `classifier` with `kernel` and `bias`.
      image: shape and value range of its inputs.
      dtype: of pixels, and with them of all activations.
      frozen_statistics: in train mode, too, use the running statistics and leave them alone.
    """

    module: nn.Module
    image: ImageSpec
    dtype: str = "float32"
    frozen_statistics: bool = False

    def init(self, key: jax.Array) -> tuple[PyTree, PyTree]:
        """Fresh (params, model_state) for a typed key; pure, so it can be vmapped over keys."""
        pixels = jnp.zeros((1, *self.image.shape), jnp.float32)
        variables = self.module.init(key, pixels, jnp.ones(1, bool), train=True)
        return variables["params"], variables.get("batch_stats", {})

    def to_unit(self, images: jax.Array) -> jax.Array:
        """uint8[B,H,W,C] -> float[B,H,W,C] in [0,1]."""
        return images.astype(self.dtype) / self.image.pixel_max

    def apply(self, params: PyTree, model_state: PyTree, pixels: jax.Array, mask: jax.Array,
              train: bool) -> tuple[Outputs, PyTree]:
        """Forward pass; in train mode with batch statistics and a new model_state.

        Args:
          pixels: float[B,H,W,C] in [0,1].
          mask: bool[B], False where an entry is padding (kept out of batch statistics).
          train: whether batch statistics are used and running ones updated.

        The number of outputs is that of the params: boundary expansion adds one.
        """
        module = self.module.clone(classes=outputs_of(params))
        variables = {"params": params, "batch_stats": model_state}
        if not train or self.frozen_statistics:
            return Outputs(*module.apply(variables, pixels, mask, train=False)), model_state
        out, updated = module.apply(variables, pixels, mask, train=True, mutable=["batch_stats"])
        return Outputs(*out), updated.get("batch_stats", {})


def outputs_of(params: PyTree) -> int:
    """How many logits a model with these params has."""
    return params["classifier"]["bias"].shape[-1]


# name -> Linen module with the fields of `build`; what it must be is said in `Model`.
MODELS: dict[str, type[nn.Module]] = {"resnet": ResNet, "vgg": VGG}


def most_stages(name: str, size: int) -> int:
    """How many stages a model can have on images of so many pixels.

    Pooling rounds down and needs two pixels, strides round up.
    """
    return size.bit_length() if name == "vgg" else 32


def build(name: str, image: ImageSpec, widths: tuple[int, ...], blocks: tuple[int, ...],
          lowering: str) -> Model:
    """The model of that name for images of that kind; KeyError for an unknown name."""
    module = MODELS[name](tuple(widths), tuple(blocks), image.classes, image.mean, image.std,
                          lowering)
    return Model(module, image)
