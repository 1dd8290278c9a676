"""A user's model: a network of any kind, with the variables of one model or of many."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import numpy as np
from flax.core import unfreeze

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import adapt_linen, function
from rum_jax.models.contract import Network, PyTree
from rum_jax.models.head import leaves_by_path
from rum_jax.models.linen import split

Features = str | Callable[..., jax.Array] | None
Numbers = float | Sequence[float]
Shapes = tuple[PyTree, PyTree]  # (params, state) of one model, arrays or shapes


class Model:
    """A model given as a function of its arrays.

    Args:
      apply_fn: (params, state, inputs float[B,...], train, key) -> (logits float[B,C], features
        float[B,D]) or (logits, features, new state); features are None where there are none. With
        a state it has a parameter `mask`, bool[B], False for padding that statistics leave out.
      params: tree of arrays of one model; of M models, for as many seeds, with a leading axis M.
      state: likewise; None: there is none.
      init: (typed key) -> (params, state) of a fresh model; None: the model cannot be retrained.
      head: path of the last layer's matrix [D,C] in the params, as "head/w"; None: the matrix with
        as many columns as there are classes.
      draws: whether apply_fn draws at random in train mode; it is then given a key.
      mean, std: what uint8 images, scaled to [0,1], are standardized by: numbers, or one of each
        channel.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """

    def __init__(self, apply_fn: Callable[..., Any], params: PyTree, state: PyTree = None, *,
                 init: Callable[[jax.Array], tuple[PyTree, PyTree]] | None = None,
                 head: str | None = None, draws: bool = False, mean: Numbers = 0.0,
                 std: Numbers = 1.0) -> None:
        if not callable(apply_fn):
            raise InputError(f"apply_fn: is {type(apply_fn).__name__}; allowed: a function of "
                             "(params, state, inputs, train, key)")
        given = params, {} if state is None else state
        single = jax.eval_shape(lambda: init(jax.random.key(0))) if init else given

        def adapted(image: ImageSpec) -> tuple[Network, Shapes]:
            return function.adapt(apply_fn, init or _no_init, image, single, head, draws), single

        self._set(adapted, given, mean, std)

    def _set(self, adapt: Callable[[ImageSpec], tuple[Network, Shapes]],
             variables: tuple[PyTree, PyTree] | None, mean: Numbers, std: Numbers) -> None:
        self.adapt, self.variables = adapt, variables
        self.mean, self.std = statistics("mean", mean), statistics("std", std)
        if min(self.std) <= 0:
            raise InputError(f"std: is {self.std}; allowed: numbers above 0")

    @classmethod
    def of(cls, adapt: Callable[[ImageSpec], tuple[Network, Shapes]],
           variables: tuple[PyTree, PyTree] | None, mean: Numbers, std: Numbers) -> "Model":
        """A model whose network is made as soon as the shape of its inputs is known.

        Args:
          adapt: gives the network, and the (params, state) of one model, arrays or shapes.
          variables: (params, state) as given; None: it has yet to be trained.
          mean, std: see `Model`.
        """
        model = cls.__new__(cls)
        model._set(adapt, variables, mean, std)
        return model


def _no_init(key: jax.Array) -> Any:
    del key
    raise InputError("init: is None, and fresh parameters are needed; allowed: a function (typed "
                     "key) -> (params, state)")


def statistics(name: str, values: Numbers) -> tuple[float, ...]:
    """Numbers as a tuple; InputError: they are none."""
    numbers = np.atleast_1d(np.asarray(values, np.float64))
    if numbers.ndim != 1 or not np.isfinite(numbers).all():
        raise InputError(f"{name}: is {values!r}; allowed: a number, or one of each channel")
    return tuple(numbers.tolist())


def from_flax(module: nn.Module, variables: Mapping[str, PyTree] | None, *,
              train_kwarg: str | None = "train", features: Features = None,
              head: str | None = None, mask_kwarg: str | None = None, mean: Numbers = 0.0,
              std: Numbers = 1.0) -> Model:
    """A model of any Linen module.

    Args:
      module: not bound; called with inputs float[B,...], it returns logits float[B,C], or (logits,
        features).
      variables: what `module.init` gives, after training; for M models with a leading axis M; None:
        a network that has yet to be trained.
      train_kwarg: keyword of `module.__call__` that says whether it is trained, such as "train",
        "is_training" or "deterministic" (which says the opposite); None: it has none.
      features: what penultimate features are: the path of a value that the module sows or of a
        submodule, as "encoder/pre_logits", or a function (variables, inputs) -> float[B,...];
        None: what the module returns besides logits. More than one axis of places is averaged.
      head: path of the last layer in the params; None: the layer with as many outputs as there
        are classes.
      mask_kwarg: keyword of `module.__call__` that is given bool[B], False for padding, for modules
        that keep statistics of batches without flax.linen.BatchNorm.
      mean, std: what uint8 images, scaled to [0,1], are standardized by.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    adapt_linen.check_module(module, train_kwarg)
    if variables is not None and (not isinstance(variables, Mapping) or "params" not in variables):
        has = sorted(variables) if isinstance(variables, Mapping) else type(variables).__name__
        raise InputError(f"variables: is {has}; allowed: a mapping with the key 'params', as "
                         "module.init gives it")

    def adapted(image: ImageSpec) -> tuple[Network, Shapes]:
        network = adapt_linen.adapt(module, image, train_kwarg, features, head, mask_kwarg)
        return network, jax.eval_shape(lambda: network.init(jax.random.key(0), image))

    given = None if variables is None else split(unfreeze(dict(variables)))
    return Model.of(adapted, given, mean, std)


