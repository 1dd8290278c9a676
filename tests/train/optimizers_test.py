"""AdamW, warm-up and cosine, in training and in unlearning."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import leaves

import rum_jax as rum
from rum_jax.core.randomness import ROLES, generator
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train
from rum_jax.train.resume import Checkpointing
from rum_jax.train.state import Context, adamw, fresh, with_fresh_optimizer
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.descent import rates

GRADIENTS = np.array([[0.5, -2.0], [0.1, 0.3], [-1.0, 0.0]])
ADAMW = Optimizer(64, 0.9, 5e-4, name="adamw")


def test_adamw_is_pytorchs():
    """p <- p (1 - lr wd); p <- p - lr m' / (sqrt(v') + 1e-8), with bias-corrected moments."""
    expected, m, v = np.array([1.0, -3.0]), np.zeros(2), np.zeros(2)
    params = {"w": jnp.asarray(expected, jnp.float32)}
    context = Context(jnp.float32(0.9), jnp.float32(0.1), {}, optimizer="adamw")
    state = fresh(params, {}, "adamw").opt_state
    for t, g in enumerate(GRADIENTS, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        expected = expected * (1 - 0.05 * 0.1)
        expected -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        updates, state = adamw(jnp.float32(0.05), context).update(
            {"w": jnp.asarray(g, jnp.float32)}, state, params)
        params = jax.tree.map(jnp.add, params, updates)
    np.testing.assert_allclose(params["w"], expected, rtol=1e-5)


def test_warm_up_rises_to_the_rate_of_each_step():
    flat = np.full((1, 8), 0.2)
    warm = dataclasses.replace(ADAMW, warmup_epochs=1.0).warmed_up(flat, 4)
    np.testing.assert_allclose(warm[0], 0.2 * np.array([0.25, 0.5, 0.75, 1, 1, 1, 1, 1]))
    assert ADAMW.warmed_up(flat, 4) is flat


def test_unlearning_by_cosine(problem):
    cosine = problem._replace(optimizer=dataclasses.replace(problem.optimizer, schedule="cosine",
                                                            milestones=(3,)))
    shape = (1 + np.cos(np.pi * np.arange(4) / 4)) / 2 * np.array([1, 1, 1, 0.1])
    np.testing.assert_allclose(rates(cosine, 4, 0.2)[0], 0.2 * shape)
    np.testing.assert_allclose(rates(problem, 2, 0.2)[0], 0.2)


def trained(task, dataset, optimizer, keep=None):
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    return train(task, np.tile(dataset.train, (2, 1)), states, Recipe(3, 0.01, optimizer),
                 [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)], ["a", "b"],
                 keep=keep)[1]


def test_training_with_adamw_learns_and_resumes(task, dataset, tmp_path):
    whole = trained(task, dataset, ADAMW)
    assert whole.losses[:, -10:].mean() < 0.8 * whole.losses[:, :10].mean()
    keep = Checkpointing(tmp_path, 1, lambda: 0.0, 0.0)
    trained(task, dataset, ADAMW, keep)
    (kept,) = tmp_path.iterdir()
    assert kept.name == f"steps-{2 * 20:09d}"
    resumed = trained(task, dataset, ADAMW, keep)
    np.testing.assert_allclose(leaves(resumed.states), leaves(whole.states), atol=1e-6)
    again = with_fresh_optimizer(whole.states)
    assert jax.tree.structure(again) == jax.tree.structure(
        with_fresh_optimizer(trained(task, dataset, Optimizer(64, 0.9, 5e-4)).states))


@pytest.mark.parametrize("name", ["finetune", "salun", "scrub"])
def test_unlearning_with_adamw(name, problem, original):
    optimizer = dataclasses.replace(problem.optimizer, name="adamw", warmup_epochs=0.5)
    hparams = {**ALGORITHMS[name].hparams(), "epochs": 1, "learning_rate": 0.005}
    adam, _ = ALGORITHMS[name].unlearn(problem._replace(optimizer=optimizer), original, **hparams)
    plain, _ = ALGORITHMS[name].unlearn(problem, original, **hparams)
    assert jax.tree.structure(adam) == jax.tree.structure(plain)
    assert (leaves(adam.opt_state) == 0).all()
    assert np.abs(leaves(adam.params) - leaves(plain.params)).max() > 1e-3


def test_a_library_recipe_with_adamw():
    recipe = rum.Recipe(optimizer="adamw", warmup_epochs=2.0, unlearn_schedule="cosine")
    assert recipe.training().optimizer.name == recipe.unlearning().name == "adamw"
    assert recipe.unlearning().schedule == "cosine" and recipe.unlearning().warmup_epochs == 2
    with pytest.raises(rum.InputError, match="optimizer: is 'adam'; known: .*did you mean adamw"):
        rum.Recipe(optimizer="adam")
