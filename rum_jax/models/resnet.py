"""CIFAR-form ResNet of any width and depth (He et al., arXiv 1512.03385)."""

import functools
from collections.abc import Callable

import flax.linen as nn
import jax

from rum_jax.models.layers import Conv, Linear, Network, at_least_float32, normalize
from rum_jax.models.norm import BatchNorm

EXPANSION = 4  # outputs of a bottleneck block are so many times its width


class _Block(nn.Module):
    """The fields of both blocks.

    Attributes:
      features: width of the block.
      stride: of the block; the first 3x3 convolution has it.
      lowering: a key of CONVOLUTIONS.
      groups: see `BatchNorm.groups`.
    """

    features: int
    stride: int
    lowering: str
    groups: int = 1


class BasicBlock(_Block):
    """Two 3x3 convolutions and a shortcut, projected when the shape changes."""

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
        """float[B,H,W,C] -> float[B,H/stride,W/stride,features]; mask: bool[B]."""
        conv, norm = _layers(self, mask, train)
        y = nn.relu(norm("bn1", conv("conv1", self.features, 3, self.stride, x)))
        y = norm("bn2", conv("conv2", self.features, 3, 1, y))
        if x.shape != y.shape:
            x = norm("shortcut_bn", conv("shortcut_conv", y.shape[-1], 1, self.stride, x))
        return nn.relu(x + y)


class BottleneckBlock(_Block):
    """1x1, 3x3 (strided) and 1x1 convolutions and a shortcut, projected when the shape changes."""

    @nn.compact
    def __call__(self, x: jax.Array, mask: jax.Array, train: bool) -> jax.Array:
        """float[B,H,W,C] -> float[B,H/stride,W/stride,EXPANSION*features]; mask: bool[B]."""
        conv, norm = _layers(self, mask, train)
        y = nn.relu(norm("bn1", conv("conv1", self.features, 1, 1, x)))
        y = nn.relu(norm("bn2", conv("conv2", self.features, 3, self.stride, y)))
        y = norm("bn3", conv("conv3", EXPANSION * self.features, 1, 1, y))
        if x.shape != y.shape:
            x = norm("shortcut_bn", conv("shortcut_conv", y.shape[-1], 1, self.stride, x))
        return nn.relu(x + y)


def _layers(block: _Block, mask: jax.Array, train: bool) -> tuple[Callable, Callable]:
    """conv(name, features, kernel_size, stride, x) and norm(name, x), as layers of the block."""

    def conv(name: str, features: int, kernel_size: int, stride: int, x: jax.Array) -> jax.Array:
        return Conv(features, kernel_size, stride, block.lowering, name=name)(x)

    def norm(name: str, x: jax.Array) -> jax.Array:
        return BatchNorm(groups=block.groups, lowering=block.lowering, name=name)(x, mask, train)

    return conv, norm


class ResNet(Network):
    """Stem (3x3, stride 1), stages of blocks (strides 1, 2, 2, ...), average pool, linear.

    The stem has widths[0] channels. Bottleneck blocks put out EXPANSION times their width.

    Attributes:
      bottleneck: bottleneck blocks instead of basic ones.
    """

    bottleneck: bool = False

    @nn.compact
    def __call__(self, pixels: jax.Array, mask: jax.Array,
                 train: bool) -> tuple[jax.Array, jax.Array]:
        """Pixels float[B,H,W,C] in [0,1] -> (logits float[B,classes], features float[B,D]).

        Computes in the dtype of the pixels; pooling and the last layer in float32 or better.
        """
        kind = BottleneckBlock if self.bottleneck else BasicBlock
        make = functools.partial(kind, lowering=self.lowering, groups=self.batch_norm_groups)
        x = normalize(pixels, self.mean, self.std)
        x = Conv(self.widths[0], 3, 1, self.lowering, name="stem_conv")(x)
        norm = BatchNorm(groups=self.batch_norm_groups, lowering=self.lowering, name="stem_bn")
        x = nn.relu(norm(x, mask, train))
        for stage, (width, count) in enumerate(zip(self.widths, self.blocks, strict=True)):
            for block in range(count):
                stride = 2 if stage > 0 and block == 0 else 1
                x = make(width, stride, name=f"stage{stage}_block{block}")(x, mask, train)
        features = at_least_float32(x).mean(axis=(1, 2))
        return Linear(self.classes, name="classifier")(features), features
