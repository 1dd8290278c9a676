"""Proxies on the toy task; their numbers are compared with the reference's in golden_test.py."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from rum_jax.config import base
from rum_jax.core.randomness import ROLES, generator
from rum_jax.proxies import (
    PROXIES,
    ProxyInputs,
    heldout_retrain,
    learning_events,
    loss_curvature,
    rank_caution,
    scores,
)
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, Recipe, initial_states, train
from rum_jax.train.state import Batch, Context, fresh


def test_learning_events_leave_training_as_it_is_and_find_noise(task, dataset):
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    arguments = (task, np.tile(dataset.train, (2, 1)), states,
                 Recipe(6, 0.1, Optimizer(64, 0.9, 5e-4)),
                 [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)], ["a", "b"])
    learned = learning_events.learning_events(*arguments)
    plain = train(*arguments)[1]
    # Two programs: what they round differently grows with the steps, how fast differs by machine.
    np.testing.assert_allclose(learned.losses[:, :4], plain.losses[:, :4], rtol=1e-4)
    noisy = dataset.noisy[dataset.train]
    for events in learned.events.values():
        values = events[:, dataset.train]
        assert values.shape == (2, len(dataset.train)) and np.isfinite(values).all()
        assert np.isnan(events[:, dataset.positions["test"]]).all()
    for name in ("confidence", "accuracy"):
        assert roc_auc_score(noisy, -learned.events[name][0, dataset.train]) > 0.7, name


def test_certain_predictions_have_no_entropy(model):
    """0 log 0 = 0: a logit of 1e4 makes the other probabilities exactly 0."""
    class Certain:
        def apply(self, params, state, pixels, mask, train, key):
            logits = jnp.eye(10)[:2] * params["scale"]
            return type("Outputs", (), {"logits": logits})(), state

    batch = Batch(jnp.zeros((2, 8, 8, 1)), jnp.array([0, 3]), jnp.ones(2, bool))
    context = Context(jnp.float32(0), jnp.float32(0), {})
    _, aux = learning_events.objective(Certain(), {"scale": jnp.float32(1e4)}, {},
                                       {"examples": batch}, context)
    np.testing.assert_array_equal(aux.record, [[1, 1, 0, 1], [0, 1, 0, 0]])


def test_heldout_retraining_stops_each_model_by_itself(task, original, dataset):
    optimizer = Optimizer(64, 0.9, 5e-4)
    held_out = dataset.positions["test"]
    both = heldout_retrain.heldout_retrain(task, original, held_out, optimizer, 0.3, 12,
                                           ["a", "b"])
    assert both.scores.shape == (2, len(dataset.labels)) and (both.scores >= 0).all()
    assert (both.epochs >= heldout_retrain.PATIENCE_EPOCHS).all() and (both.epochs <= 12).all()
    second = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], original)
    alone = heldout_retrain.heldout_retrain(task, second, held_out, optimizer, 0.3, 12, ["b"])
    right = [predict(task, states).argmax(-1)[:, held_out] == dataset.labels[held_out]
             for states in (original, both.states)]
    np.testing.assert_array_equal(both.right, np.stack(right, axis=1))
    assert alone.epochs[0] == both.epochs[1]
    np.testing.assert_allclose(alone.scores[0], both.scores[1], rtol=0.05, atol=1e-3)


def test_a_rate_at_which_models_break_down_is_told(task, original, dataset):
    start = ProxyInputs(task, original, dataset.train, dataset.positions, Optimizer(64, 0.9, 5e-4),
                        (0, 1))
    hparams = {"part": "test", "epochs": 6, "order": "random"}
    fine, broken = (PROXIES["heldout_retrain"].compute(start, {**hparams, "learning_rate": rate})
                    for rate in (0.01, 30.0))
    assert fine.caution == ""
    assert broken.caution.startswith("fine-tuning has made 2 of 2 models worse on the held-out")


def _right(lost: int, gained: int, size: int = 100) -> np.ndarray:
    """bool[2,size]: half are right before, so many of them lost and others gained after."""
    before = np.arange(size) < size // 2
    after = before.copy()
    after[:lost], after[size - gained:] = False, True
    return np.stack([before, after])


def test_a_caution_needs_more_losses_than_chance_has():
    """The sign test by hand: P(8 or more of 10) = (45 + 10 + 1) / 1024."""
    probabilities = heldout_retrain.p_worse(np.stack([_right(8, 2), _right(1, 0), _right(0, 0)]))
    np.testing.assert_allclose(probabilities, [56 / 1024, 0.5, 1.0])
    assert heldout_retrain.caution(_right(1, 0)[None]) == "", "one example less"
    assert heldout_retrain.caution(_right(5, 0)[None]) != "", "1 of 32 is below 5%"
    assert heldout_retrain.caution(np.stack([_right(5, 0), _right(0, 9)])) == "", "but not 2.5%"
    assert heldout_retrain.caution(np.stack([_right(25, 0), _right(0, 9), _right(1, 0)])) == (
        "fine-tuning has made 1 of 3 models worse on the held-out data themselves (their accuracy "
        "is 50.0% before and 25.0% after, on average; sign tests at 5% in all), so their scores "
        "are not what they are meant to be; lower the proxy's "
        "learning_rate (config.proxies.heldout_retrain.learning_rate)")


def test_held_out_data_are_shuffled_in_every_epoch_by_default(task, original, monkeypatch):
    seen = []

    def fit_on_devices(task, objective, states, plan, context, names):
        seen.append(plan.streams["examples"].index.reshape(2, -1))
        return states, np.full((2, 1), -float(len(seen)))

    monkeypatch.setattr(heldout_retrain, "fit_on_devices", fit_on_devices)
    held_out = np.arange(40, 72, dtype=np.int32)
    run = functools.partial(heldout_retrain.heldout_retrain, task, original, held_out,
                            Optimizer(8, 0.9, 5e-4), 0.1, 2, ["a", "b"])
    run((0, 1))
    run((0, 1))
    run(None)
    first, second, again, _, released, _ = seen
    assert all(sorted(order) == held_out.tolist() for part in seen for order in part)
    assert first.tolist() == again.tolist() != second.tolist()
    assert first[0].tolist() != first[1].tolist()
    assert released.tolist() == [held_out.tolist()] * 2
    assert PROXIES["heldout_retrain"].hparams["order"] == "random"
    assert base.get_config(True).proxies.heldout_retrain.order == "data"


def test_a_score_that_does_not_rank_as_another_is_told():
    other = np.arange(200.0)
    up, noise = other + 40 * np.sin(other), np.random.default_rng(0).normal(size=(2, 200))
    assert rank_caution("loss_curvature", np.stack([up, up]), other, "memorization") == ""
    assert "Spearman's correlation is -1.00 over 200 examples, mean of 1 models" in rank_caution(
        "loss_curvature", -other[None], other, "memorization")
    assert "does not rank as memorization does" in rank_caution(
        "confidence", noise, other, "memorization")
    gaps = np.where(other < 100, np.nan, other)
    assert rank_caution("confidence", up[None], gaps, "memorization") == ""
    assert "not defined" in rank_caution("confidence", np.zeros((1, 200)), other, "it")


def test_symmetric_divergence_by_hand():
    p, q = np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])
    kl = (0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
          + 0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5)) / 2
    np.testing.assert_allclose(heldout_retrain.symmetric_divergence(np.log(p), np.log(q)), kl)


def test_curvature_does_not_depend_on_batches_and_is_a_difference_of_gradients(
        task, original, dataset):
    positions = dataset.train[:10]
    in_batches, at_once = (loss_curvature.loss_curvature(task, original, positions, 0.01, size)
                           for size in (4, 10))
    np.testing.assert_allclose(in_batches.curvature, at_once.curvature, rtol=1e-3, atol=1e-5)
    state = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), original)
    pixels = task.model.to_unit(jnp.asarray(dataset.images[positions]))

    def gradient(x):
        def loss(x):
            frozen = task.model.apply(state.params, state.model_state, x, jnp.ones(10, bool), False)
            logits = frozen[0].logits
            return -jax.nn.log_softmax(logits)[jnp.arange(10), dataset.labels[positions]].sum()
        return jax.jit(jax.grad(loss))(x)

    change = gradient(pixels + in_batches.steps[0]) - gradient(pixels)
    np.testing.assert_allclose(in_batches.curvature[0], np.sqrt((change ** 2).sum((1, 2, 3))),
                               rtol=1e-2, atol=1e-4)


def test_curvature_is_that_of_float32_whatever_the_models_dtype(task, original, dataset):
    def measured(dtype):
        model = dataclasses.replace(task.model, dtype=dtype)
        return loss_curvature.loss_curvature(task._replace(model=model), original,
                                             dataset.train[:64], 0.01, 64).curvature

    np.testing.assert_allclose(measured("bfloat16"), measured("float32"), rtol=1e-5)


@pytest.mark.slow
def test_every_score_is_higher_for_injected_noise(task, two_stages, dataset):
    """Whatever way a proxy points as it is defined, `scores` points towards memorization."""
    task = task._replace(model=two_stages)
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    optimizer, train_set = Optimizer(64, 0.9, 5e-4), np.tile(dataset.train, (2, 1))
    learned = learning_events.learning_events(
        task, train_set, states, Recipe(8, 0.1, optimizer),
        [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)], ["a", "b"])
    trained = jax.vmap(fresh)(learned.states.params, learned.states.model_state)
    start = ProxyInputs(task, trained, dataset.train, dataset.positions, optimizer, (0, 1))
    noisy = dataset.noisy[dataset.train]
    for name, proxy in PROXIES.items():
        if proxy.compute:
            result = proxy.compute(start, {**proxy.hparams, **({"epochs": 2} if "epochs" in
                                                                proxy.hparams else {})})
            values = result.values
            assert result.gradients > 0
        else:
            values = learned.events[name][:, dataset.train]
        assert values.shape == (2, len(dataset.train))
        aurocs = [roc_auc_score(noisy, score) for score in scores(name, values)]
        assert min(aurocs) > 0.5, (name, aurocs)
