"""What PyTorch calls the weights of our networks, and how it lays them out.

Canonical names are torchvision's: `conv1`, `bn1`, `layer1.0.conv1`, `layer1.0.downsample.0`, `fc`
for ResNet, `features.0`, `classifier.0` for VGG, and timm's for vision transformers
(`torch_vit_names.py`). What other code calls them is renamed to that.
"""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import jax
import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.models import Model, torch_vit_names
from rum_jax.models.own_linen import OwnLinen
from rum_jax.models.resnet import ResNet
from rum_jax.models.vgg import VGG
from rum_jax.models.vit import ViT

Path = tuple[str, ...]
# dimensions -> which axis of one layout each axis of the other is.
_TO_TORCH = {4: (3, 2, 0, 1), 3: (0, 1, 2), 2: (1, 0), 1: (0,)}
_FROM_TORCH = {4: (2, 3, 1, 0), 3: (0, 1, 2), 2: (1, 0), 1: (0,)}
_LEAVES = {"scale": "weight", "bias": "bias", "mean": "running_mean", "var": "running_var",
           "kernel": "weight"}
_OURS = [(r"^stem_conv$", "conv1"), (r"^stem_bn$", "bn1"), (r"^classifier$", "fc"),
         (r"\.shortcut_conv$", ".downsample.0"), (r"\.shortcut_bn$", ".downsample.1")]
_THEIRS = [(r"\.shortcut\.", ".downsample."), (r"^linear\.", "fc.")]


class Entry(NamedTuple):
    """One array of our network.

    Attributes:
      collection: 0: params, 1: running statistics.
      path: its keys in that tree.
      shape: it has in PyTorch.
      ours: its shape here.
      spread: its shape here with an axis for each axis in PyTorch.
    """

    collection: int
    path: Path
    shape: tuple[int, ...]
    ours: tuple[int, ...]
    spread: tuple[int, ...]


