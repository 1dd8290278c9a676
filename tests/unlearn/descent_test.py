"""Steps and epochs of gradient descent: what is drawn for them, and what is said of them."""

import dataclasses

import jax
import numpy as np
import pytest
from conftest import leaves

from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.data.plans import stream
from rum_jax.train.fit import Fitted
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.recipe import period_means
from rum_jax.unlearn import ALGORITHMS, descent
from rum_jax.unlearn.apply import apply

SHORT = {"epochs": 2, "learning_rate": 0.05}
SCRUB = {**ALGORITHMS["scrub"].hparams(), "epochs": 2, "msteps": 0}


def test_rates_by_hand(problem):
    with_milestone = problem._replace(
        optimizer=dataclasses.replace(problem.optimizer, milestones=(2,)))
    np.testing.assert_allclose(descent.rates(with_milestone, 3, 0.2, 0.5),
                               [[0.2, 0.2, 0.01]] * 2)
    np.testing.assert_allclose(
        descent.rates(problem, 3, np.array([0.2, 0.1]), np.array([0.25, 1.0])),
        [[0.2, 0.2, 0.05], [0.1, 0.1, 0.1]])
    assert descent.rates(problem, 1, 0.2, 0.5).tolist() == [[0.2]] * 2, "no other epoch"
    assert descent.rates(problem, 3, 0.3, 1.0).tolist() == [[0.3] * 3] * 2


def test_the_last_epoch_moves_the_parameters_by_its_factor(problem, original):
    """With one step of plain SGD in each epoch the second step is the factor times the whole."""
    plain = problem._replace(optimizer=dataclasses.replace(
        problem.optimizer, batch_size=problem.retain.shape[1], momentum=0.0, weight_decay=0.0))

    def after(epochs, factor):
        states, _ = apply(ALGORITHMS["finetune"], plain, original,
                          {"epochs": epochs, "learning_rate": 0.1, "last_epoch_factor": factor})
        return np.stack([leaves(jax.tree.map(lambda leaf, m=m: np.asarray(leaf)[m],
                                             states.params)) for m in (0, 1)])

    first = after(1, 0.25)
    whole, part = after(2, 1.0) - first, after(2, np.array([0.25, 1.0])) - first
    assert np.abs(whole).max() > 1e-3
    np.testing.assert_allclose(part, whole * [[0.25], [1.0]], atol=1e-6)


@pytest.mark.parametrize("value", [0.0, -0.5, 1.5, "half"])
def test_a_factor_out_of_range_is_refused(problem, original, value):
    for name in ("finetune", "scrub"):
        with pytest.raises(InputError, match=rf"{name}.last_epoch_factor: is {value!r}; allowed: a "
                                             r"number in \(0, 1\]"):
            apply(ALGORITHMS[name], problem, original,
                  {**ALGORITHMS[name].hparams(), "last_epoch_factor": value})


def test_losses_of_epochs_are_means_over_their_steps_however_many(problem, original):
    _, history = ALGORITHMS["scrub"].unlearn(problem, original, **SCRUB)
    assert history.losses.shape == (2, 1 + 2 * 19) and history.mean_losses.shape == (2, 2)
    np.testing.assert_allclose(history.mean_losses, np.stack(
        [history.losses[:, :20].mean(1), history.losses[:, 20:].mean(1)], 1), rtol=1e-6)
    _, history = ALGORITHMS["finetune"].unlearn(problem, original, **SHORT)
    np.testing.assert_allclose(history.mean_losses,
                               history.losses.reshape(2, 2, 19).mean(-1), rtol=1e-6)


def test_augmentation_is_drawn_once_an_epoch_of_scrub(problem, original, monkeypatch):
    addresses, used = [], []

    def draw(seed, role, *address):
        if role == "augment":
            addresses.append((seed, *address))
        return generator(seed, role, *address)

    def fit(task, objective, states, plan, *_):
        used.append(plan.augmentation["crop"])
        return Fitted(states, np.zeros(plan.learning_rate.shape), None)

    monkeypatch.setattr(descent, "fit", fit)
    optimizer = dataclasses.replace(problem.optimizer, augmentation="crop")
    ALGORITHMS["scrub"].unlearn(problem._replace(draw=draw, optimizer=optimizer), original,
                                **SCRUB)
    assert addresses == [(seed, 0, epoch) for epoch in (0, 1) for seed in (0, 1)]
    (words,) = used
    assert words.shape == (2, 39, 2)
    for epoch in (words[:, :20], words[:, 20:]):
        assert (epoch == epoch[:, :1]).all()
    assert (words[:, 19] != words[:, 20]).any() and (words[0] != words[1]).any()


@pytest.mark.parametrize("epoch_of_step", [
    np.zeros(19), np.zeros(18, int), np.repeat([0, 2], [9, 10]), np.repeat([1, 0], [9, 10])])
def test_epochs_that_do_not_fit_the_steps_are_refused(problem, original, epoch_of_step):
    streams = {"examples": stream(descent.epochs_of(problem, "retain", 1), problem.task.labels)}
    with pytest.raises(InputError, match="epoch_of_step: is .* for each of the 19 steps, from 0"):
        descent.descend(problem, cross_entropy, original, streams, np.full((2, 2), 0.1),
                        epoch_of_step=epoch_of_step)


def test_a_loss_for_each_step_is_an_epoch_for_each_step_where_the_caller_says_so(problem, original):
    streams = {"examples": stream(descent.epochs_of(problem, "retain", 1), problem.task.labels)}
    _, history = descent.descend(problem, cross_entropy, original, streams, np.full((2, 19), 0.1))
    assert history.mean_losses.shape == (2, 19)


def test_means_of_parts_by_hand():
    losses = np.array([[1.0, 3.0, 5.0, 7.0]])
    assert period_means(losses, 2).tolist() == [[2.0, 6.0]]
    assert period_means(losses, (1, 3)).tolist() == [[1.0, 5.0]]
    assert period_means(losses, 0).shape == period_means(losses[:, :0], ()).shape == (1, 0)


@pytest.mark.parametrize("name", [
    "retrain", "finetune", "l1_sparse", "neggrad", "neggrad_plus", "scrub", "salun", "random_label",
    "boundary_shrink", "boundary_expand"])
def test_epochs_whose_plan_does_not_fit_into_memory_are_refused_at_once(name, problem, original):
    many = {**ALGORITHMS[name].hparams(), "epochs": 2 * 10**9}
    with pytest.raises(InputError, match="2e[+]09 epochs of .* of the host's memory are available"):
        apply(ALGORITHMS[name], problem, original, many)
