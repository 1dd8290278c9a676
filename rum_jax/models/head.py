"""The last layer of a network, found and changed by its place in the parameters."""

from collections.abc import Callable
from typing import Any

import jax

from rum_jax.core.errors import InputError
from rum_jax.models.contract import Head, Path

PyTree = Any


def path_of(keys: tuple[Any, ...]) -> Path:
    """A path of JAX's key objects as texts."""
    return tuple(str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key))))
                 for key in keys)


def path_named(name: Any) -> Path | None:
    """The path that a text names, as "encoder/norm" or "encoder.norm"; None: it is no text."""
    return tuple(name.replace("/", ".").split(".")) if isinstance(name, str) else None


def leaves_by_path(tree: PyTree) -> dict[Path, Any]:
    """Path of each leaf -> the leaf."""
    return {path_of(keys): leaf for keys, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def at(tree: PyTree, path: Path) -> Any:
    """The leaf at a path. KeyError: there is none."""
    return leaves_by_path(tree)[path]


def map_at(tree: PyTree, changes: dict[Path, Callable[[Any], Any]]) -> PyTree:
    """The same tree, with the leaves at some paths replaced by a function of them."""

    def changed(keys: tuple[Any, ...], leaf: Any) -> Any:
        change = changes.get(path_of(keys))
        return change(leaf) if change else leaf

    return jax.tree_util.tree_map_with_path(changed, tree)


def with_outputs(params: PyTree, head: Head | None, outputs: int) -> PyTree:
    """Shapes of params (`jax.ShapeDtypeStruct`), with so many logits."""
    if head is None:
        return params

    def resized(leaf: Any) -> jax.ShapeDtypeStruct:
        return jax.ShapeDtypeStruct((*leaf.shape[:-1], outputs), leaf.dtype)

    return map_at(params, dict.fromkeys(filter(None, head), resized))


def named_head(params: PyTree, name: Path) -> Head:
    """The head whose layer, or whose kernel, is at that path.

    Args:
      params: tree of arrays or shapes.
      name: path of a dictionary with a matrix, or of a matrix.

    Raises:
      InputError: there is none.
    """
    below = {path: leaf.shape for path, leaf in leaves_by_path(params).items()
             if path[:len(name)] == name}
    kernels = [path for path, shape in below.items() if len(shape) == 2]
    if len(kernels) != 1:
        layers = sorted({"/".join(path[:-1]) for path, leaf in leaves_by_path(params).items()
                         if len(leaf.shape) == 2})
        raise InputError(f"head: is {'/'.join(name)!r}, where the parameters have {len(kernels)} "
                         f"matrices; allowed: the path of a layer with one, such as "
                         f"{', '.join(map(repr, layers[-3:])) or 'none of this network'}")
    return Head(kernels[0], _bias_beside(params, kernels[0], below[kernels[0]][-1]))


def heads_by_shape(params: PyTree, outputs: int) -> list[Head]:
    """The layers with so many outputs: matrices [D,C]."""
    return [Head(path, _bias_beside(params, path, outputs))
            for path, leaf in leaves_by_path(params).items()
            if len(leaf.shape) == 2 and leaf.shape[-1] == outputs]


def _bias_beside(params: PyTree, kernel: Path, outputs: int) -> Path | None:
    beside = [path for path, leaf in leaves_by_path(params).items()
              if leaf.shape == (outputs,) and path[:-1] == kernel[:-1] and path != kernel]
    return beside[0] if len(beside) == 1 else None
