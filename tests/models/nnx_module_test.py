"""An NNX module as a network: merged anew in each call, and never changed."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from foreign import Glance

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import Head
from rum_jax.models.model import Model
from rum_jax.models.nnx_module import adapt, variables_of

IMAGE = ImageSpec((8, 8, 1), 0, 255.0, (0.25,), (0.5,))
X = np.random.default_rng(0).uniform(size=(6, 8, 8, 1)).astype(np.float32)
MASK = jnp.array([True, True, True, True, False, False])


@pytest.fixture(scope="module")
def module():
    return Glance(nnx.Rngs(4))


@pytest.fixture(scope="module")
def model(module):
    network = adapt(module, IMAGE, Glance, "drop")
    return Model(network, dataclasses.replace(IMAGE, classes=10))


def test_outputs_are_the_modules_own(module, model):
    params, state = variables_of(module)
    out, _ = model.apply(params, state, X, MASK, train=False)
    module.eval()
    np.testing.assert_allclose(out.logits, module((X - 0.25) / 0.5), atol=1e-5)
    module.train()
    assert out.features.shape == (6, 12)
    assert model.network.head == Head(("verdict", "kernel"), ("verdict", "bias"))
    assert type(module.iris) is nnx.BatchNorm and model.draws


def test_padding_is_kept_out_and_dropout_follows_the_key(module, model):
    params, state = variables_of(module)
    before = jax.tree.map(np.array, state)

    @jax.jit
    def trained(x, mask, key):
        out, after = model.apply(params, state, x, mask, True, key)
        return out.logits, after

    moved = np.where(np.asarray(MASK)[:, None, None, None], X, 7.0)
    (first, after), (_, padded) = (trained(x, MASK, jax.random.key(0)) for x in (X, moved))
    _, alone = model.apply(params, state, X[:4], jnp.ones(4, bool), True, jax.random.key(0))
    for other in (padded, alone):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), after, other)
    assert np.abs(trained(X, MASK, jax.random.key(1))[0] - first).max() > 1e-3
    jax.tree.map(np.testing.assert_array_equal, variables_of(module)[1], before)


def test_fresh_modules_need_a_way_to_make_them(module, model):
    fresh = [model.init(jax.random.key(k))[0]["film"]["kernel"] for k in (0, 0, 1)]
    np.testing.assert_array_equal(fresh[0], fresh[1])
    assert np.abs(fresh[0] - fresh[2]).max() > 0.01
    with pytest.raises(InputError, match="create: is None, and a fresh module is needed"):
        adapt(module, IMAGE).init(jax.random.key(0), IMAGE)


def test_bad_modules(module):
    with pytest.raises(InputError, match="module: is int; allowed: an instance of flax.nnx.Mod"):
        adapt(3, IMAGE)
    with pytest.raises(InputError, match="features: is 'lost', which is no submodule that"):
        adapt(module, IMAGE, features="lost")
