import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core.randomness import ROLES
from rum_jax.train.predict import predict
from rum_jax.train.recipe import initial_states


def test_every_example_of_every_model_in_evaluation_mode(task, dataset):
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in range(3)])
    logits = predict(task, states)
    assert logits.shape == (3, 1797, 10) and logits.dtype == np.float32
    state = jax.tree.map(lambda leaf: jnp.asarray(leaf[2]), states)
    pixels = task.model.to_unit(jnp.asarray(dataset.images[-5:]))
    alone, _ = task.model.apply(state.params, state.model_state, pixels, jnp.ones(5, bool), False)
    np.testing.assert_allclose(logits[2, -5:], alone.logits, atol=1e-5)
