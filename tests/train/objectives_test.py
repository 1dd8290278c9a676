import jax.numpy as jnp

from rum_jax.train.objectives import mean_over_examples


def test_padding_is_not_averaged():
    values, mask = jnp.array([1.0, 3.0, 100.0]), jnp.array([True, True, False])
    assert mean_over_examples(values, mask) == 2
    assert mean_over_examples(values, jnp.zeros(3, bool)) == 0
