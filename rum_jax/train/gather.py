"""From positions to a batch of pixels, on the device: the only way examples get into a step."""

import jax
import jax.numpy as jnp

from rum_jax.data.augment import augment
from rum_jax.data.plans import PADDING
from rum_jax.models import Model
from rum_jax.train.mesh import split_batch
from rum_jax.train.state import Batch


def gather(model: Model, images: jax.Array, index: jax.Array, label: jax.Array,
           augmentation: dict[str, jax.Array] | None = None) -> Batch:
    """The batch at these positions, spread over the devices that share it.

    Args:
      model: for the range and type of pixels.
      images: uint8[N,H,W,C].
      index: int32[B]; PADDING marks an empty place.
      label: int32[B].
      augmentation: key of AUGMENTATIONS -> uint32[2], see `augment`.
    """
    index = split_batch(index)
    present = jnp.maximum(index, 0)
    chosen = images[present]
    for name, key_data in (augmentation or {}).items():
        chosen = augment(name, chosen, key_data, present)
    return Batch(model.to_unit(chosen), split_batch(label), index != PADDING)
