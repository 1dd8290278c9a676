"""Layers that the models share, with PyTorch's initial values (docs/parity.md#networks).

Parameters keep their own dtype; a layer computes in the dtype of its input, and casts to it.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.convolution import convolve

# (key, shape) -> values.
Init = Callable[[jax.Array, tuple[int, ...]], jax.Array]


def at_least_float32(x: jax.Array) -> jax.Array:
    """x, cast to float32 if its dtype is narrower; float[...] of the same shape."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


class Network(nn.Module):
    """The fields that all networks of this package have.

    Attributes:
      widths: channels of each stage.
      blocks: how often the block of each stage is repeated, as long as widths.
      classes: number of logits.
      mean, std: per-channel statistics of pixels in [0,1]; normalizing is the first operation.
      lowering: how convolutions are computed, a key of CONVOLUTIONS.
      batch_norm_groups: see `BatchNorm.groups`.
    """

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lowering: str
    batch_norm_groups: int = 1


def normalize(pixels: jax.Array, mean: tuple[float, ...], std: tuple[float, ...]) -> jax.Array:
    """(pixels - mean) / std in float32 or better, then cast back; float[B,H,W,C] of any dtype."""
    wide = at_least_float32(pixels)
    normalized = (wide - jnp.asarray(mean, wide.dtype)) / jnp.asarray(std, wide.dtype)
    return normalized.astype(pixels.dtype)


class Conv(nn.Module):
    """A convolution without bias, kernel ~ N(0, 2 / fan_out)."""

    features: int
    kernel_size: int
    stride: int
    lowering: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """float[B,H,W,C] -> float[B,H/stride,W/stride,features], in the dtype of x."""
        init = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", init, shape).astype(x.dtype)
        return convolve(x, kernel, self.stride, self.lowering)


def uniform_of(fan_in: int) -> Init:
    """Uniform(+-1/sqrt(fan_in)), the default of PyTorch's linear layers."""
    bound = fan_in ** -0.5

    def init(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
        return jax.random.uniform(key, shape, jnp.float32, -bound, bound)

    return init


class Linear(nn.Module):
    """A linear layer.

    Attributes:
      features: number of outputs.
      init: of the kernel; None: PyTorch's default for kernel and bias, else the bias is 0.
    """

    features: int
    init: Init | None = None

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """float[B,D] -> float[B,features], in the dtype of x."""
        default = uniform_of(x.shape[-1])
        kernel = self.param("kernel", self.init or default, (x.shape[-1], self.features))
        bias_init = nn.initializers.zeros if self.init else default
        bias = self.param("bias", bias_init, (self.features,))
        return x @ kernel.astype(x.dtype) + bias.astype(x.dtype)
