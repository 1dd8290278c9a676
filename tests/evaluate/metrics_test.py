import numpy as np
import pytest

from rum_jax import evaluate
from rum_jax.evaluate import interval, tow
from rum_jax.evaluate.view import View


@pytest.fixture
def view():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 300).astype(np.int32)
    logits = rng.normal(size=(300, 3)).astype(np.float32)
    logits[np.arange(200), labels[:200]] += 20  # the first 200 are fitted
    parts = {"forget": np.arange(0, 40), "retain": np.arange(40, 200),
             "validation": np.arange(200, 230), "test": np.arange(230, 300)}
    return View(logits, labels, parts)


def test_accuracies_by_hand(view):
    made = evaluate.evaluate(view)
    assert made["forget_accuracy"] == made["retain_accuracy"] == 1
    right = view.logits[230:].argmax(-1) == view.labels[230:]
    assert made["test_accuracy"] == right.mean() < 0.6


def test_the_attack_sees_a_forget_set_that_looks_like_the_retain_set(view):
    assert evaluate.evaluate(view)["mia"] < 0.2
    forgotten = view.logits.copy()
    forgotten[:40] = np.random.default_rng(1).normal(size=(40, 3))
    assert evaluate.evaluate(view._replace(logits=forgotten))["mia"] > 0.8


def test_confidence_is_the_probability_of_the_label(view):
    confidence = view.confidence(np.array([250]))
    p = np.exp(view.logits[250]) / np.exp(view.logits[250]).sum()
    np.testing.assert_allclose(confidence, p[view.labels[250]], rtol=1e-5)


def test_tow_by_hand():
    oracle = {"forget_accuracy": 0.5, "retain_accuracy": 1.0, "test_accuracy": 0.9,
              "validation_accuracy": 0.8, "mia": 0.6}
    own = {**oracle, "forget_accuracy": 0.7, "test_accuracy": 0.8, "validation_accuracy": 0.3,
           "mia": 0.1}
    assert tow.tow(oracle, oracle) == tow.tow_mia(oracle, oracle) == 1
    np.testing.assert_allclose(tow.tow(own, oracle), 0.8 * 1 * 0.9)
    np.testing.assert_allclose(tow.tow_mia(own, oracle), 0.5 * 1 * 0.9)
    np.testing.assert_allclose(tow.validation_tow(own, oracle), 0.8 * 1 * 0.5)


def test_intervals():
    made = interval.summary([1.0, 2.0, 3.0])
    assert made["mean"] == 2 and made["per_seed"] == [1, 2, 3]
    np.testing.assert_allclose(made["ci95"], 4.302652729911275 / np.sqrt(3))
    np.testing.assert_allclose(interval.paired_difference([2, 4, 6], [1, 3, 5])["mean"], 1)
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        interval.summary([1.0])
