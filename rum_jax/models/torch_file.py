"""Reads the arrays of a PyTorch checkpoint; never runs code that a file brings along."""

import pathlib
import pickle
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from rum_jax.errors import InputError

SAFETENSORS = ".safetensors"
PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".tar")
INSTALL = "pip install 'rum_jax[torch]'"
_WRAPPERS = ("state_dict", "model")
_PREFIXES = ("module.", "model.", "_orig_mod.")
_HOW = ("allowed: a plain state dict, as torch.save(model.state_dict(), ...) writes it, alone or "
        "under the key state_dict or model")


def read(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Name -> array, without prefixes that all names share.

    Narrow floats become float32; other dtypes are as in the file.

    Raises:
      InputError: no such file, another kind of file, an unreadable one, one that is not a plain
        state dict, or a package that is needed is missing.
    """
    path = pathlib.Path(path)
    if path.suffix not in (SAFETENSORS, *PICKLED):
        raise InputError(f"{path}: is called {path.suffix or 'nothing'} at its end; allowed: "
                         f"{', '.join((SAFETENSORS, *PICKLED))}")
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; allowed: a PyTorch checkpoint")
    arrays = _safetensors(path) if path.suffix == SAFETENSORS else _pickled(path)
    return _without_prefixes({name: _widened(array) for name, array in arrays.items()})


def _safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        import safetensors
        import safetensors.numpy
    except ImportError:
        raise InputError(f"{path}: reading it needs safetensors; {INSTALL}") from None
    try:
        return safetensors.numpy.load_file(path)
    except (OSError, ValueError, KeyError, safetensors.SafetensorError) as error:
        raise InputError(f"{path}: cannot be read ({error}); allowed: a whole safetensors "
                         "file") from None


def _pickled(path: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        import torch
    except ImportError:
        raise InputError(f"{path}: reading it needs PyTorch; {INSTALL}, or save it as a "
                         f"{SAFETENSORS} file") from None
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(f"{path}: holds more than tensors, or is no PyTorch file; it was not "
                         f"unpickled, as that could run any code; {_HOW}") from None
    except Exception as error:  # torch.load raises whatever a damaged file leads to
        first = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{path}: cannot be read ({first}); {_HOW}") from None
    return {name: _array(path, name, value)
            for name, value in _state_dict(path, loaded).items()}


def _state_dict(path: pathlib.Path, loaded: Any) -> Mapping[str, Any]:
    """The state dict itself, out of what it is wrapped in."""
    for key in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
    if not isinstance(loaded, Mapping) or not loaded:
        what = "nothing" if isinstance(loaded, Mapping) else f"a {type(loaded).__name__}"
        raise InputError(f"{path}: holds {what}; {_HOW}")
    return loaded


def _array(path: pathlib.Path, name: Any, value: Any) -> np.ndarray:
    import torch

    if not isinstance(name, str) or not isinstance(value, torch.Tensor):
        raise InputError(f"{path}: entry {name!r} is a {type(value).__name__}; {_HOW}")
    if value.layout != torch.strided or value.is_quantized or value.is_meta:
        raise InputError(f"{path}: entry {name!r} is a sparse, quantised or empty tensor; {_HOW}, "
                         "of ordinary tensors")
    value = value.detach()
    if value.is_floating_point() and value.element_size() < 4:
        value = value.float()
    return value.numpy()


def _widened(array: np.ndarray) -> np.ndarray:
    narrow = array.dtype in (np.float16, ml_dtypes.bfloat16)
    return array.astype(np.float32) if narrow else array


def _without_prefixes(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Without what DataParallel, Lightning and torch.compile put before all names."""
    for prefix in _PREFIXES:
        if arrays and all(name.startswith(prefix) for name in arrays):
            return _without_prefixes({name.removeprefix(prefix): array
                                      for name, array in arrays.items()})
    return arrays
