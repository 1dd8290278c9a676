"""What every algorithm must do; a new one adds a row here."""

import jax
import numpy as np
import pytest
from conftest import leaves

from rum_jax.train.predict import predict
from rum_jax.unlearn import ALGORITHMS

# name -> (hyper-parameters, other values of the float ones)
TABLE = {
    "none": ({}, {}),
    "retrain": ({"epochs": 2, "learning_rate": 0.1}, {"learning_rate": 0.05}),
    "finetune": ({"epochs": 2, "learning_rate": 0.05}, {"learning_rate": 0.02}),
    "neggrad_plus": ({"epochs": 2, "learning_rate": 0.02, "alpha": 0.9},
                     {"learning_rate": 0.01, "alpha": 0.95}),
    "salun": ({"epochs": 2, "learning_rate": 0.05, "mask_fraction": 0.5},
              {"learning_rate": 0.02, "mask_fraction": 0.3}),
}


def run(name, problem, states, **changed):
    return ALGORITHMS[name].unlearn(problem, states, {**TABLE[name][0], **changed})


def test_every_algorithm_has_a_row():
    assert set(TABLE) == set(ALGORITHMS)


@pytest.mark.parametrize("name", list(TABLE))
def test_declares_its_hyper_parameters(name):
    algorithm, (hparams, other) = ALGORITHMS[name], TABLE[name]
    assert set(algorithm.checks) == set(algorithm.published) == set(hparams)
    assert set(algorithm.search) <= set(hparams) >= set(other)
    assert not any(algorithm.checks[key](value) for key, value in algorithm.published.items())
    for key, draw in algorithm.search.items():
        values = [draw(np.random.default_rng(seed)) for seed in range(20)]
        assert len(set(values)) > 3 and not any(map(algorithm.checks[key], values))


@pytest.mark.parametrize("name", list(TABLE))
def test_contract(name, problem, original):
    before = leaves(original)
    states, history = run(name, problem, original)
    np.testing.assert_array_equal(leaves(original), before, "the caller's states are spared")
    moved = not np.array_equal(leaves(states.params), leaves(original.params))
    assert moved == (name != "none")
    assert np.isfinite(leaves(states)).all()
    assert (np.asarray(states.step) == 0).all() or name == "none"
    assert (leaves(states.opt_state) == 0).all() or name == "none"
    assert history.losses.shape[0] == 2 and (history.examples > 0) == (name != "none")
    with jax.no_tracing(True):
        again, _ = run(name, problem, original)
        run(name, problem, original, **TABLE[name][1])
    np.testing.assert_array_equal(leaves(again), leaves(states), "same seeds, same result")


@pytest.mark.parametrize("name", list(TABLE))
def test_one_seed_alone_gives_what_it_gives_among_several(name, problem, original):
    alone = problem._replace(forget=problem.forget[1:], retain=problem.retain[1:], seeds=(1,))
    one = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], original)
    several, _ = run(name, problem, original)
    states, _ = run(name, alone, one)
    expected = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], several)
    np.testing.assert_allclose(leaves(states), leaves(expected), atol=1e-4)


@pytest.mark.parametrize("name", sorted(set(TABLE) - {"none"}))
def test_steps_of_a_chain_have_their_own_randomness(name, problem, original):
    first, _ = run(name, problem, original)
    second, _ = run(name, problem._replace(step=1), original)
    assert np.abs(leaves(first.params) - leaves(second.params)).max() > 1e-6


@pytest.mark.parametrize("name", ["neggrad_plus", "salun"])
def test_forgets_and_keeps_the_rest(name, problem, original, task, dataset):
    def accuracies(states):
        right = predict(task, states).argmax(-1) == dataset.labels
        return right[:, problem.forget[0]].mean(), right[:, problem.retain[0]].mean()

    stronger = {"epochs": 5, **({"alpha": 0.9} if name == "neggrad_plus" else {})}
    forget_before, retain_before = accuracies(original)
    forget, retain = accuracies(run(name, problem, original, **stronger)[0])
    assert forget <= forget_before and retain > 0.5 * retain_before
