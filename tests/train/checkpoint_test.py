import jax
import numpy as np

from rum_jax.core.randomness import ROLES
from rum_jax.train import checkpoint
from rum_jax.train.recipe import initial_states


def test_states_come_back(tmp_path, model):
    states = initial_states(model, [(0, ROLES["init"], 0), (1, ROLES["init"], 0)])
    states = states.replace(step=np.array([3, 4], np.int32))
    checkpoint.save(tmp_path / "states", states)
    back = checkpoint.load(tmp_path / "states", model, 2, 10)
    assert jax.tree.structure(back) == jax.tree.structure(states)
    jax.tree.map(np.testing.assert_array_equal, back, states)
