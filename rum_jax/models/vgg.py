"""VGG with BatchNorm of any width and depth (Simonyan & Zisserman, 1409.1556)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.layers import Conv, Linear, Network, at_least_float32, normalize
from rum_jax.models.norm import BatchNorm

POOLED = 2  # the features are averaged to POOLED x POOLED places
HIDDEN = 256


def adaptive_average(x: jax.Array, places: int) -> jax.Array:
    """float[B,H,W,C] -> float[B,places,places,C], means over PyTorch's adaptive windows."""
    for axis in (1, 2):
        size = x.shape[axis]
        windows = [(i * size // places, -(-(i + 1) * size // places)) for i in range(places)]
        x = jnp.stack([jax.lax.slice_in_dim(x, *window, axis=axis).mean(axis)
                       for window in windows], axis)
    return x


class VGG(Network):
    """Stages of 3x3 convolutions, a 2x2 max-pool after each but the last, three linear layers.

    `widths` are the channels of each stage, `blocks` its convolutions.
    """

    @nn.compact
    def __call__(self, pixels: jax.Array, mask: jax.Array,
                 train: bool) -> tuple[jax.Array, jax.Array]:
        """Pixels float[B,H,W,C] in [0,1] -> (logits float[B,classes], features float[B,D]).

        Computes in the dtype of the pixels; pooling and the last layer in float32 or better.
        """
        x = normalize(pixels, self.mean, self.std)
        for stage, (width, count) in enumerate(zip(self.widths, self.blocks, strict=True)):
            if stage > 0:
                x = nn.max_pool(x, (2, 2), (2, 2))
            for block in range(count):
                name = f"stage{stage}_block{block}"
                x = Conv(width, 3, 1, self.lowering, name=f"{name}_conv")(x)
                norm = BatchNorm(groups=self.batch_norm_groups, lowering=self.lowering,
                                 name=f"{name}_bn")
                x = nn.relu(norm(x, mask, train))
        pooled = adaptive_average(at_least_float32(x), POOLED)
        features = pooled.transpose(0, 3, 1, 2).reshape(len(x), -1)  # channel-major, as PyTorch's
        init = nn.initializers.normal(0.01)
        x = nn.relu(Linear(HIDDEN, init, name="hidden0")(features.astype(x.dtype)))
        x = nn.relu(Linear(HIDDEN, init, name="hidden1")(x))
        return Linear(self.classes, init, name="classifier")(at_least_float32(x)), features
