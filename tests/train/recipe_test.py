import jax
import numpy as np
import pytest

from rum_jax.core.randomness import ROLES, generator
from rum_jax.train.engine import make_engine
from rum_jax.train.log import DivergedError
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train


def trained(task, dataset, recipe, members, names=None):
    states = initial_states(task.model, [(0, ROLES["member_init"], k) for k in members])
    positions = np.tile(dataset.train[:200], (len(members), 1))
    orders = [lambda epoch, k=k: generator(0, "member_order", k, epoch) for k in members]
    _, fitted = train(task, positions, states, recipe, orders, names or list(map(str, members)))
    return fitted.states, fitted.losses


def leaves(states):
    return np.concatenate([leaf.reshape(len(leaf), -1) for leaf in jax.tree.leaves(states)], 1)


@pytest.fixture(scope="module")
def four(task, dataset, recipe):
    return trained(task, dataset, recipe, [0, 1, 2, 3])


def test_training_learns(task, dataset, four):
    states, losses = four
    assert losses.shape == (4, 2 * 4) and states.step.tolist() == [8] * 4
    assert (losses[:, 4:].mean(1) < losses[:, :4].mean(1)).all()
    assert predict(task, states).shape == (4, len(dataset.labels), 10)


def test_members_differ_from_each_other(four):
    states, _ = four
    rows = leaves(states.params)
    assert min(np.abs(rows[i] - rows[j]).max() for i in range(4) for j in range(i)) > 1e-3


@pytest.mark.parametrize("devices", [1, 8])
def test_devices_and_groups_change_nothing_but_rounding(task, dataset, recipe, four, devices):
    other = task._replace(engine=make_engine(devices, "series", 16))
    states, losses = trained(other, dataset, recipe, [2, 3])
    np.testing.assert_allclose(leaves(states), leaves(four[0])[2:], atol=1e-5)
    np.testing.assert_allclose(losses, four[1][2:], atol=1e-5)


@pytest.mark.parametrize("strategy, steps_per_call", [
    ("map", 16), ("vmap", 16), ("unroll", 16), ("series", 3)])
def test_strategies_and_call_lengths_agree(task, dataset, recipe, four, strategy, steps_per_call):
    other = task._replace(engine=make_engine(2, strategy, steps_per_call))
    states, _ = trained(other, dataset, recipe, [0, 1, 2, 3])
    np.testing.assert_allclose(leaves(states.params), leaves(four[0].params), atol=2e-4)


def test_no_retrace_for_other_values_and_lengths(task, dataset, recipe, four):
    other = Recipe(3, 0.05, Optimizer(64, 0.5, 1e-3))
    with jax.no_tracing(True):
        trained(task, dataset, other, [4, 5, 6, 7])


def test_divergence_names_model_and_step(task, dataset):
    with pytest.raises(DivergedError, match=r"at (a|b), step \d+; a smaller learning rate"):
        trained(task, dataset, Recipe(2, 1e38, Optimizer(64, 0.9, 0)), [0, 1], ["a", "b"])
