"""Augmentation of a batch inside a training step, one key for each example."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

NONE = "none"
PAD = 4  # pixels on each side


def crop(image: jax.Array, key: jax.Array) -> jax.Array:
    """Random crop to the image's own size, after zero padding of PAD pixels on each side.

    Args:
      image: [H,W,C].
      key: typed; draws one of the (2 PAD + 1)^2 offsets, all equally likely.
    """
    padded = jnp.pad(image, ((PAD, PAD), (PAD, PAD), (0, 0)))
    row, column = jax.random.randint(key, (2,), 0, 2 * PAD + 1)
    return jax.lax.dynamic_slice(padded, (row, column, 0), image.shape)


def crop_and_flip(image: jax.Array, key: jax.Array) -> jax.Array:
    """`crop`, then a horizontal flip with probability 1/2."""
    cropped = crop(image, key)
    flipped = jax.random.bernoulli(jax.random.fold_in(key, 1))
    return jnp.where(flipped, cropped[:, ::-1], cropped)


# name -> function of (image uint8[H,W,C], typed key) -> image.
AUGMENTATIONS: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "crop": crop,
    "crop_and_flip": crop_and_flip,
}


def augment(name: str, images: jax.Array, key_data: jax.Array, index: jax.Array) -> jax.Array:
    """Augments a batch; what an example gets depends on the key_data and its own number alone.

    Args:
      name: a key of AUGMENTATIONS.
      images: uint8[B,H,W,C].
      key_data: uint32[2], raw data of the key of an epoch.
      index: int32[B] >= 0, positions of the examples in the data set.
    """
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.wrap_key_data(key_data), index)
    return jax.vmap(AUGMENTATIONS[name])(images, keys)
