"""A plain function as a network."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from foreign import moving, moving_init, plain, plain_init

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.contract import Head
from rum_jax.models.function import adapt
from rum_jax.models.model import Model

IMAGE = ImageSpec((8, 8, 1), 0, 255.0, (0.25,), (0.5,))
VECTOR = ImageSpec((64,), 0, 0.0, (0.0,), (1.0,))


def single(init):
    return jax.eval_shape(init, jax.random.key(0))


def test_a_function_is_called_as_it_is():
    network = adapt(plain, plain_init, IMAGE, single(plain_init))
    assert network.head == Head(("last", "w"), ("last", "b")) and not network.draws
    model = Model(network, dataclasses.replace(IMAGE, classes=10))
    params, state = model.init(jax.random.key(0))
    x = np.random.default_rng(0).uniform(size=(3, 8, 8, 1)).astype(np.float32)
    out, _ = model.apply(params, state, x, jnp.ones(3, bool), train=True)
    for got, expected in zip(out, plain(params, state, (x - 0.25) / 0.5, True, None), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_function_with_statistics_sees_padding():
    network = adapt(moving, moving_init, VECTOR, single(moving_init), draws=True)
    model = Model(network, dataclasses.replace(VECTOR, classes=10))
    params, state = model.init(jax.random.key(0))
    x, mask = np.ones((4, 64), np.float32), jnp.array([True, True, True, False])
    x[3] = 9.0
    out, after = model.apply(params, state, x, mask, True, jax.random.key(0))
    assert out.features is None
    np.testing.assert_allclose(after["mean"], 0.1, atol=1e-6)
    np.testing.assert_array_equal(model.apply(params, state, x, mask, False)[1]["mean"], 0)


def one_output(params, state, inputs, train, key):
    return plain(params, state, inputs, train, key)[0]


def without_mask(params, state, inputs, train, key):
    return plain(params, state, inputs, train, key)


def other_state(params, state, inputs, train, key, mask):
    return *plain(params, state, inputs, train, key), {"new": mask}


def needs_a_key(params, state, inputs, train, key):
    kept = jax.random.bernoulli(key, 0.5, (64,)) if train else 1.0
    return plain(params, state, inputs * jnp.reshape(kept, (8, 8, 1)) if train else inputs, train,
                 key)


def seven(params, state, inputs, train, key):
    return inputs[:, :, 0, 0], None


@pytest.mark.parametrize(("function", "init", "message"), [
    (one_output, plain_init, r"apply_fn: returns one output; allowed: \(logits, features\)"),
    (without_mask, moving_init, "apply_fn: has a state and no parameter `mask`"),
    (other_state, moving_init, "apply_fn: returns a state of another structure"),
    (lambda p, x: x, plain_init, r"apply_fn: takes \(p, x\); allowed: \(params, state, inputs, tr"),
    (needs_a_key, plain_init, "draws: is False, and apply_fn needs a key in train mode; allowed"),
    (lambda p, s, x, train, key: (x, None), plain_init, r"apply_fn: returns logits \(2, 8, 8, 1\)"),
])
def test_bad_functions(function, init, message):
    with pytest.raises(InputError, match=message):
        adapt(function, init, IMAGE, single(init))


def test_a_head_that_cannot_grow_is_none():
    network = adapt(seven, plain_init, IMAGE, single(plain_init))
    assert network.classes == 8 and network.head is None
