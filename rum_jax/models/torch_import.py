"""Models from PyTorch checkpoints of the same architecture, and back."""

import pathlib
from typing import Any

import jax
import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.models import Model
from rum_jax.models import torch_names as names
from rum_jax.models.torch_file import INSTALL, read

PyTree = Any
_SHOWN = 10
_TOLERANCE = 1e-3  # of mean and standard deviation, between a checkpoint and the data set


def load_variables(path: str | pathlib.Path, model: Model) -> tuple[PyTree, PyTree]:
    """(params, model_state) of one model, as `Model.init` lays them out: numpy float32.

    Takes a `.safetensors` file or a state dict that torch.save wrote, with the names of
    torchvision or of the usual CIFAR code. A normalization layer's buffers `normalize.mean` and
    `normalize.std` must agree with the model's, as ours is part of the network. Biases of
    convolutions are taken off the running means of the BatchNorms behind them.

    Raises:
      InputError: the file cannot be read, or its entries are not those of the model: all that
        is missing, not known, of another shape or not finite in one message.
    """
    path = pathlib.Path(path)
    expected = names.entries(model)
    arrays = {name: array for name, array in read(path).items()
              if name.rpartition(".")[2] != "num_batches_tracked"}
    faults = _normalization_faults(arrays, model)
    their_names = names.canonical(arrays, expected, model)
    faults += _fold_biases(arrays, their_names, expected)
    trees: tuple[dict, dict] = ({}, {})
    for name, entry in expected.items():
        theirs = their_names.get(name)
        if theirs is None:
            faults.append(f"{name}: missing; wanted {_size(entry.shape)}")
        elif fault := _fault(arrays[theirs], theirs, entry.shape):
            faults.append(f"{theirs}: {fault}")
        else:
            _put(trees[entry.collection], entry.path,
                 names.from_torch(arrays[theirs].astype(np.float32), entry))
    faults += [f"{theirs}: {_size(arrays[theirs].shape)}; wanted: no such entry"
               for name, theirs in their_names.items() if name not in expected]
    _raise_if_any(path, faults)
    return trees


def state_dict_of(params: PyTree, model_state: PyTree, model: Model) -> dict[str, np.ndarray]:
    """The arrays of one model by torchvision's names and in PyTorch's layout.

    `load_state_dict` of the same network in PyTorch takes them as tensors. VGG's linear layers
    are classifier.0, .2 and .4, as no Dropout is between them.
    """
    trees = jax.device_get((params, model_state))
    arrays = {}
    for name, entry in names.entries(model).items():
        leaf = trees[entry.collection]
        for key in entry.path:
            leaf = leaf[key]
        arrays[name] = np.ascontiguousarray(names.to_torch(np.asarray(leaf), entry))
    return arrays


def save_safetensors(path: str | pathlib.Path, params: PyTree, model_state: PyTree,
                     model: Model) -> None:
    """Writes `state_dict_of` one model as a file that `load_variables` and PyTorch can read.

    Raises:
      InputError: safetensors is not installed, or the file cannot be written.
    """
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise InputError(f"{path}: writing it needs safetensors; {INSTALL}") from None
    arrays = state_dict_of(params, model_state, model)
    try:
        safetensors.numpy.save_file(arrays, path)
    except (OSError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: cannot be written ({error}); allowed: a file in a folder that "
                         "exists") from None


def _put(tree: dict, path: names.Path, leaf: np.ndarray) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    tree[path[-1]] = np.ascontiguousarray(leaf)


def _fault(array: np.ndarray, name: str, shape: tuple[int, ...]) -> str | None:
    """What is wrong with an entry that has a place in the network."""
    if array.shape != shape:
        return f"{_size(array.shape)}; wanted {_size(shape)}"
    if not np.issubdtype(array.dtype, np.floating):
        return f"is {array.dtype}; wanted floating-point numbers"
    with np.errstate(over="ignore"):
        if not np.isfinite(array.astype(np.float32)).all():
            return "has values that are not finite float32 numbers"
    if name.endswith("running_var") and (array < 0).any():
        return "has negative variances"
    return None


def _normalization_faults(arrays: dict[str, np.ndarray], model: Model) -> list[str]:
    """Takes the buffers of a normalization layer out of arrays and compares them."""
    faults = []
    for name in ("mean", "std"):
        theirs = arrays.pop(f"normalize.{name}", None)
        ours = np.asarray(getattr(model.image, name))
        if theirs is not None and not (
                theirs.size == ours.size and np.allclose(theirs.ravel(), ours, 0, _TOLERANCE)):
            faults.append(f"normalize.{name}: is {_values(theirs)}; wanted {_values(ours)}, as "
                          "of the data set; config.train.from_files_mean and from_files_std say "
                          "what given models were trained with")
    return faults


def _fold_biases(arrays: dict[str, np.ndarray], their_names: dict[str, str],
                 expected: dict[str, names.Entry]) -> list[str]:
    """Takes biases of convolutions out of `their_names`, and off the running means behind them.

    BatchNorm sees x + bias - (mean of x + bias), so that running_mean - bias without the bias is
    the same. Changes `arrays`; returns what cannot be done.
    """
    faults = []
    for name in [name for name in their_names if name.endswith(".bias") and name not in expected]:
        mean = names.norm_behind(name.removesuffix(".bias"))
        weight = their_names.get(name.removesuffix("bias") + "weight")
        if mean not in expected or mean not in their_names or weight is None:
            continue
        theirs, running = their_names.pop(name), arrays[their_names[mean]]
        bias = arrays[theirs]
        if fault := _fault(bias, theirs, expected[mean].shape):
            faults.append(f"{theirs}: {fault}")
        elif running.shape == bias.shape:
            arrays[their_names[mean]] = running - bias
    return faults


def _size(shape: tuple[int, ...]) -> str:
    return f"shape {'x'.join(map(str, shape)) or 'of a scalar'}"


def _values(array: np.ndarray) -> str:
    return "(" + ", ".join(f"{value:.4g}" for value in array.ravel()[:4]) + ")"


def _raise_if_any(path: pathlib.Path, faults: list[str]) -> None:
    if faults:
        lines = [f"  - {fault}" for fault in faults[:_SHOWN]]
        if len(faults) > _SHOWN:
            lines.append(f"  - and {len(faults) - _SHOWN} more")
        raise InputError(f"{path}: {len(faults)} fault(s); allowed: a checkpoint of the same "
                         "architecture as config.model\n" + "\n".join(lines))
