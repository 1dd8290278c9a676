"""Convolutions as interchangeable lowerings behind one function.

XLA's CPU convolution is slower on small images than gathering patches and multiplying matrices,
and that is slower than doing so with pieces of the batch that stay in the cache; on accelerators
the native convolution is the fast one. `benchmarks/many_models.py` measures them.
"""

import jax
import jax.numpy as jnp
from jax import lax

from rum_jax.models.blocked import convolve_blocked


def _pad_width(kernel_size: int) -> int:
    return (kernel_size - 1) // 2


def convolve_native(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """XLA's convolution. Same contract as `convolve`."""
    pad = _pad_width(kernel.shape[0])
    return lax.conv_general_dilated(
        x, kernel, (stride, stride), ((pad, pad), (pad, pad)),
        dimension_numbers=("NHWC", "HWIO", "NHWC"))


def extract_patches(x: jax.Array, kernel_size: int, stride: int) -> jax.Array:
    """Zero-padded patches: [B,H,W,C] -> [B,H/stride,W/stride,kernel_size^2 * C] (im2col)."""
    batch, height, width, channels = x.shape
    pad = _pad_width(kernel_size)
    x = jnp.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    last_row = (-(-height // stride) - 1) * stride + 1
    last_col = (-(-width // stride) - 1) * stride + 1
    shifts = [
        lax.slice(x, (0, i, j, 0), (batch, i + last_row, j + last_col, channels),
                  (1, stride, stride, 1))
        for i in range(kernel_size) for j in range(kernel_size)]
    return shifts[0] if len(shifts) == 1 else jnp.concatenate(shifts, axis=-1)


def convolve_patches(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """Patches times a matrix. Same contract as `convolve`."""
    patches = extract_patches(x, kernel.shape[0], stride)
    out = patches.reshape(-1, patches.shape[-1]) @ kernel.reshape(-1, kernel.shape[-1])
    return out.reshape(*patches.shape[:-1], kernel.shape[-1])


BLOCKED = "blocked"
CONVOLUTIONS = {"native": convolve_native, "patches": convolve_patches,
                BLOCKED: convolve_blocked}


def convolve(x: jax.Array, kernel: jax.Array, stride: int, lowering: str) -> jax.Array:
    """Convolution without bias, padding (k-1)/2, as PyTorch's Conv2d(k, stride, padding=(k-1)/2).

    Args:
      x: float[B,H,W,C].
      kernel: float[k,k,C,O] with odd k.
      stride: step in both directions.
      lowering: a key of CONVOLUTIONS; the values agree to float rounding.

    Returns:
      float[B,ceil(H/stride),ceil(W/stride),O].
    """
    return CONVOLUTIONS[lowering](x, kernel, stride)
