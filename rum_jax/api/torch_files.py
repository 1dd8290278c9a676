"""Models from PyTorch checkpoints, and back."""

import dataclasses
import pathlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from rum_jax import models
from rum_jax.api.hub import local_file
from rum_jax.api.model import Model, Numbers, Shapes, statistics
from rum_jax.api.models import Models
from rum_jax.api.problem import UINT8_MAX
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError, raise_if_any
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import Network
from rum_jax.models.torch_import import load_variables, save_safetensors

FilePath = str | pathlib.Path


def from_torch(paths: FilePath | Sequence[FilePath], architecture: str, *, classes: int,
               image_shape: tuple[int, int, int], mean: Numbers = 0.0, std: Numbers = 1.0,
               widths: Sequence[int] = (), blocks: Sequence[int] = (), **options: Any) -> Model:
    """A model of a network of this package, from files that PyTorch has written.

    Takes `.safetensors` files and state dicts with the names of torchvision, timm or the usual
    CIFAR code, wrapped in `state_dict`, `model` or `net` or not, with prefixes or without, in half
    precision or not. Nothing in a file is executed.

    Args:
      paths: a file, or "hf://owner/name" for `model.safetensors` of the Hub; or one for each seed.
      architecture: a key of `rum_jax.models.MODELS`, as "resnet18" or "vit_tiny".
      classes: number of logits.
      image_shape: (height, width, channels) of the images that it will be given.
      mean, std: what it was trained to see, of pixels in [0,1].
      widths, blocks: of networks with stages; (): as published.
      options: of vision transformers, as patch_size=4, depth=2, width=48, heads=3, resolution=0.

    Raises:
      InputError: an unknown architecture or option, or files of another network.
    """
    if architecture not in models.MODELS:
        raise InputError(f"architecture: is {shortened(architecture)}; known: "
                         f"{', '.join(models.MODELS)}{similar(architecture, models.MODELS)}")
    if len(image_shape) != 3:
        raise InputError(f"image_shape: is {shortened(image_shape)}; allowed: (height, width, "
                         "channels)")
    image = ImageSpec(tuple(image_shape), classes, UINT8_MAX, statistics("mean", mean),
                      statistics("std", std))
    raise_if_any(models.option_faults(architecture, options, image), "from_torch:")
    model = models.build(architecture, image, tuple(widths), tuple(blocks), "native",
                         options=options)
    files = [paths] if isinstance(paths, str | pathlib.Path) else list(paths)
    if not files:
        raise InputError("paths: is empty; allowed: a file, or one for each seed")
    loaded = [load_variables(local_file(path), model) for path in files]
    variables = loaded[0] if isinstance(paths, str | pathlib.Path) else jax.tree.map(
        lambda *leaves: np.stack(leaves), *loaded)

    def adapted(given: ImageSpec) -> tuple[Network, Shapes]:
        if given.shape != image.shape:
            raise InputError(f"image_shape: is {image.shape}, and the images have {given.shape}; "
                             "allowed: the same")
        seen = dataclasses.replace(image, mean=given.mean, std=given.std)  # 0 and 1 for floats
        built = models.build(architecture, seen, tuple(widths), tuple(blocks), "native",
                             options=options)
        return built.network, built.shapes()

    return Model.of(adapted, variables, image.mean, image.std)


def save_torch(path: FilePath, unlearned: Models, model: int = 0) -> None:
    """Writes one of M models as a safetensors file with PyTorch's names and layout.

    Args:
      path: of the file.
      unlearned: of a network of this package.
      model: its place, 0 to M-1.

    Raises:
      InputError: the network has no names in PyTorch, safetensors is not installed, or the file
        cannot be written.
    """
    save_safetensors(path, *unlearned.variables(model), unlearned.problem.task.model)
