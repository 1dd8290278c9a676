"""Batch normalization over the real examples of a padded batch."""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.blocked_norm import normalized
from rum_jax.models.convolution import BLOCKED
from rum_jax.models.layers import at_least_float32


class BatchNorm(nn.Module):
    """BatchNorm2d with PyTorch's statistics (docs/parity.md#networks).

    Normalizes with the biased batch variance, updates the running variance with the unbiased
    one (n-1); n counts pixels of unmasked examples only, so a short last batch that was padded
    to full size has the same statistics as the short batch itself.

    Statistics and the affine map are computed in float32 or better, whatever the dtype of the
    input.

    Attributes:
      epsilon: added to the variance.
      update_fraction: weight of the new batch in the running statistics.
      groups: in train mode, the batch is cut into so many consecutive parts of one size, each
        normalized by itself, as if each were on a device of its own. The running statistics take
        the mean of the parts' means and of their unbiased variances; parts that are all padding
        do not count.
      lowering: how it is computed in train mode: the convolution's `blocked` has its own way.
    """

    epsilon: float = 1e-5
    update_fraction: float = 0.1
    groups: int = 1
    lowering: str = "native"

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
        """Normalizes x: float[B,...,C]; mask: bool[B], False for padding; same shape and dtype out.

        Raises:
          ValueError: in train mode, B is not a multiple of `groups`.
        """
        channels = x.shape[-1]
        scale = self.param("scale", nn.initializers.ones, (channels,))
        bias = self.param("bias", nn.initializers.zeros, (channels,))
        running_mean = self.variable("batch_stats", "mean", jnp.zeros, (channels,))
        running_var = self.variable("batch_stats", "var", jnp.ones, (channels,))
        groups = 1 if self.is_initializing() or not train else self.groups
        if train and self.lowering == BLOCKED and not self.is_initializing():
            weight = _cut(mask, groups).reshape(groups, -1).astype(at_least_float32(x).dtype)
            out, mean, var = normalized(at_least_float32(x), weight, scale, bias, self.epsilon)
            count = jnp.maximum(weight.sum(1), 1) * (x.size // (len(x) * channels))
            of_batch = _of_groups(mean, var, count, weight.any(axis=1))
            self._update(running_mean, of_batch.mean)
            self._update(running_var, of_batch.var)
            return out.astype(x.dtype)
        parts = _cut(at_least_float32(x), groups)
        mean, var = running_mean.value, running_var.value
        if train:
            mean, var, of_batch = _statistics(parts, _cut(mask, groups), groups)
            if not self.is_initializing():
                self._update(running_mean, of_batch.mean)
                self._update(running_var, of_batch.var)
        factor = scale * jax.lax.rsqrt(var + self.epsilon)
        out = parts * _along(factor, parts) + _along(bias - mean * factor, parts)
        return out.reshape(x.shape).astype(x.dtype)

    def _update(self, running: nn.Variable, new: jax.Array) -> None:
        old = running.value
        running.value = old + (self.update_fraction * (new - old)).astype(old.dtype)


class _OfBatch(NamedTuple):
    """What running statistics take from a batch: mean and unbiased variance, float[C]."""

    mean: jax.Array
    var: jax.Array


def _cut(x: jax.Array, groups: int) -> jax.Array:
    """[B,...] -> [groups,B/groups,...]; one group: as it is."""
    if groups == 1:
        return x
    if len(x) % groups:
        raise ValueError(f"a batch of {len(x)} cannot be cut into {groups} equal groups; "
                         f"allowed: a multiple of {groups}")
    return x.reshape(groups, len(x) // groups, *x.shape[1:])


def _along(values: jax.Array, parts: jax.Array) -> jax.Array:
    """Values of each group, float[G,C], in a form that broadcasts over parts; float[C] as is."""
    if values.ndim == 1:
        return values
    return values.reshape(len(values), *([1] * (parts.ndim - 2)), values.shape[-1])


def _statistics(parts: jax.Array, mask: jax.Array,
                groups: int) -> tuple[jax.Array, jax.Array, _OfBatch]:
    """Means and biased variances to normalize with, float[C] or float[G,C], and the batch's."""
    if groups == 1:
        mean, var, count = _masked_moments(parts, mask)
        return mean, var, _OfBatch(mean, var * count / jnp.maximum(count - 1, 1))
    mean, var, count = jax.vmap(_masked_moments)(parts, mask)
    return mean, var, _of_groups(mean, var, count, mask.any(axis=1))


def _of_groups(mean: jax.Array, var: jax.Array, count: jax.Array, used: jax.Array) -> _OfBatch:
    """From moments float[G,C] of groups with so many values, float[G], those that are used."""
    count = count[:, None]
    unbiased = var * count / jnp.maximum(count - 1, 1)
    used = used.astype(mean.dtype)
    weight = (used / jnp.maximum(used.sum(), 1))[:, None]
    return _OfBatch((mean * weight).sum(0), (unbiased * weight).sum(0))


def _masked_moments(x: jax.Array, mask: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Mean and biased variance, float[C], over unmasked examples, and their count of values."""
    weight = mask.astype(x.dtype).reshape(-1, *([1] * (x.ndim - 1)))
    axes = tuple(range(x.ndim - 1))
    positions = x.size // (x.shape[0] * x.shape[-1])
    count = jnp.maximum(weight.sum(), 1) * positions
    mean = (x * weight).sum(axes) / count
    var = (jnp.square(x - mean) * weight).sum(axes) / count
    return mean, var, count
