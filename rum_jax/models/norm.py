"""Batch normalisation over the real examples of a padded batch."""

import flax.linen as nn
import jax
import jax.numpy as jnp


class BatchNorm(nn.Module):
    """BatchNorm2d with PyTorch's statistics (spec section 2).

    Normalises with the biased batch variance, updates the running variance with the unbiased
    one (n-1); n counts pixels of unmasked examples only, so a short last batch that was padded
    to full size has the same statistics as the short batch itself.

    Attributes:
      epsilon: added to the variance.
      update_fraction: weight of the new batch in the running statistics.
    """

    epsilon: float = 1e-5
    update_fraction: float = 0.1

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
        """Normalises x: float[B,...,C]; mask: bool[B], False for padding; same shape out."""
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, (channels,))
        running_var = self.variable("batch_stats", "var", jnp.ones, (channels,))
        if not train:
            factor = scale * jax.lax.rsqrt(running_var.value + self.epsilon)
            return x * factor + (bias - running_mean.value * factor)
        mean, var, count = _masked_moments(x, mask)
        if not self.is_initializing():
            unbiased = var * count / jnp.maximum(count - 1, 1)
            running_mean.value += self.update_fraction * (mean - running_mean.value)
            running_var.value += self.update_fraction * (unbiased - running_var.value)
        factor = scale * jax.lax.rsqrt(var + self.epsilon)
        return x * factor + (bias - mean * factor)


def _masked_moments(x: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean and biased variance, float[C], over unmasked examples, and their count of values."""
    weight = mask.astype(x.dtype).reshape(-1, *([1] * (x.ndim - 1)))
    axes = tuple(range(x.ndim - 1))
    positions = x.size // (x.shape[0] * x.shape[-1])
    count = jnp.maximum(weight.sum(), 1) * positions
    mean = (x * weight).sum(axes) / count
    var = (jnp.square(x - mean) * weight).sum(axes) / count
    return mean, var, count
