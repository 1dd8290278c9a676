"""Batch normalization for CPUs, beside `blocked.py`: few passes over memory, images innermost.

XLA sums on CPUs do not use vector registers, and its backward pass of a normalization reads its
input many times. Here sums over places are sums of slices, sums over images are matrix products,
and the backward pass is written out. Shapes: C channels, P places, G groups of b images.
"""

import functools
from collections.abc import Callable
from typing import cast

import jax
import jax.numpy as jnp

WithMoments = tuple[jax.Array, jax.Array, jax.Array]  # what is normalized, means, variances
TERMS = (8, 4, 2, 7, 5, 3)  # slices that are summed at a time


def normalized(x: jax.Array, weight: jax.Array, scale: jax.Array, bias: jax.Array,
               epsilon: float) -> WithMoments:
    """What `BatchNorm` does in train mode with the batch it is given.

    Args:
      x: float[B,...,C], float32 or better.
      weight: float[G,b], 1 for real examples and 0 for padding, in the order of the batch.
      scale, bias: float[C].
      epsilon: added to the variance.

    Returns:
      float[B,...,C], and means and biased variances float[G,C] of real examples.
    """
    channels, (groups, size) = x.shape[-1], weight.shape
    parts = jnp.moveaxis(jnp.moveaxis(x, -1, 0), 1, -1).reshape(channels, -1, groups, size)
    out, mean, var = cast(WithMoments, _normalized(parts, weight, scale, bias, epsilon))
    out = out.reshape(channels, *x.shape[1:-1], len(x))
    return jnp.moveaxis(jnp.moveaxis(out, -1, 1), 0, -1), mean.T, var.T


def _over_places(function: Callable, *values: jax.Array) -> jax.Array:
    """The sum of function(*values) over axis 1: [C,P,G,b] -> [C,G,b]."""
    places = values[0].shape[1]
    if places == 1:
        return function(*values)[:, 0]
    terms = next((n for n in TERMS if places % n == 0), places)
    size = places // terms
    total = sum(function(*(v[:, i * size:(i + 1) * size] for v in values)) for i in range(terms))
    return _over_places(lambda v: v, jax.lax.optimization_barrier(total))


def _over_batch(values: jax.Array, weight: jax.Array) -> jax.Array:
    """[C,G,b] times weight [G,b], summed: [C,G]."""
    groups, size = weight.shape
    spread = weight[:, :, None] * jnp.eye(groups, dtype=weight.dtype)[:, None]
    return jnp.matmul(values.reshape(len(values), -1), spread.reshape(groups * size, groups),
                      precision=jax.lax.Precision.HIGHEST)


def _wide(values: jax.Array) -> jax.Array:
    """[C,G] -> [C,1,G,1]."""
    return values[:, None, :, None]


@functools.partial(jax.custom_vjp, nondiff_argnums=(4,))
def _normalized(x: jax.Array, weight: jax.Array, scale: jax.Array, bias: jax.Array,
                epsilon: float) -> WithMoments:
    """x: [C,P,G,b] -> the same normalized, and mean and biased variance [C,G]."""
    return _forward(x, weight, scale, bias, epsilon)[0]


def _forward(x: jax.Array, weight: jax.Array, scale: jax.Array, bias: jax.Array,
             epsilon: float) -> tuple[WithMoments, tuple]:
    count = jnp.maximum(weight.sum(1), 1) * x.shape[1]
    mean = _over_batch(_over_places(lambda x: x, x), weight) / count
    var = _over_batch(_over_places(lambda x: jnp.square(x - _wide(mean)), x), weight) / count
    factor = scale[:, None] * jax.lax.rsqrt(var + epsilon)
    out = x * _wide(factor) + _wide(bias[:, None] - mean * factor)
    return (out, mean, var), (x, weight, scale, mean, var, count)


def _backward(epsilon: float, kept: tuple, given: tuple) -> tuple:
    x, weight, scale, mean, var, count = kept
    dy, dmean, dvar = given
    inverse = jax.lax.rsqrt(var + epsilon)
    ones = jnp.ones_like(weight)
    total = _over_batch(_over_places(lambda dy: dy, dy), ones)
    along = inverse * _over_batch(
        _over_places(lambda dy, x: dy * (x - _wide(mean)), dy, x), ones)
    factor = scale[:, None] * inverse
    constant = (dmean - factor * total) / count
    slope = (2 * dvar - factor * along * inverse) / count
    dx = dy * _wide(factor) + weight * (_wide(constant) + _wide(slope) * (x - _wide(mean)))
    return dx, jnp.zeros_like(weight), along.sum(1), total.sum(1)


_normalized.defvjp(_forward, _backward)
