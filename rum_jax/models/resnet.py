"""CIFAR-form ResNet of any width and depth (spec section 2; He et al., arXiv 1512.03385)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.models.layers import Conv, Linear
from rum_jax.models.norm import BatchNorm


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut, projected when the shape changes."""

    features: int
    stride: int
    lowering: str

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
        """float[B,H,W,C] -> float[B,H/stride,W/stride,features]; mask: bool[B]."""
        y = Conv(self.features, 3, self.stride, self.lowering, name="conv1")(x)
        y = nn.relu(BatchNorm(name="bn1")(y, mask, train))
        y = Conv(self.features, 3, 1, self.lowering, name="conv2")(y)
        y = BatchNorm(name="bn2")(y, mask, train)
        if x.shape != y.shape:
            x = Conv(self.features, 1, self.stride, self.lowering, name="shortcut_conv")(x)
            x = BatchNorm(name="shortcut_bn")(x, mask, train)
        return nn.relu(x + y)


class ResNet(nn.Module):
    """Stem (3x3, stride 1), stages of basic blocks (strides 1, 2, 2, ...), average pool, linear.

    Attributes:
      widths: channels of each stage; the stem has widths[0].
      blocks: blocks of each stage, as long as widths.
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
        x = Conv(self.widths[0], 3, 1, self.lowering, name="stem_conv")(x)
        x = nn.relu(BatchNorm(name="stem_bn")(x, mask, train))
        for stage, (width, count) in enumerate(zip(self.widths, self.blocks, strict=True)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                name = f"stage{stage}_block{block}"
                x = BasicBlock(width, stride, self.lowering, name=name)(x, mask, train)
        features = x.mean(axis=(1, 2))
        return Linear(self.classes, name="classifier")(features), features
