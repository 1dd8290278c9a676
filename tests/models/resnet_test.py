import functools

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax import models
from rum_jax.data.arrays import ImageSpec

CIFAR = ImageSpec((32, 32, 3), 10, 255.0, (0.4914, 0.4822, 0.4465), (0.247, 0.2435, 0.2616))


def count(tree):
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def test_resnet18_has_as_many_parameters_as_the_reference():
    model = models.build("resnet", CIFAR, (64, 128, 256, 512), (2, 2, 2, 2), "native")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    assert count(params) == 11_173_962


def test_bottleneck_blocks_stride_on_the_3x3_and_start_undamped():
    model = models.build("resnet_bottleneck", CIFAR, (4, 8), (1, 2), "native")
    params, _ = jax.jit(model.init)(jax.random.key(0))
    block = params["stage1_block0"]
    shapes = {name: layer["kernel"].shape for name, layer in block.items() if "kernel" in layer}
    assert shapes == {"conv1": (1, 1, 16, 8), "conv2": (3, 3, 8, 8), "conv3": (1, 1, 8, 32),
                      "shortcut_conv": (1, 1, 16, 32)}
    assert (block["bn3"]["scale"] == 1).all()  # no zero-init
    assert "shortcut_conv" in params["stage0_block0"]  # 4 -> 16 channels
    assert "shortcut_conv" not in params["stage1_block1"]


def test_shapes_initial_values_and_one_golden_output(two_stages, dataset):
    model = two_stages
    params, state = jax.jit(model.init)(jax.random.key(0))
    pixels = model.to_unit(jnp.asarray(dataset.images[:5]))
    out, after = jax.jit(functools.partial(model.apply, train=True))(params, state, pixels,
                                                                     jnp.ones(5, bool))
    assert out.logits.shape == (5, 10) and out.features.shape == (5, 8)
    assert jax.tree.structure(after) == jax.tree.structure(state)
    kernel = params["stage1_block0"]["conv1"]["kernel"]
    np.testing.assert_allclose(np.std(kernel), np.sqrt(2 / (9 * 8)), rtol=0.15)
    bound = np.abs(params["classifier"]["kernel"]).max()
    assert 0.8 / np.sqrt(8) < bound <= 1 / np.sqrt(8)
    # If you did not intend to change the network or its initialization, this is a bug.
    np.testing.assert_allclose(out.logits[0, :3], GOLDEN_LOGITS, atol=1e-4)


def test_evaluation_leaves_the_state_alone(model, dataset):
    params, state = jax.jit(model.init)(jax.random.key(0))
    pixels = model.to_unit(jnp.asarray(dataset.images[:5]))
    afters = []  # nothing has to be computed to see it
    jax.eval_shape(lambda: afters.append(
        model.apply(params, state, pixels, jnp.ones(5, bool), train=False)[1]))
    assert afters[0] is state


def test_lowerings_are_the_same_network(dataset):
    outputs = []
    for lowering in ("native", "patches"):
        model = models.build("resnet", dataset.spec, (4, 8), (1, 1), lowering)
        params, state = jax.jit(model.init)(jax.random.key(1))
        pixels = model.to_unit(jnp.asarray(dataset.images[:5]))
        out, _ = jax.jit(functools.partial(model.apply, train=True))(params, state, pixels,
                                                                     jnp.ones(5, bool))
        outputs.append(out.logits)
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-4)


GOLDEN_LOGITS = [-0.322904, -0.376185, 0.572339]
