"""Models: Linen modules behind two pure functions, `init` and `apply`.

Legend of shapes in this package: N examples, M models, B batch, T steps, C classes, D features.
"""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.layers import at_least_float32
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG

PyTree = Any


class Outputs(NamedTuple):
    """What a model returns for a batch.

    Attributes:
      logits: float[B,C], float32 or better.
      features: float[B,D], the pooled penultimate activations, float32 or better.
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
      dtype: of the pixels that the module sees, and with them of all activations. Parameters and
        running statistics are float32 whatever it is, and so are statistics of batches.
      frozen_statistics: in train mode, too, use the running statistics and leave them alone.
      precision: of matrix products and convolutions, see `jax.default_matmul_precision`; None:
        what the devices do by default, which for float32 is less than float32 off CPUs.
    """

    module: nn.Module
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

    def init(self, key: jax.Array) -> tuple[PyTree, PyTree]:
        """Fresh (params, model_state) for a typed key; pure, so it can be vmapped over keys."""
        pixels = jnp.zeros((1, *self.image.shape), jnp.float32)
        variables = self.module.init(key, pixels, jnp.ones(1, bool), train=True)
        return variables["params"], variables.get("batch_stats", {})

    def to_unit(self, images: jax.Array) -> jax.Array:
        """uint8[B,H,W,C] -> float[B,H,W,C] in [0,1], float32 or better."""
        return images.astype(jnp.promote_types(self.dtype, jnp.float32)) / self.image.pixel_max

    def apply(self, params: PyTree, model_state: PyTree, pixels: jax.Array, mask: jax.Array,
              train: bool) -> tuple[Outputs, PyTree]:
        """Forward pass; in train mode with batch statistics and a new model_state.

        Args:
          pixels: float[B,H,W,C] in [0,1]; cast to `dtype`.
          mask: bool[B], False where an entry is padding (kept out of batch statistics).
          train: whether batch statistics are used and running ones updated.

        The number of outputs is that of the params: boundary expansion adds one.
        """
        module = self.module.clone(classes=outputs_of(params))
        variables = {"params": params, "batch_stats": model_state}
        args = variables, pixels.astype(self.dtype), mask
        with (jax.default_matmul_precision(self.precision) if self.precision
              else contextlib.nullcontext()):
            if not train or self.frozen_statistics:
                return _outputs(module.apply(*args, train=False)), model_state
            out, updated = module.apply(*args, train=True, mutable=["batch_stats"])
        return _outputs(out), updated.get("batch_stats", {})


def _outputs(outputs: tuple[Any, Any]) -> Outputs:
    return Outputs(*map(at_least_float32, outputs))


def outputs_of(params: PyTree) -> int:
    """How many logits a model with these params has."""
    return params["classifier"]["bias"].shape[-1]


def parameter_count(model: Model) -> int:
    """How many parameters (weights and biases, not running statistics) a model has."""
    params, _ = jax.eval_shape(model.init, jax.random.key(0))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(params))


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of network and the sizes it was published with.

    Attributes:
      module: (widths, blocks, classes, mean, std, lowering, batch_norm_groups) -> the Linen
        module; what that must be is said in `Model`.
      widths, blocks: of each stage; (): there are no published ones, a config must give them.
    """

    module: Callable[..., nn.Module]
    widths: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()


_BOTTLENECK = functools.partial(ResNet, bottleneck=True)
_RESNET = (64, 128, 256, 512)
_VGG = (64, 128, 256, 512, 512)
MODELS: dict[str, Architecture] = {
    "resnet": Architecture(ResNet),
    "resnet_bottleneck": Architecture(_BOTTLENECK),
    "vgg": Architecture(VGG),
    "resnet18": Architecture(ResNet, _RESNET, (2, 2, 2, 2)),
    "resnet34": Architecture(ResNet, _RESNET, (3, 4, 6, 3)),
    "resnet50": Architecture(_BOTTLENECK, _RESNET, (3, 4, 6, 3)),
    "vgg11": Architecture(VGG, _VGG, (1, 1, 2, 2, 2)),
    "vgg16": Architecture(VGG, _VGG, (2, 2, 3, 3, 3)),
}


def shape_of(name: str, widths: tuple[int, ...],
             blocks: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(widths, blocks) of the model of that name: those given, the published ones where empty.

    Raises:
      KeyError: an unknown name.
      InputError: neither are there.
    """
    sizes = []
    for field, given in (("widths", widths), ("blocks", blocks)):
        chosen = tuple(given) or getattr(MODELS[name], field)
        if not chosen:
            raise InputError(f"config.model.{field}: is (); allowed for {name}: at least one value")
        sizes.append(chosen)
    return sizes[0], sizes[1]


def most_stages(name: str, size: int) -> int:
    """How many stages a model can have on images of so many pixels.

    Pooling rounds down and needs two pixels, strides round up.
    """
    return size.bit_length() if MODELS[name].module is VGG else 32


def build(name: str, image: ImageSpec, widths: tuple[int, ...], blocks: tuple[int, ...],
          lowering: str, dtype: str = "float32", batch_norm_groups: int = 1) -> Model:
    """The model of that name for images of that kind.

    Args:
      widths, blocks: see `shape_of`.
      lowering: a key of CONVOLUTIONS.
      dtype: see `Model`.
      batch_norm_groups: see `BatchNorm.groups`.

    Raises:
      KeyError: an unknown name.
      InputError: no widths or blocks, and none were published.
    """
    widths, blocks = shape_of(name, widths, blocks)
    module = MODELS[name].module(widths, blocks, image.classes, image.mean, image.std, lowering,
                                 batch_norm_groups)
    return Model(module, image, dtype)
