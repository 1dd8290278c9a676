"""Models: networks behind two pure functions, `init` and `apply`.

Legend of shapes in this package: N examples, M models, B batch, T steps, C classes, D features.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

import flax.linen as nn

from rum_jax.core import plugins
from rum_jax.core.checks import Check, similar
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import user_network, vit
from rum_jax.models.model import Model, Outputs, parameter_count
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG

__all__ = ["MODELS", "Architecture", "Model", "Outputs", "build", "most_stages",
           "option_faults", "parameter_count", "shape_of"]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A kind of network and the sizes it was published with.

    Attributes:
      module: (widths, blocks, classes, mean, std, lowering, batch_norm_groups) -> the Linen
        module; what that must be is said in `OwnLinen`. With options: their names, classes, mean
        and std, as keywords.
      widths, blocks: of each stage; (): there are no published ones, a config must give them.
      options: of networks that have no stages, name -> published value.
      checks: of the value of each option.
      joint_faults: (options, image) -> what is wrong with options that are fine one by one, each
        with the option's name in front.
    """

    module: Callable[..., nn.Module]
    widths: tuple[int, ...] = ()
    blocks: tuple[int, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    checks: Mapping[str, Check] = dataclasses.field(default_factory=dict)
    joint_faults: Callable[[Mapping[str, Any], ImageSpec], list[str]] = lambda options, image: []


_BOTTLENECK = functools.partial(ResNet, bottleneck=True)
_RESNET = (64, 128, 256, 512)
_VGG = (64, 128, 256, 512, 512)
_VIT = functools.partial(Architecture, vit.ViT, checks=vit.CHECKS, joint_faults=vit.joint_faults)
MODELS: dict[str, Architecture] = {
    "resnet": Architecture(ResNet),
    "resnet_bottleneck": Architecture(_BOTTLENECK),
    "vgg": Architecture(VGG),
    "resnet18": Architecture(ResNet, _RESNET, (2, 2, 2, 2)),
    "resnet34": Architecture(ResNet, _RESNET, (3, 4, 6, 3)),
    "resnet50": Architecture(_BOTTLENECK, _RESNET, (3, 4, 6, 3)),
    "vgg11": Architecture(VGG, _VGG, (1, 1, 2, 2, 2)),
    "vgg16": Architecture(VGG, _VGG, (2, 2, 3, 3, 3)),
    "vit_tiny": _VIT(options={**vit.PUBLISHED, "width": 192, "heads": 3}),
    "vit_small": _VIT(options={**vit.PUBLISHED, "width": 384, "heads": 6}),
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


def option_faults(name: str, options: Mapping[str, Any], image: ImageSpec) -> list[str]:
    """What is wrong with the options of a network, for images of that kind."""
    architecture = MODELS[name]
    known = architecture.options
    if not known:
        return [f"config.model.kwargs: has {', '.join(options)}; allowed with {name}: nothing"
                ] if options else []
    faults = [f"config.model.kwargs.{key}: unknown option of {name}; known: {', '.join(known)}"
              f"{similar(key, known)}" for key in options if key not in known]
    faults += [f"config.model.kwargs.{key}: {fault}" for key, value in options.items()
               if key in known and (fault := architecture.checks[key](value))]
    return faults or [f"config.model.kwargs.{fault}"
                      for fault in architecture.joint_faults({**known, **options}, image)]


def build(name: str, image: ImageSpec, widths: tuple[int, ...], blocks: tuple[int, ...],
          lowering: str, dtype: str = "float32", batch_norm_groups: int = 1,
          options: Mapping[str, Any] | None = None) -> Model:
    """The model of that name, or that `my_model.py:build` gives, for images of that kind.

    Args:
      widths, blocks: see `shape_of`.
      lowering: see `with_lowering`.
      dtype: see `Model`; a user's own networks choose their own.
      batch_norm_groups: see `BatchNorm.groups`.
      options: of networks without stages, where those left out have published values, or keyword
        arguments of the user's function.

    Raises:
      KeyError: an unknown name.
      InputError: no widths or blocks, and none were published; or the user's function gives no
        network.
      RunError: it raises.
    """
    if plugins.is_reference(name):
        return user_network.load(name, options or {}, image, lowering)
    if known := MODELS[name].options:
        module = MODELS[name].module(**{**known, **(options or {})}, classes=image.classes,
                                     mean=image.mean, std=image.std)
        return Model(OwnLinen(module), image, dtype)
    widths, blocks = shape_of(name, widths, blocks)
    module = MODELS[name].module(widths, blocks, image.classes, image.mean, image.std, lowering,
                                 batch_norm_groups)
    return Model(OwnLinen(module), image, dtype)
