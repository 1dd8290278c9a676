"""VGG with BatchNorm of any width and depth (spec section 2; Simonyan & Zisserman, 1409.1556)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.layers import Conv, Linear
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


class VGG(nn.Module):
    """Stages of 3x3 convolutions, a 2x2 max-pool after each but the last, three linear layers.

    VGG-16 is widths (64, 128, 256, 512, 512), blocks (2, 2, 3, 3, 3); VGG-11 has blocks
    (1, 1, 2, 2, 2).

    Attributes:
      widths: channels of each stage.
      blocks: convolutions of each stage, as long as widths.
      classes: number of logits.
      mean, std: per-channel statistics of pixels in [0,1]; normalising is the first operation.
      lowering: how convolutions are computed, a key of CONVOLUTIONS.
    """

    widths: tuple[int, ...]
    blocks: tuple[int, ...]
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    lowering: str

    @nn.compact
    def __call__(self, pixels: jax.Array, mask: jax.Array,
                 train: bool) -> tuple[jax.Array, jax.Array]:
        """Pixels float[B,H,W,C] in [0,1] -> (logits float[B,classes], features float[B,D])."""
        x = (pixels - jnp.asarray(self.mean, pixels.dtype)) / jnp.asarray(self.std, pixels.dtype)
        for stage, (width, count) in enumerate(zip(self.widths, self.blocks, strict=True)):
            if stage > 0:
                x = nn.max_pool(x, (2, 2), (2, 2))
            for block in range(count):
                name = f"stage{stage}_block{block}"
                x = Conv(width, 3, 1, self.lowering, name=f"{name}_conv")(x)
                x = nn.relu(BatchNorm(name=f"{name}_bn")(x, mask, train))
        x = adaptive_average(x, POOLED)
        features = x.transpose(0, 3, 1, 2).reshape(len(x), -1)  # channel-major, as PyTorch's
        init = nn.initializers.normal(0.01)
        x = nn.relu(Linear(HIDDEN, init, name="hidden0")(features))
        x = nn.relu(Linear(HIDDEN, init, name="hidden1")(x))
        return Linear(self.classes, init, name="classifier")(x), features
