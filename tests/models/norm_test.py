import jax
import jax.numpy as jnp
import numpy as np

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
