"""Vision transformers of any size (Dosovitskiy et al., arXiv 2010.11929), as timm has them.

Pre-norm blocks, a class token, learned positions, GELU by the error function, LayerNorm with an
epsilon of 1e-6; the features are those of the class token after the last normalization. Initial
weights are normal with a deviation of 0.02, biases 0, as timm's.
"""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from rum_jax.core import checks
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.layers import at_least_float32, normalize

EPSILON = 1e-6
DEVIATION, TOKEN_DEVIATION = 0.02, 1e-6
WEIGHTS = nn.initializers.normal(DEVIATION)
# Options that vit_tiny and vit_small have in common, with their published values.
PUBLISHED = {"patch_size": 16, "depth": 12, "mlp_ratio": 4.0, "resolution": 224, "dropout": 0.0,
             "drop_path": 0.0}
CHECKS = {
    "patch_size": checks.integer(1), "depth": checks.integer(1), "width": checks.integer(1),
    "heads": checks.integer(1), "mlp_ratio": checks.number(0, open_low=True),
    "resolution": checks.integer(0), "dropout": checks.number(0, 1, open_high=True),
    "drop_path": checks.number(0, 1, open_high=True)}


def joint_faults(options: Mapping[str, Any], image: ImageSpec) -> list[str]:
    """What is wrong with options that are fine one by one, for images of that kind."""
    faults, size = [], options["resolution"] or min(image.shape[:2])
    if options["width"] % options["heads"]:
        faults.append(f"width: is {options['width']}; allowed: a multiple of heads, "
                      f"{options['heads']}")
    if options["patch_size"] > size:
        faults.append(f"patch_size: is {options['patch_size']}; allowed: at most the {size} pixels "
                      "of an image; resolution resizes images")
    return faults


