"""Reads the arrays of a PyTorch checkpoint; never runs code that a file brings along."""

import contextlib
import pathlib
import pickle
from collections.abc import Mapping
from typing import Any

import ml_dtypes
import numpy as np

from rum_jax.core.errors import InputError

SAFETENSORS = ".safetensors"
PICKLED = (".pt", ".pth", ".bin", ".ckpt", ".tar")
INSTALL = "pip install 'rum_jax[torch]'"
_WRAPPERS = ("state_dict", "model", "model_state_dict", "net")  # chosen first, if there are several
_LAYERS = ("features", "classifier")  # first parts of names that are no prefix
_HOW = ("allowed: a plain state dict, as torch.save(model.state_dict(), ...) writes it, alone or "
        "under one key")


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
    arrays = {name: _widened(array) for name, array in arrays.items()}
    return _without_masks(path, _without_prefixes(arrays))


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
        import torch  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise InputError(f"{path}: reading it needs PyTorch; {INSTALL}, or save it as a "
                         f"{SAFETENSORS} file") from None
    try:
        with _numbers_allowed(torch):
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(f"{path}: holds more than tensors, or is no PyTorch file; it was not "
                         f"unpickled, as that could run any code; {_HOW}") from None
    except Exception as error:  # torch.load raises whatever a damaged file leads to
        first = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{path}: cannot be read ({first}); {_HOW}") from None
    return {name: _array(path, name, value)
            for name, value in _state_dict(path, loaded).items()}


def _numbers_allowed(torch: Any) -> contextlib.AbstractContextManager:
    """NumPy's numbers may stand beside tensors, as the released RUM and SalUn code writes them.

    Nothing of a file is run for it: these are plain numbers and arrays of them.
    """
    allowed = getattr(torch.serialization, "safe_globals", None)
    if allowed is None:  # PyTorch before 2.5
        return contextlib.nullcontext()
    types = {type(np.dtype(code)) for code in "?bhilqBHILQefd"}
    makers = {"scalar": np.float64(0).__reduce__()[0], "_reconstruct": np.zeros(1).__reduce__()[0]}
    named = [(maker, f"numpy.{core}.multiarray.{name}") for name, maker in makers.items()
             for core in ("core", "_core")]
    return allowed([np.dtype, np.ndarray, *types, *named])


def _state_dict(path: pathlib.Path, loaded: Any) -> Mapping[str, Any]:
    """The state dict itself, out of what it is wrapped in."""
    while isinstance(loaded, Mapping) and not _is_state_dict(loaded):
        inside = {key: value for key, value in loaded.items() if _holds_state_dict(value)}
        known = [key for key in _WRAPPERS if key in inside]
        if not inside:
            break
        if len(inside) > 1 and not known:
            raise InputError(f"{path}: holds tensors under {', '.join(map(str, inside))}; {_HOW}")
        loaded = inside[known[0] if known else next(iter(inside))]
    if not isinstance(loaded, Mapping) or not loaded:
        what = "nothing" if isinstance(loaded, Mapping) else f"a {type(loaded).__name__}"
        raise InputError(f"{path}: holds {what}; {_HOW}")
    if not _is_state_dict(loaded):
        return loaded
    return {name: value for name, value in loaded.items()  # an epoch, say, is no entry
            if not isinstance(name, str) or "." in name or _is_tensor(value)}


def _is_tensor(value: Any) -> bool:
    import torch  # pyright: ignore[reportMissingImports]

    return isinstance(value, torch.Tensor)


def _is_state_dict(value: Any) -> bool:
    """Whether it has tensors of its own, called by a layer and a name."""
    return isinstance(value, Mapping) and any(
        isinstance(name, str) and "." in name and _is_tensor(item) for name, item in value.items())


def _holds_state_dict(value: Any) -> bool:
    """Whether it is a state dict, or has one somewhere inside."""
    return isinstance(value, Mapping) and (
        _is_state_dict(value) or any(map(_holds_state_dict, value.values())))


def _array(path: pathlib.Path, name: Any, value: Any) -> np.ndarray:
    import torch  # pyright: ignore[reportMissingImports]

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
    """Without what wrappers such as DataParallel, Lightning and torch.compile put before all names.

    A Sequential of a normalization layer and the network counts as the network.
    """
    first = {name.partition(".")[0] for name in arrays}
    if len(first) == 1 and all("." in name for name in arrays) and not first & set(_LAYERS):
        return _without_prefixes({name.partition(".")[2]: array for name, array in arrays.items()})
    if len(first) == 2:
        for layer in first:
            buffers = {name for name in arrays if name.startswith(f"{layer}.")}
            if buffers and buffers <= {f"{layer}.mean", f"{layer}.std"}:
                rest = _without_prefixes({name: array for name, array in arrays.items()
                                          if name not in buffers})
                return rest | {f"normalize.{name.rpartition('.')[2]}": arrays[name]
                               for name in buffers}
    return arrays


def _without_masks(path: pathlib.Path, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """With pruned weights as they act: `weight_orig` times `weight_mask` is `weight`."""
    entries = {}
    for name, array in arrays.items():
        if name.endswith("_orig") and f"{name.removesuffix('_orig')}_mask" in arrays:
            mask = arrays[f"{name.removesuffix('_orig')}_mask"]
            if mask.shape != array.shape:
                raise InputError(f"{path}: {name} is of shape {array.shape}, its mask of "
                                 f"{mask.shape}; allowed: one shape")
            entries[name.removesuffix("_orig")] = array * mask.astype(array.dtype)
        elif not (name.endswith("_mask") and f"{name.removesuffix('_mask')}_orig" in arrays):
            entries[name] = array
    return entries
