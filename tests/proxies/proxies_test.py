"""Proxies on the toy task; their numbers are compared with the reference's in golden_test.py."""

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.metrics import roc_auc_score

from rum_jax.proxies import PROXIES, Start, heldout_retrain, learning_events, loss_curvature, scores
from rum_jax.randomness import ROLES, generator
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
        own = events[:, dataset.train]
        assert own.shape == (2, len(dataset.train)) and np.isfinite(own).all()
        assert np.isnan(events[:, dataset.positions["test"]]).all()
    for name in ("confidence", "accuracy"):
        assert roc_auc_score(noisy, -learned.events[name][0, dataset.train]) > 0.7, name


def test_certain_predictions_have_no_entropy(model):
    """0 log 0 = 0: a logit of 1e4 makes the other probabilities exactly 0."""
    class Certain:
        def apply(self, params, state, pixels, mask, train):
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
    made = heldout_retrain.heldout_retrain(task, original, held_out, optimizer, 0.3, 12,
                                           ["a", "b"])
    assert made.scores.shape == (2, len(dataset.labels)) and (made.scores >= 0).all()
    assert (made.epochs >= heldout_retrain.PATIENCE_EPOCHS).all() and (made.epochs <= 12).all()
    one = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], original)
    alone = heldout_retrain.heldout_retrain(task, one, held_out, optimizer, 0.3, 12, ["b"])
    right = [predict(task, states).argmax(-1)[:, held_out] == dataset.labels[held_out]
             for states in (original, made.states)]
    np.testing.assert_array_equal(made.accuracy, np.transpose([one.mean(1) for one in right]))
    assert alone.epochs[0] == made.epochs[1]
    np.testing.assert_allclose(alone.scores[0], made.scores[1], rtol=0.05, atol=1e-3)


def test_a_rate_at_which_models_break_down_is_told(task, original, dataset):
    start = Start(task, original, dataset.train, dataset.positions, Optimizer(64, 0.9, 5e-4),
                  ["a", "b"])
    hparams = {"part": "test", "epochs": 6}
    fine, broken = (PROXIES["heldout_retrain"].compute(start, {**hparams, "learning_rate": rate})
                    for rate in (0.01, 30.0))
    assert fine.caution == ""
    assert broken.caution.startswith("fine-tuning has made 2 of 2 models worse on the held-out")
    assert heldout_retrain.caution(np.array([[0.5, 0.5], [0.2, 1.0], [0.75, 0.5]])) == (
        "fine-tuning has made 1 of 3 models worse on the held-out data themselves (their accuracy "
        "is 75.0% before and 50.0% after, on average), so their scores are not what they are meant "
        "to be; lower config.proxies.heldout_retrain.learning_rate")


def test_symmetric_divergence_by_hand():
    p, q = np.array([[0.5, 0.5]]), np.array([[0.9, 0.1]])
    kl = (0.5 * np.log(0.5 / 0.9) + 0.5 * np.log(0.5 / 0.1)
          + 0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5)) / 2
    np.testing.assert_allclose(heldout_retrain.symmetric_divergence(np.log(p), np.log(q)), kl)


def test_curvature_does_not_depend_on_batches_and_is_a_difference_of_gradients(
        task, original, dataset):
    positions = dataset.train[:10]
    one, other = (loss_curvature.loss_curvature(task, original, positions, 0.01, size)
                  for size in (4, 10))
    np.testing.assert_allclose(one.curvature, other.curvature, rtol=1e-3, atol=1e-5)
    own = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), original)
    pixels = task.model.to_unit(jnp.asarray(dataset.images[positions]))

    def gradient(x):
        def loss(x):
            frozen = task.model.apply(own.params, own.model_state, x, jnp.ones(10, bool), False)
            logits = frozen[0].logits
            return -jax.nn.log_softmax(logits)[jnp.arange(10), dataset.labels[positions]].sum()
        return jax.jit(jax.grad(loss))(x)

    change = gradient(pixels + one.steps[0]) - gradient(pixels)
    np.testing.assert_allclose(one.curvature[0], np.sqrt((change ** 2).sum((1, 2, 3))),
                               rtol=1e-2, atol=1e-4)


def test_every_score_is_higher_for_planted_noise(task, two_stages, dataset):
    """Whatever way a proxy points as it is defined, `scores` points towards memorization."""
    task = task._replace(model=two_stages)
    states = initial_states(task.model, [(s, ROLES["init"], 0) for s in (0, 1)])
    optimizer, train_set = Optimizer(64, 0.9, 5e-4), np.tile(dataset.train, (2, 1))
    learned = learning_events.learning_events(
        task, train_set, states, Recipe(8, 0.1, optimizer),
        [lambda e, s=s: generator(s, "order", 0, e) for s in (0, 1)], ["a", "b"])
    trained = jax.vmap(fresh)(learned.states.params, learned.states.model_state)
    start = Start(task, trained, dataset.train, dataset.positions, optimizer, ["a", "b"])
    noisy = dataset.noisy[dataset.train]
    for name, proxy in PROXIES.items():
        if proxy.compute:
            made = proxy.compute(start, {**proxy.hparams, **({"epochs": 2} if "epochs" in
                                                              proxy.hparams else {})})
            values = made.values
            assert made.gradients > 0
        else:
            values = learned.events[name][:, dataset.train]
        assert values.shape == (2, len(dataset.train))
        found = [roc_auc_score(noisy, own) for own in scores(name, values)]
        assert min(found) > 0.5, (name, found)
