import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from rum_jax import models
from rum_jax.models.norm import BatchNorm


def run(x, mask, train):
    layer = BatchNorm()
    variables = layer.init(jax.random.key(0), x, mask, train=True)
    if not train:
        return layer.apply(variables, x, mask, train=False), variables
    return layer.apply(variables, x, mask, train=True, mutable=["batch_stats"])


def test_training_statistics_are_those_of_pytorch():
    x = np.random.default_rng(0).normal(2, 3, size=(4, 5, 5, 2)).astype(np.float32)
    out, updated = run(x, jnp.ones(4, bool), train=True)
    flat = x.reshape(-1, 2)
    np.testing.assert_allclose(out, (x - flat.mean(0)) / np.sqrt(flat.var(0) + 1e-5), atol=1e-4)
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 0.1 * flat.mean(0), rtol=1e-4)
    np.testing.assert_allclose(updated["batch_stats"]["var"], 0.9 + 0.1 * flat.var(0, ddof=1),
                               rtol=1e-4)


def test_padding_changes_nothing():
    x = np.random.default_rng(1).normal(size=(3, 2, 2, 2)).astype(np.float32)
    padded = np.concatenate([x, 100 * np.ones((2, 2, 2, 2), np.float32)])
    short, short_state = run(x, jnp.ones(3, bool), train=True)
    full, full_state = run(padded, jnp.arange(5) < 3, train=True)
    np.testing.assert_allclose(full[:3], short, atol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5), full_state, short_state)


def test_evaluation_uses_running_statistics():
    x = np.full((1, 1, 1, 2), 3.0, np.float32)
    out, _ = run(x, jnp.ones(1, bool), train=False)
    np.testing.assert_allclose(out, x / np.sqrt(1 + 1e-5), rtol=1e-6)


def run_groups(x, mask, groups, train=True):
    layer = BatchNorm(groups=groups)
    variables = BatchNorm().init(jax.random.key(0), x, mask, train=True)
    return layer.apply(variables, x, mask, train=train, mutable=["batch_stats"])


@pytest.fixture
def x():
    return np.random.default_rng(2).normal(1, 2, size=(12, 3, 3, 2)).astype(np.float32)


def test_groups_are_normalized_one_by_one(x):
    out, updated = run_groups(x, jnp.ones(12, bool), 3)
    parts = [run(part, jnp.ones(4, bool), train=True) for part in np.split(x, 3)]
    np.testing.assert_allclose(out, np.concatenate([part for part, _ in parts]), atol=1e-5)
    for name in ("mean", "var"):
        expected = np.mean([state["batch_stats"][name] for _, state in parts], axis=0)
        np.testing.assert_allclose(updated["batch_stats"][name], expected, rtol=1e-5)
    assert np.abs(out - run(x, jnp.ones(12, bool), train=True)[0]).max() > 0.01


def test_groups_of_padding_do_not_count(x):
    """Ten real examples: the third group has two, the last none."""
    padded = np.concatenate([x[:10], 100 * np.ones((6, 3, 3, 2), np.float32)])
    out, updated = run_groups(padded, jnp.arange(16) < 10, 4)
    parts = [run(part, jnp.ones(len(part), bool), train=True)
             for part in (x[:4], x[4:8], x[8:10])]
    np.testing.assert_allclose(out[:10], np.concatenate([part for part, _ in parts]), atol=1e-4)
    assert np.isfinite(out).all()
    for name in ("mean", "var"):
        expected = np.mean([state["batch_stats"][name] for _, state in parts], axis=0)
        np.testing.assert_allclose(updated["batch_stats"][name], expected, rtol=1e-5)


def test_groups_must_divide_the_batch_in_train_mode_only(x):
    mask = jnp.ones(12, bool)
    with pytest.raises(ValueError, match="a batch of 12 cannot be cut into 5 equal groups"):
        run_groups(x, mask, 5)
    out, _ = run_groups(x, mask, 5, train=False)
    np.testing.assert_array_equal(out, run(x, mask, train=False)[0])


def test_groups_do_not_depend_on_devices(x):
    padded = np.concatenate([x, x[:4]])
    mask = jnp.arange(16) < 13
    expected = jax.jit(run_groups, static_argnums=2)(padded, mask, 4)
    mesh = jax.make_mesh((8,), ("batch",), axis_types=(AxisType.Auto,))
    sharded = jax.device_put(padded, NamedSharding(mesh, P("batch")))
    results = jax.jit(run_groups, static_argnums=2)(sharded, mask, 4)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), results, expected)


@pytest.mark.parametrize("name", [
    "resnet", *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "vgg", "resnet_bottleneck"))])
def test_networks_take_groups(name, dataset):
    """In a network, too, a group sees only itself."""
    pair, alone = (models.build(name, dataset.spec, (4, 4), (1, 1), "native",
                                batch_norm_groups=groups) for groups in (2, 1))
    params, state = jax.jit(alone.init)(jax.random.key(0))
    pixels = alone.to_unit(jnp.asarray(dataset.images[:8]))

    @functools.partial(jax.jit, static_argnums=0)
    def outputs(model, pixels):
        return model.apply(params, state, pixels, jnp.ones(len(pixels), bool), train=True)[0]

    whole = outputs(pair, pixels)
    np.testing.assert_allclose(whole.logits[4:], outputs(alone, pixels[4:]).logits, atol=1e-4)
    assert np.abs(whole.features - outputs(alone, pixels).features).max() > 0.01


@pytest.mark.parametrize("groups, real", [(1, 12), (1, 7), (3, 12), (3, 7)])
@pytest.mark.parametrize("size", [1, 3, 4])
def test_the_way_of_blocked_convolutions_is_the_same(groups, real, size):
    """Outputs, running statistics, and gradients through both."""
    rng = np.random.default_rng(3)
    x = jnp.asarray(rng.normal(1, 2, size=(12, size, size, 5)))
    mask, weight = jnp.arange(12) < real, jnp.asarray(rng.normal(size=x.shape))
    variables = BatchNorm().init(jax.random.key(0), x, mask, train=True)
    params = jax.tree.map(lambda leaf: leaf + 0.3, variables["params"])

    def loss(layer, params, x):
        out, updated = layer.apply({**variables, "params": params}, x, mask, train=True,
                                   mutable=["batch_stats"])
        of_statistics = sum(jnp.sum(leaf ** 2) for leaf in jax.tree.leaves(updated))
        return jnp.sum(out * weight * mask[:, None, None, None]) + of_statistics, (out, updated)

    results = []
    for lowering in ("native", "blocked"):
        run = jax.jit(jax.value_and_grad(functools.partial(
            loss, BatchNorm(groups=groups, lowering=lowering)), (0, 1), has_aux=True))
        (value, (out, updated)), grads = run(params, x)
        results.append((value, out[:real], updated, grads[0], grads[1][:real]))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-4), *results)
