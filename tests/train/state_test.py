import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import Batch, Context, fresh, make_step, sgd


def test_sgd_is_pytorchs():
    context = Context(jnp.float32(0.9), jnp.float32(0.5), {})
    params = {"w": jnp.float32(2.0)}
    state = sgd(jnp.float32(0.1), context).init(params)
    expected, buffer = 2.0, 0.0
    for gradient in (1.0, -3.0, 0.5):
        updates, state = sgd(jnp.float32(0.1), context).update({"w": jnp.float32(gradient)},
                                                               state, params)
        params = {"w": params["w"] + updates["w"]}
        buffer = 0.9 * buffer + gradient + 0.5 * expected
        expected -= 0.1 * buffer
        np.testing.assert_allclose(params["w"], expected, rtol=1e-5)


def one_step(model, dataset, mask):
    state = fresh(*jax.jit(model.init)(jax.random.key(0)))
    batch = Batch(model.to_unit(jnp.asarray(dataset.images[:8])),
                  jnp.asarray(dataset.labels[:8]), jnp.ones(8, bool))
    context = Context(jnp.float32(0.9), jnp.float32(0.01), {}, mask(state.params))
    step = jax.jit(make_step(model, cross_entropy))
    return state, *step(state, {"examples": batch}, jnp.float32(0.1), context)


def test_a_step_moves_and_a_golden_loss(two_stages, dataset):
    before, after, loss, record = one_step(two_stages, dataset, lambda params: None)
    assert int(after.step) == 1 and record is None
    # If you did not intend to change network, loss or initialization, this is a bug.
    np.testing.assert_allclose(loss, GOLDEN_LOSS, rtol=1e-4)
    moved = jax.tree.map(lambda a, b: bool((a != b).any()), before.params, after.params)
    assert all(jax.tree.leaves(moved))


def test_masked_weights_still_decay(model, dataset):
    before, after, *_ = one_step(model, dataset,
                                lambda params: jax.tree.map(jnp.zeros_like, params))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(b, a * (1 - 0.1 * 0.01), atol=1e-7),
                 before.params, after.params)


GOLDEN_LOSS = 2.362013
