"""Variables of Flax models in files: msgpack, safetensors, and folders of Orbax."""

import pathlib
from collections.abc import Mapping
from typing import Any

import flax.serialization
import flax.traverse_util
import jax
import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.core.records import write_bytes

PyTree = Any
MSGPACK, SAFETENSORS = (".msgpack", ".flax"), ".safetensors"
SEPARATORS = ("/", ".")  # between the keys of a path in names of safetensors
_ALLOWED = (f"a file called {' or '.join((*MSGPACK, SAFETENSORS))}, or a folder that Orbax has "
            "written")


def load_variables(path: str | pathlib.Path) -> dict[str, PyTree]:
    """Variables as a Linen module takes them, {"params": ...}: float arrays on the host.

    Names in safetensors are paths, as "params/Dense_0/kernel" or "params.Dense_0.kernel"; without
    a collection in front, all are taken for params. A tree without "params" is taken for params,
    too, unless it has them in one of its entries, as training states have. Half precision becomes
    float32.

    Args:
      path: a .msgpack, .flax or .safetensors file, or a folder of Orbax.

    Raises:
      InputError: there is no such file, it is of another kind, or damaged.
    """
    file = pathlib.Path(path).expanduser()
    if not file.exists():
        raise InputError(f"{path}: is not there; allowed: {_ALLOWED}")
    if file.is_dir():
        tree = _orbax(file)
    elif file.suffix in MSGPACK:
        tree = _msgpack(file)
    elif file.suffix == SAFETENSORS:
        tree = _safetensors(file)
    else:
        raise InputError(f"{path}: is called {file.suffix or 'nothing'} at its end; allowed: "
                         f"{_ALLOWED}")
    return jax.tree.map(_widened, _variables(file, tree))


def save_variables(path: str | pathlib.Path, variables: Mapping[str, PyTree]) -> None:
    """Writes variables so that `load_variables`, Flax and Orbax can read them.

    Args:
      path: of a .msgpack, .flax or .safetensors file; anything else becomes a folder of Orbax.
      variables: {"params": ...} of one model.

    Raises:
      InputError: the folder is there already, or safetensors is not installed.
    """
    file = pathlib.Path(path).expanduser()
    tree = jax.tree.map(np.asarray, dict(variables))
    if file.suffix in MSGPACK:
        write_bytes(file, flax.serialization.msgpack_serialize(tree))
    elif file.suffix == SAFETENSORS:
        flat = flax.traverse_util.flatten_dict(tree, sep=SEPARATORS[0])
        write_bytes(file, _safetensors_library(file).save(
            {name: np.ascontiguousarray(array) for name, array in flat.items()}))
    else:
        if file.exists():
            raise InputError(f"{path}: is there already; allowed: a new folder, or a file called "
                             f"{' or '.join((*MSGPACK, SAFETENSORS))}")
        from orbax.checkpoint import v1 as ocp  # slow to import

        ocp.save(str(file.absolute()), tree)


def _msgpack(file: pathlib.Path) -> PyTree:
    try:
        return flax.serialization.msgpack_restore(file.read_bytes())
    except Exception as error:  # msgpack raises whatever a damaged file leads to
        raise InputError(f"{file}: cannot be read as msgpack of Flax ({error}); allowed: what "
                         "flax.serialization.to_bytes gives") from error


def _orbax(folder: pathlib.Path) -> PyTree:
    from orbax.checkpoint import v1 as ocp  # slow to import

    try:
        return ocp.load(str(folder.absolute()))
    except Exception as error:  # Orbax has no error of its own for a folder of something else
        first = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{folder}: cannot be read as a checkpoint of Orbax ({first}); allowed: "
                         f"{_ALLOWED}") from error


def _safetensors_library(file: pathlib.Path) -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise InputError(f"{file}: needs safetensors; pip install safetensors") from None
    return safetensors.numpy


def _safetensors(file: pathlib.Path) -> PyTree:
    library = _safetensors_library(file)
    try:
        arrays = library.load(file.read_bytes())
    except Exception as error:  # its own error, or one of JSON or NumPy
        raise InputError(f"{file}: cannot be read ({error}); allowed: a whole safetensors "
                         "file") from error
    separator = next((mark for mark in SEPARATORS if any(mark in name for name in arrays)), "/")
    return flax.traverse_util.unflatten_dict(
        {tuple(name.split(separator)): array for name, array in arrays.items()})


def _variables(file: pathlib.Path, tree: PyTree) -> dict[str, PyTree]:
    """The variables themselves, out of what they are wrapped in."""
    if not isinstance(tree, Mapping) or not jax.tree.leaves(tree):
        raise InputError(f"{file}: holds {type(tree).__name__}; allowed: variables of a Linen "
                         "module, {'params': ...}")
    if "params" in tree:
        kept = {name: tree[name] for name in tree if isinstance(tree[name], Mapping)
                and name not in ("opt_state", "step")}
        inner = tree["params"]
        if isinstance(inner, Mapping) and "params" in inner:  # a whole state wrapped once more
            return _variables(file, inner)
        return kept
    inside = [value for value in tree.values() if isinstance(value, Mapping) and "params" in value]
    return _variables(file, inside[0]) if len(inside) == 1 else {"params": dict(tree)}


def _widened(leaf: Any) -> np.ndarray:
    array = np.asarray(leaf)
    narrow = array.dtype.name in ("float16", "bfloat16")
    return array.astype(np.float32) if narrow else array
