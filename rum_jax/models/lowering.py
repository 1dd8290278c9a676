"""How the convolutions of any network are computed, chosen after it was made."""

import dataclasses
from typing import Any

from rum_jax.models.canonical_convolution import CANONICAL
from rum_jax.models.contract import Network
from rum_jax.models.own_linen import OwnLinen

NATIVE = "native"


def with_lowering(network: Network, lowering: str) -> Network:
    """The same network with that lowering.

    Networks that are not of this package keep their own convolutions; where they are not to be
    native, their gradients are written anew.

    Args:
      network: of any kind.
      lowering: a key of CONVOLUTIONS.
    """
    if isinstance(network, OwnLinen):
        return OwnLinen(network.module.clone(lowering=lowering))
    adapted: Any = network
    return dataclasses.replace(adapted, lowering=NATIVE if lowering == NATIVE else CANONICAL)
