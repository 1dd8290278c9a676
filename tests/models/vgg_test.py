import jax
import jax.numpy as jnp
import numpy as np

from rum_jax import models
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.vgg import adaptive_average

CIFAR = ImageSpec((32, 32, 3), 10, 255.0, (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))


def test_vgg16_has_the_parameters_of_its_layers():
    """13 convolutions without bias, as many BatchNorms, linear 2048-256-256-10."""
    model = models.build("vgg", CIFAR, (64, 128, 256, 512, 512), (2, 2, 3, 3, 3), "native")
    params, _ = jax.eval_shape(model.init, jax.random.key(0))
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    convolutions = sum(9 * a * b + 2 * b for a, b in zip(channels, channels[1:], strict=False))
    linear = 2048 * 256 + 256 + 256 * 256 + 256 + 256 * 10 + 10
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == convolutions + linear
    pixels = jax.ShapeDtypeStruct((1, 32, 32, 3), jnp.float32)
    out, _ = jax.eval_shape(lambda p, s, x: model.apply(p, s, x, jnp.ones(1, bool), False),
                            *jax.eval_shape(model.init, jax.random.key(0)), pixels)
    assert out.features.shape == (1, 2048) and out.logits.shape == (1, 10)


def test_adaptive_average_has_pytorchs_windows():
    x = jnp.arange(25.0).reshape(1, 5, 5, 1)
    averages = adaptive_average(x, 2)[0, ..., 0]
    assert averages[0, 0] == x[0, :3, :3, 0].mean() and averages[1, 0] == x[0, 2:, :3, 0].mean()
    np.testing.assert_array_equal(adaptive_average(x[:, :1, :1], 2), jnp.zeros((1, 2, 2, 1)))


def test_features_are_channel_major(dataset):
    model = models.build("vgg", dataset.spec, (4,), (1,), "patches")
    params, state = jax.jit(model.init)(jax.random.key(0))
    pixels = model.to_unit(jnp.asarray(dataset.images[:3]))
    apply = jax.jit(lambda params: model.apply(params, state, pixels, jnp.ones(3, bool), False)[0])
    out = apply(params)
    assert out.features.shape == (3, 16) and out.logits.shape == (3, 10)
    kernel = params["stage0_block0_conv"]["kernel"]
    only = jax.tree.map(jnp.zeros_like, kernel).at[..., 2].set(kernel[..., 2])
    params = {**params, "stage0_block0_conv": {"kernel": only}}
    out = apply(params)
    used = np.flatnonzero(np.abs(out.features).max(0) > 1e-6)
    assert set(used) <= set(range(8, 12)) and len(used) > 0
