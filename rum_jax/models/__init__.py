"""Models: networks behind two pure functions, `init` and `apply`.

Legend of shapes in this package: N examples, M models, B batch, T steps, C classes, D features.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn

from rum_jax.core import checks
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.model import Model, Outputs, parameter_count
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG
from rum_jax.models.vit import ViT

__all__ = ["MODELS", "Architecture", "Model", "Outputs", "build", "most_stages",
           "option_faults",            "parameter_count", "shape_of"]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of network and the sizes it was published with.

    Attributes:
      module: (widths, blocks, classes, mean, std, lowering, batch_norm_groups) -> the Linen
        module; what that must be is said in `OwnLinen`. With options: their names, classes, mean,
        std and lowering, as keywords.
      widths, blocks: of each stage; (): there are no published ones, a config must give them.
      options: of networks that have no stages, name -> published value.
    """

    module: Callable[..., nn.Module]
    widths: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)


_BOTTLENECK = functools.partial(ResNet, bottleneck=True)
_RESNET = (64, 128, 256, 512)
_VGG = (64, 128, 256, 512, 512)
_VIT = {"patch_size": 16, "depth": 12, "mlp_ratio": 4.0, "resolution": 224, "dropout": 0.0,
        "drop_path": 0.0}
MODELS: dict[str, Architecture] = {
    "resnet": Architecture(ResNet),
    "resnet_bottleneck": Architecture(_BOTTLENECK),
    "vgg": Architecture(VGG),
    "resnet18": Architecture(ResNet, _RESNET, (2, 2, 2, 2)),
    "resnet34": Architecture(ResNet, _RESNET, (3, 4, 6, 3)),
    "resnet50": Architecture(_BOTTLENECK, _RESNET, (3, 4, 6, 3)),
    "vgg11": Architecture(VGG, _VGG, (1, 1, 2, 2, 2)),
    "vgg16": Architecture(VGG, _VGG, (2, 2, 3, 3, 3)),
    "vit_tiny": Architecture(ViT, options={**_VIT, "width": 192, "heads": 3}),
    "vit_small": Architecture(ViT, options={**_VIT, "width": 384, "heads": 6}),
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


OPTION_CHECKS = {
    "patch_size": checks.integer(1), "depth": checks.integer(1), "width": checks.integer(1),
    "heads": checks.integer(1), "mlp_ratio": checks.number(0, open_low=True),
    "resolution": checks.integer(0), "dropout": checks.number(0, 1, open_high=True),
    "drop_path": checks.number(0, 1, open_high=True)}


def option_faults(name: str, options: Mapping[str, Any], image: ImageSpec) -> list[str]:
    """What is wrong with the options of a network, for images of that kind."""
    known = MODELS[name].options
    if not known:
        return [f"config.model.kwargs: has {', '.join(options)}; allowed with {name}: nothing"
                ] if options else []
    faults = [f"config.model.kwargs.{key}: unknown option of {name}; known: {', '.join(known)}"
              f"{checks.similar(key, known)}" for key in options if key not in known]
    faults += [f"config.model.kwargs.{key}: {fault}" for key, value in options.items()
               if key in known and (fault := OPTION_CHECKS[key](value))]
    if faults:
        return faults
    chosen = {**known, **options}
    size = chosen["resolution"] or min(image.shape[:2])
    if chosen["width"] % chosen["heads"]:
        faults.append(f"config.model.kwargs.width: is {chosen['width']}; allowed: a multiple of "
                      f"heads, {chosen['heads']}")
    if chosen["patch_size"] > size:
        faults.append(f"config.model.kwargs.patch_size: is {chosen['patch_size']}; allowed: at "
                      f"most the {size} pixels of an image; resolution resizes images")
    return faults


def build(name: str, image: ImageSpec, widths: tuple[int, ...], blocks: tuple[int, ...],
          lowering: str, dtype: str = "float32", batch_norm_groups: int = 1,
          options: Mapping[str, Any] | None = None) -> Model:
    """The model of that name for images of that kind.

    Args:
      widths, blocks: see `shape_of`.
      lowering: a key of CONVOLUTIONS.
      dtype: see `Model`.
      batch_norm_groups: see `BatchNorm.groups`.
      options: of networks without stages; those left out have published values.

    Raises:
      KeyError: an unknown name.
      InputError: no widths or blocks, and none were published.
    """
    if known := MODELS[name].options:
        module = MODELS[name].module(**{**known, **(options or {})}, classes=image.classes,
                                     mean=image.mean, std=image.std)
        return Model(OwnLinen(module), image, dtype)
    widths, blocks = shape_of(name, widths, blocks)
    module = MODELS[name].module(widths, blocks, image.classes, image.mean, image.std, lowering,
                                 batch_norm_groups)
    return Model(OwnLinen(module), image, dtype)
