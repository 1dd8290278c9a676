"""Models as users write them: names of their own, layers of their own, floats of their own."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from flax import nnx


class Camera(nn.Module):
    """A CNN with BatchNorm, dropout and a bias-free convolution; it sows its features."""

    width: int = 4
    ways: int = 10

    @nn.compact
    def __call__(self, frames, is_training=False):
        x = nn.Conv(self.width, (3, 3), use_bias=False, name="lens")(frames)
        x = nn.relu(nn.BatchNorm(use_running_average=not is_training, momentum=0.9, name="iris")(x))
        x = nn.Conv(2 * self.width, (3, 3), strides=2, name="zoom")(x)
        x = nn.relu(x).reshape(len(x), -1)
        x = nn.relu(nn.Dense(12, name="film")(x))
        self.sow("intermediates", "print", x)
        x = nn.Dropout(0.2, deterministic=not is_training)(x)
        return nn.Dense(self.ways, name="verdict")(x)


class Glance(nnx.Module):
    """The same kind of network in NNX."""

    def __init__(self, rngs):
        self.lens = nnx.Conv(1, 4, (3, 3), rngs=rngs)
        self.iris = nnx.BatchNorm(4, rngs=rngs)
        self.film = nnx.Linear(256, 12, rngs=rngs)
        self.drop = nnx.Dropout(0.2, rngs=rngs)
        self.verdict = nnx.Linear(12, 10, rngs=rngs)

    def __call__(self, frames):
        x = nnx.relu(self.iris(self.lens(frames))).reshape(len(frames), -1)
        return self.verdict(self.drop(nnx.relu(self.film(x))))


def plain(params, state, inputs, train, key):
    """Two matrices: (logits, features)."""
    del state, train, key
    hidden = jax.nn.relu(inputs.reshape(len(inputs), -1) @ params["first"])
    return hidden @ params["last"]["w"] + params["last"]["b"], hidden


def plain_init(key):
    """Fresh (params, state) of `plain` for digits."""
    one, two = jax.random.split(key)
    return {"first": 0.2 * jax.random.normal(one, (64, 24)),
            "last": {"w": 0.2 * jax.random.normal(two, (24, 10)), "b": jnp.zeros(10)}}, {}


def moving(params, state, inputs, train, key, mask):
    """A plain function with statistics of its own, dropout, and float inputs of one axis."""
    x, weight = inputs, mask[:, None] / mask.sum()
    mean = (x * weight).sum(0) if train else state["mean"]
    hidden = jax.nn.relu((x - mean) @ params["first"])
    if train:
        hidden = hidden * jax.random.bernoulli(key, 0.9, hidden.shape) / 0.9
        state = {"mean": 0.9 * state["mean"] + 0.1 * mean}
    return hidden @ params["last"]["w"] + params["last"]["b"], None, state


def moving_init(key):
    """Fresh (params, state) of `moving` for digits as vectors."""
    return plain_init(key)[0], {"mean": jnp.zeros(64)}
