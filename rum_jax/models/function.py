"""A network given as a plain function of arrays."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.canonical_convolution import CANONICAL, with_canonical_convolutions
from rum_jax.models.contract import Head, PyTree, Raw
from rum_jax.models.inspection import EXAMPLES, classes_of, find_head, forward_shapes
from rum_jax.models.layers import normalize

Init = Callable[[jax.Array], tuple[PyTree, PyTree]]  # (typed key) -> (params, state)


@dataclasses.dataclass(frozen=True)
class Function:
    """See `Network`.

    Attributes:
      function: (params, state, inputs float[B,...], train, key) -> (logits, features, state). It
        is given `mask` bool[B] too, False for padding, if it has a parameter of that name.
      fresh: see `Init`.
      mean, std: of each channel, or of all: what inputs are standardized by.
      draws: see `Network`.
      head: see `Network`.
      classes: see `Network`.
      lowering: "native", or CANONICAL: gradients of convolutions are written anew, for CPUs.
    """

    function: Callable[..., Any]
    fresh: Init
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    draws: bool = False
    head: Head | None = None
    classes: int = 0
    lowering: str = "native"

    def init(self, key: jax.Array, image: ImageSpec) -> tuple[PyTree, PyTree]:
        """Fresh (params, state)."""
        del image
        return self.fresh(key)

    def apply(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None) -> Raw:
        """Forward pass."""
        keywords = {"mask": mask} if takes_mask(self.function) else {}

        def forward(params: PyTree, state: PyTree, inputs: jax.Array, key: jax.Array | None,
                    keywords: dict[str, jax.Array]) -> Raw:
            outputs = self.function(params, state, inputs, train, key, **keywords)
            logits, features, *new = outputs if isinstance(outputs, tuple) else (outputs, None)
            return Raw(logits, features, new[0] if new and train else state)

        run = with_canonical_convolutions(forward) if self.lowering == CANONICAL else forward
        return run(params, model_state, normalize(inputs, self.mean, self.std), key, keywords)


def takes_mask(function: Callable[..., Any]) -> bool:
    """Whether a function has a parameter `mask`."""
    return "mask" in inspect.signature(function).parameters


def adapt(function: Callable[..., Any], fresh: Init, image: ImageSpec,
          variables: tuple[PyTree, PyTree], head: str | None = None,
          draws: bool = False) -> Function:
    """A network of a function, looked at once, on shapes alone.

    Args:
      function, fresh, draws: see `Function`.
      image: shape, classes, mean and std of its inputs.
      variables: (params, state) of one model, arrays or shapes.
      head: path of the last layer's matrix [D,C], or of a dictionary with it, in the parameters;
        None: the matrix with as many columns as there are classes, if there is one.

    Raises:
      InputError: names the argument, the value and what is allowed.
    """
    network = Function(function, fresh, image.mean, image.std, draws)
    params, state = variables
    if jax.tree.leaves(state) and not takes_mask(function):
        raise InputError("apply_fn: has a state and no parameter `mask`; allowed: with a state, "
                         "(params, state, inputs, train, key, mask), as examples where bool[B] "
                         "mask is False are padding that statistics must leave out")
    _check(network, params, state, image)
    classes = classes_of("apply_fn", network, params, state, image)
    network = dataclasses.replace(network, classes=classes)
    return dataclasses.replace(network, head=find_head(network, params, state, image, head))


def _check(network: Function, params: PyTree, state: PyTree, image: ImageSpec) -> None:
    """Looks at what a function takes and returns; no device is touched."""
    masked = takes_mask(network.function)
    try:
        inspect.signature(network.function).bind(*range(5), **({"mask": 0} if masked else {}))
    except TypeError as error:
        raise InputError(f"apply_fn: takes {inspect.signature(network.function)}; allowed: "
                         f"(params, state, inputs, train, key) by position ({error})") from error

    def evaluated(params: PyTree, state: PyTree) -> Any:
        inputs = jnp.zeros((EXAMPLES, *image.shape), jnp.float32)
        keywords = {"mask": jnp.ones(EXAMPLES, bool)} if masked else {}
        return network.function(params, state, inputs, False, None, **keywords)

    returned = jax.eval_shape(evaluated, params, state)
    if not isinstance(returned, tuple) or len(returned) not in (2, 3):
        raise InputError("apply_fn: returns one output; allowed: (logits, features) or (logits, "
                         "features, state), with features None where there are none")
    after = _trained(network, params, state, image).model_state
    if jax.tree.structure(after) != jax.tree.structure(state):
        raise InputError("apply_fn: returns a state of another structure than it is given; "
                         "allowed: the same")


def _trained(network: Function, params: PyTree, state: PyTree, image: ImageSpec) -> Raw:
    """What it returns in train mode, as shapes. InputError: it needs a key that it is not given."""
    try:
        return forward_shapes(network, params, state, image, True, network.draws)
    except Exception:
        if network.draws:
            raise
        forward_shapes(network, params, state, image, True, True)  # else it is not for the key
        raise InputError("draws: is False, and apply_fn needs a key in train mode; allowed: "
                         "draws=True") from None