def entries(model: Model) -> dict[str, Entry]:
    """Canonical name -> entry, for every array of the model.

    Raises:
      InputError: the network is neither a ResNet, a VGG nor a ViT.
    """
    module = _module(model)
    if not isinstance(module, ResNet | VGG | ViT):
        raise InputError(f"{type(module).__name__} has no names in PyTorch; allowed: the "
                         "ResNets, VGGs and vision transformers of rum_jax.models")
    by_name = {}
    for collection, tree in enumerate(model.shapes()):
        for keys, leaf in jax.tree_util.tree_leaves_with_path(tree):
            path = tuple(key.key for key in keys)
            spread = leaf.shape
            if isinstance(module, ViT) and path == torch_vit_names.PATCHES:
                size = module.patch_size
                spread = (size, size, leaf.shape[0] // size**2, leaf.shape[1])
            shape = tuple(spread[axis] for axis in _TO_TORCH[len(spread)])
            by_name[_name(module, path)] = Entry(collection, path, shape, leaf.shape, spread)
    return by_name


def _name(module: ResNet | VGG | ViT, path: Path) -> str:
    """The canonical name of one of our arrays."""
    leaf = _LEAVES.get(path[-1], path[-1])
    if isinstance(module, ViT):
        return torch_vit_names.of_ours(path, leaf)
    layer_name = _vgg_layers(module) if isinstance(module, VGG) else _resnet_layer
    return f"{layer_name('.'.join(path[:-1]))}.{leaf}"


def _module(model: Model) -> object:
    network = model.network
    return network.module if isinstance(network, OwnLinen) else network


def _resnet_layer(ours: str) -> str:
    """stage0_block1.shortcut_bn -> layer1.1.downsample.1."""
    ours = re.sub(r"^stage(\d+)_block(\d+)",
                  lambda match: f"layer{int(match[1]) + 1}.{match[2]}", ours)
    for pattern, name in _OURS:
        ours = re.sub(pattern, name, ours)
    return ours


def _vgg_layers(module: VGG) -> Callable[[str], str]:
    """Numbers of a Sequential of convolution, BatchNorm, ReLU and max-pools between stages."""
    names, place = {"hidden0": "classifier.0", "hidden1": "classifier.2",
                    "classifier": "classifier.4"}, 0
    for stage, count in enumerate(module.blocks):
        for block in range(count):
            names[f"stage{stage}_block{block}_conv"] = f"features.{place}"
            names[f"stage{stage}_block{block}_bn"] = f"features.{place + 1}"
            place += 3
        place += 1
    return names.__getitem__


def canonical(arrays: dict[str, np.ndarray], expected: dict[str, Entry],
              model: Model) -> dict[str, str]:
    """Canonical name -> the checkpoint's name, for every array of the checkpoint.

    VGG's layers are numbered anew by their order, so that Dropout, ReLU and pooling may stand
    where they like.

    Args:
      expected: the `entries` of the model.
    """
    if isinstance(_module(model), VGG):
        return _renumbered(arrays, expected)
    is_vit, their_names = isinstance(_module(model), ViT), {}
    for name in arrays:
        new_name = torch_vit_names.of_theirs(name) if is_vit else name
        for pattern, ours in () if is_vit else _THEIRS:
            new_name = re.sub(pattern, ours, new_name)
        taken = new_name != name and new_name in arrays
        their_names[f"extra {name}" if taken else new_name] = name
    return their_names


def norm_behind(layer: str) -> str:
    """Canonical name of the running mean of the BatchNorm that a convolution feeds."""
    head, _, last = layer.rpartition(".")
    if last.isdecimal():  # features.0, downsample.0
        return f"{head}.{int(last) + 1}.running_mean"
    return f"{layer.replace('conv', 'bn')}.running_mean"


def _renumbered(arrays: dict[str, np.ndarray], expected: Iterable[str]) -> dict[str, str]:
    """The n-th convolution, BatchNorm and linear layer get the numbers that ours have."""
    layers = {name.rpartition(".")[0] for name in arrays}
    kinds: dict[tuple[str, int | None], list[str]] = {kind: [] for kind in _KINDS}
    for layer in sorted(layers, key=_number):
        weight = arrays.get(f"{layer}.weight")
        kind = (layer.partition(".")[0], weight.ndim if weight is not None else None)
        if kind in kinds:
            kinds[kind].append(layer)
    renamed = {}
    for kind, ours in _layers_of(expected).items():
        renamed |= dict(zip(kinds[kind], ours, strict=False))
    taken = set(renamed.values())
    their_names = {}
    for name in arrays:
        layer, _, leaf = name.rpartition(".")
        new_layer = renamed.get(layer, layer if layer not in taken else f"extra {layer}")
        their_names[f"{new_layer}.{leaf}"] = name
    return their_names


# (first part of the name, dimensions of the weight) of each kind of layer in a VGG.
_KINDS = (("features", 4), ("features", 1), ("classifier", 2))


def _layers_of(expected: Iterable[str]) -> dict[tuple[str, int], list[str]]:
    """Our layers of each kind, in their order."""
    layers = sorted({name.rpartition(".")[0] for name in expected}, key=_number)
    norms = {name.rpartition(".")[0] for name in expected if name.endswith(".running_mean")}
    features = [layer for layer in layers if layer.startswith("features.")]
    return dict(zip(_KINDS, (
        [layer for layer in features if layer not in norms],
        [layer for layer in features if layer in norms],
        [layer for layer in layers if layer.startswith("classifier.")]), strict=True))


def _number(layer: str) -> tuple[int, str]:
    """A key that sorts `features.10` behind `features.9`."""
    last = layer.rpartition(".")[2]
    return int(last) if last.isdecimal() else -1, layer


def to_torch(array: np.ndarray, entry: Entry) -> np.ndarray:
    """Our layout -> PyTorch's: HWIO -> OIHW, transposed matrices; vectors as they are."""
    return array.reshape(entry.spread).transpose(_TO_TORCH[len(entry.spread)])


def from_torch(array: np.ndarray, entry: Entry) -> np.ndarray:
    """The inverse of `to_torch`."""
    return array.transpose(_FROM_TORCH[array.ndim]).reshape(entry.ours)
