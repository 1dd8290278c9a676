"""What a network must do for training, unlearning and evaluation: pure functions of arrays.

Adapters make such a network of a Linen module of this package (`own_linen.py`), of any other Linen
module (`linen.py`), of an NNX module (`nnx_module.py`) and of a plain function (`function.py`). A
new kind of network is one more file with these methods.
"""

from typing import Any, NamedTuple, Protocol

import jax

from rum_jax.data.arrays import ImageSpec

PyTree = Any
Path = tuple[str, ...]  # of a leaf in a tree of dictionaries: its keys from the outside in


class Head(NamedTuple):
    """The last layer, logits = inputs @ kernel + bias, by the places of its parameters.

    Attributes:
      kernel: of float[D,C].
      bias: of float[C]; None: there is none.
    """

    kernel: Path
    bias: Path | None


class Raw(NamedTuple):
    """What a network returns for a batch.

    Attributes:
      logits: float[B,C].
      features: float[B,D], pooled penultimate activations; None: it has none.
      model_state: after the batch; unchanged in evaluation mode.
    """

    logits: jax.Array
    features: jax.Array | None
    model_state: PyTree


class Network(Protocol):
    """Hashable: equal networks share their compiled programs."""

    @property
    def lowering(self) -> str:
        """How its convolutions are computed: a key of CONVOLUTIONS, or "canonical"."""
        ...

    @property
    def draws(self) -> bool:
        """Whether it draws at random in train mode (dropout), and so needs a key."""
        ...

    def init(self, key: jax.Array, image: ImageSpec) -> tuple[PyTree, PyTree]:
        """Fresh (params, model_state) for a typed key; pure, so it can be vmapped over keys."""
        ...

    def apply(self, params: PyTree, model_state: PyTree, inputs: jax.Array, mask: jax.Array,
              train: bool, key: jax.Array | None) -> Raw:
        """Forward pass.

        Args:
          params: trainable parameters, float32.
          model_state: what train mode updates (running statistics).
          inputs: float[B,...].
          mask: bool[B], False where an entry is padding, to be kept out of batch statistics.
          train: whether batch statistics are used and running ones updated, and dropout is on.
          key: typed, of this batch; None in evaluation mode, and where nothing is drawn.
        """
        ...

    @property
    def classes(self) -> int:
        """How many logits it returns with parameters of its own shapes."""
        ...

    @property
    def head(self) -> Head | None:
        """The last layer; None: it is not known."""
        ...
