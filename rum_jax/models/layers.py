"""Layers that the models share, with PyTorch's initial values (spec section 2)."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.convolution import convolve

# (key, shape) -> values.
Init = Callable[[jax.Array, tuple[int, ...]], jax.Array]


class Conv(nn.Module):
    """A convolution without bias, kernel ~ N(0, 2 / fan_out)."""

    features: int
    kernel_size: int
    stride: int
    lowering: str

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """float[B,H,W,C] -> float[B,H/stride,W/stride,features]."""
        init = nn.initializers.variance_scaling(2.0, "fan_out", "normal")
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        return convolve(x, self.param("kernel", init, shape), self.stride, self.lowering)


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
        """float[B,D] -> float[B,features]."""
        default = uniform_of(x.shape[-1])
        kernel = self.param("kernel", self.init or default, (x.shape[-1], self.features))
        bias_init = nn.initializers.zeros if self.init else default
        return x @ kernel + self.param("bias", bias_init, (self.features,))