def from_nnx(module: Any, *, create: Callable[..., Any] | None = None, features: Features = None,
             head: str | None = None, mean: Numbers = 0.0, std: Numbers = 1.0) -> Model:
    """A model of an NNX module; the module itself is not changed.

    Args:
      module: called with inputs float[B,...], it returns logits float[B,C], or (logits, features).
      create: (flax.nnx.Rngs) -> a fresh module; None: the model cannot be retrained.
      features: path of a submodule, as "encoder.norm", or a function (module, inputs) ->
        float[B,...]; None: what the module returns besides logits.
      head, mean, std: see `from_flax`.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    from rum_jax.models import nnx_module  # slow to import

    nnx_module.check_module(module)

    given = nnx_module.variables_of(module)

    def adapted(image: ImageSpec) -> tuple[Network, Shapes]:
        return nnx_module.adapt(module, image, create, features, head), given

    return Model.of(adapted, given, mean, std)


def stacked(variables: tuple[PyTree, PyTree], like: Shapes) -> tuple[PyTree, PyTree]:
    """(params, state) on the host with a leading axis of models: 1 where there was none.

    Args:
      variables: (params, state) as given.
      like: those of one model, arrays or shapes.

    Raises:
      InputError: they are not those of this network.
    """
    given, expected = ({path: np.shape(leaf) for path, leaf in leaves_by_path(tree).items()}
                       for tree in (tuple(variables), tuple(like)))
    missing = [path for path in expected if path not in given]
    unknown = [path for path in given if path not in expected]
    if missing or unknown:
        raise InputError("variables: " + "; ".join(
            f"{what} {_name(paths[0])}" + (f" and {len(paths) - 1} more" if paths[1:] else "")
            for what, paths in (("lacks", missing), ("has, beyond the network's, ", unknown))
            if paths) + "; allowed: those of the same network")
    models = {shape[0] for path, shape in given.items() if shape and shape[1:] == expected[path]}
    alone = all(shape == expected[path] for path, shape in given.items())
    together = len(models) == 1 and all(
        shape == (*models, *expected[path]) for path, shape in given.items())
    if not alone and not together:
        path = next(path for path in given if given[path] != expected[path])
        raise InputError(f"variables: {_name(path)} has shape {given[path]}; allowed: "
                         f"{expected[path]}, or with a leading axis of models in all of them")
    return jax.tree.map(lambda leaf: _wide(leaf)[None] if alone else _wide(leaf),
                        jax.device_get(tuple(variables)))


def _wide(leaf: Any) -> np.ndarray:
    """An array, in float32 where it is narrower."""
    array = np.asarray(leaf)
    return array.astype(np.float32) if array.dtype.name in ("float16", "bfloat16") else array


def _name(path: tuple[str, ...]) -> str:
    return "/".join(("params" if path[0] == "0" else "state", *path[1:]))
