import jax
import numpy as np
import pytest

from rum_jax.core.randomness import ROLES
from rum_jax.data.plans import stream
from rum_jax.train.fit import Plan, fit
from rum_jax.train.log import DivergedError, check_finite
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.recipe import Optimizer, contexts, initial_states

OPTIMIZER = Optimizer(8, 0.9, 5e-4)


def test_the_callers_states_survive(task, dataset):
    states = initial_states(task.model, [(0, ROLES["init"], 0), (1, ROLES["init"], 0)])
    placed = jax.device_put(states)
    index = np.tile(dataset.train[:24].reshape(3, 8), (2, 1, 1))
    plan = Plan({"examples": stream(index, dataset.labels)}, np.full((2, 3), 0.1, np.float32))
    fractions = []
    result = [fit(task, cross_entropy, given, plan, contexts(2, OPTIMIZER), ["a", "b"],
                  fractions.append).states for given in (states, placed, placed)]
    jax.tree.map(np.testing.assert_array_equal, jax.device_get(placed), states)
    for other in result[1:]:
        jax.tree.map(np.testing.assert_array_equal, result[0], other)
    assert fractions == [1.0] * 3


def test_the_first_step_that_is_not_finite_is_named():
    losses = np.array([[1, 2, 3, np.nan], [1, 2, np.inf, np.nan]])
    with pytest.raises(DivergedError, match="loss is inf at seed 1, step 102"):
        check_finite(losses, 100, ["seed 0", "seed 1"])
    check_finite(losses[:, :2], 0, ["seed 0", "seed 1"])
