"""Models: networks behind two pure functions, `init` and `apply`.

Legend of shapes in this package: N examples, M models, B batch, T steps, C classes, D features.
"""

import dataclasses
import functools
from collections.abc import Callable

import flax.linen as nn

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.model import Model, Outputs, parameter_count
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG

__all__ = ["MODELS", "Architecture", "Model", "Outputs", "build", "most_stages",
           "parameter_count", "shape_of"]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of network and the sizes it was published with.

    Attributes:
      module: (widths, blocks, classes, mean, std, lowering, batch_norm_groups) -> the Linen
        module; what that must be is said in `OwnLinen`.
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
    return Model(OwnLinen(module), image, dtype)