class Dense(nn.Module):
    """A linear layer in the dtype of its input; float[...,D] -> float[...,features]."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """float[...,D] -> float[...,features]."""
        kernel = self.param("kernel", WEIGHTS, (x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros, (self.features,))
        return x @ kernel.astype(x.dtype) + bias.astype(x.dtype)


class Norm(nn.Module):
    """LayerNorm over the last axis, in float32 or better."""

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """float[...,D] -> float[...,D] of the same dtype."""
        scale = self.param("scale", nn.initializers.ones, x.shape[-1:])
        bias = self.param("bias", nn.initializers.zeros, x.shape[-1:])
        wide = at_least_float32(x)
        centered = wide - wide.mean(-1, keepdims=True)
        variance = jnp.square(centered).mean(-1, keepdims=True)
        return (centered * jax.lax.rsqrt(variance + EPSILON) * scale + bias).astype(x.dtype)


class Block(nn.Module):
    """Attention and two linear layers, each after a normalization and around a shortcut.

    Attributes:
      heads: of the attention.
      hidden: width between the two linear layers.
      dropout: share of activations that are dropped in train mode.
      drop_path: probability with which an example skips a branch in train mode.
    """

    heads: int
    hidden: int
    dropout: float
    drop_path: float

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """float[B,T,D] -> float[B,T,D]."""
        drop = nn.Dropout(self.dropout, deterministic=not train)
        y = Norm(name="norm1")(x)
        y = drop(Dense(x.shape[-1], name="projection")(self._attended(y)))
        x = x + self._skipped(y, train)
        y = nn.gelu(Dense(self.hidden, name="hidden")(Norm(name="norm2")(x)), approximate=False)
        y = drop(Dense(x.shape[-1], name="output")(drop(y)))
        return x + self._skipped(y, train)

    def _attended(self, x: jax.Array) -> jax.Array:
        batch, tokens, width = x.shape
        size = width // self.heads
        parts = Dense(3 * width, name="qkv")(x).reshape(batch, tokens, 3, self.heads, size)
        queries, keys, values = (parts[:, :, k] for k in range(3))
        scores = jnp.einsum("bqhd,bkhd->bhqk", queries * size ** -0.5, keys)
        weights = jax.nn.softmax(at_least_float32(scores), axis=-1).astype(x.dtype)
        return jnp.einsum("bhqk,bkhd->bqhd", weights, values).reshape(batch, tokens, width)

    def _skipped(self, branch: jax.Array, train: bool) -> jax.Array:
        """The branch, 0 for examples that skip it and larger by as much for the others."""
        if not train or not self.drop_path:
            return branch
        keep = 1 - self.drop_path
        kept = jax.random.bernoulli(self.make_rng("dropout"), keep, (len(branch), 1, 1))
        return jnp.where(kept, branch / keep, 0)


class ViT(nn.Module):
    """See the module's docstring.

    Attributes:
      patch_size: pixels on each side of a patch.
      depth: number of blocks.
      width: of tokens; a multiple of heads.
      heads: of each block's attention.
      classes: number of logits.
      mean, std: per-channel statistics of pixels in [0,1]; normalizing is the first operation.
      resolution: pixels on each side to which images are resized, bilinearly; 0: as they are.
      dropout: share of activations that are dropped in train mode.
      drop_path: stochastic depth of the last block; it rises linearly from 0 in the first.
      mlp_ratio: hidden width of a block relative to its width.
      lowering: has no effect, as there are no convolutions but that of patches.
    """

    patch_size: int
    depth: int
    width: int
    heads: int
    classes: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    resolution: int = 0
    dropout: float = 0.0
    drop_path: float = 0.0
    mlp_ratio: float = 4.0
    lowering: str = "native"

    @property
    def draws(self) -> bool:
        """Whether train mode draws at random."""
        return bool(self.dropout or self.drop_path)

    @nn.compact
    def __call__(self, pixels: jax.Array, mask: jax.Array,
                 train: bool) -> tuple[jax.Array, jax.Array]:
        """Pixels float[B,H,W,C] in [0,1] -> (logits float[B,classes], features float[B,width]).

        Computes in the dtype of the pixels; the last layer in float32 or better.
        """
        del mask  # no example depends on another one
        patches = self._patches(normalize(self._resized(pixels), self.mean, self.std))
        x = Dense(self.width, name="patch_embedding")(patches)
        token = self.param("class_token", nn.initializers.normal(TOKEN_DEVIATION),
                           (1, 1, self.width))
        tokens = jnp.broadcast_to(token, (len(x), 1, self.width)).astype(x.dtype)
        x = jnp.concatenate([tokens, x], 1)
        x = x + self.param("positions", WEIGHTS, (1, *x.shape[1:])).astype(x.dtype)
        x = nn.Dropout(self.dropout, deterministic=not train)(x)
        rates = [self.drop_path * k / max(self.depth - 1, 1) for k in range(self.depth)]
        for number, rate in enumerate(rates):
            x = Block(self.heads, int(self.mlp_ratio * self.width), self.dropout, rate,
                      name=f"block{number}")(x, train)
        features = at_least_float32(Norm(name="norm")(x)[:, 0])
        return Dense(self.classes, name="classifier")(features), features

    def _resized(self, pixels: jax.Array) -> jax.Array:
        size = self.resolution
        if not size or pixels.shape[1:3] == (size, size):
            return pixels
        shape = (len(pixels), size, size, pixels.shape[-1])
        return jax.image.resize(pixels, shape, "bilinear", antialias=False)

    def _patches(self, x: jax.Array) -> jax.Array:
        """float[B,H,W,C] -> float[B,T,p*p*C], patch after patch in rows."""
        batch, height, width, channels = x.shape
        size = self.patch_size
        rows, columns = height // size, width // size
        x = x[:, :rows * size, :columns * size]
        x = x.reshape(batch, rows, size, columns, size, channels).swapaxes(2, 3)
        return x.reshape(batch, rows * columns, size * size * channels)
