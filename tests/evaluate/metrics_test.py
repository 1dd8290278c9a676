import jax
import numpy as np
import pytest

from rum_jax import evaluate
from rum_jax.core.errors import InputError, RunError
from rum_jax.evaluate import entropy, interval, mia, threshold_attack, tow
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


def values(view, oracle=None, extra=()):
    metrics = evaluate.evaluate(view, oracle or view, extra)
    return {name: measured.value for name, measured in metrics.items()}


def test_accuracies_by_hand(view):
    metrics = values(view)
    assert metrics["forget_accuracy"] == metrics["retain_accuracy"] == 1
    right = view.logits[230:].argmax(-1) == view.labels[230:]
    assert metrics["test_accuracy"] == right.mean() < 0.6


def test_shadow_members_are_those_of_the_view_or_drawn(view):
    members, others = mia.shadow(view)
    assert len(set(members)) == 70 and set(members) < set(view.parts["retain"])
    np.testing.assert_array_equal(others, view.parts["test"])
    view.parts["shadow_members"] = np.arange(40, 60)
    assert mia.shadow(view)[0].tolist() == list(range(40, 60))


def test_the_attack_sees_a_forget_set_that_looks_like_the_retain_set(view):
    assert values(view)["mia"] < 0.2
    forgotten = view.logits.copy()
    forgotten[:40] = np.random.default_rng(1).normal(size=(40, 3))
    assert values(view._replace(logits=forgotten))["mia"] > 0.8


def test_confidence_is_the_probability_of_the_label(view):
    confidence = mia.FEATURES["confidence"](view.probabilities([250]), view.labels[[250]])
    p = np.exp(view.logits[250]) / np.exp(view.logits[250]).sum()
    np.testing.assert_allclose(confidence, p[view.labels[250]], rtol=1e-5)


def test_tow_by_hand():
    oracle = {"forget_accuracy": 0.5, "retain_accuracy": 1.0, "test_accuracy": 0.9,
              "validation_accuracy": 0.8, "mia": 0.6}
    unlearned = {**oracle, "forget_accuracy": 0.7, "test_accuracy": 0.8, "validation_accuracy": 0.3,
                 "mia": 0.1}
    assert tow.tow(oracle, oracle) == tow.tow_mia(oracle, oracle) == 1
    np.testing.assert_allclose(tow.tow(unlearned, oracle), 0.8 * 1 * 0.9)
    np.testing.assert_allclose(tow.tow_mia(unlearned, oracle), 0.5 * 1 * 0.9)
    np.testing.assert_allclose(tow.validation_tow(unlearned, oracle), 0.8 * 1 * 0.5)


def test_stratified_tow_by_hand():
    """Over-forgetting in one stratum does not make up for under-forgetting in another."""
    oracle = {"forget_accuracy": 0.5, "retain_accuracy": 1.0, "test_accuracy": 0.9,
              "validation_accuracy": 0.8, "mia": 0.5, "forget_accuracy_strata": [1.0, 0.5, 0.0],
              "mia_strata": [0.1, 0.5, 0.9]}
    unlearned = {**oracle, "test_accuracy": 0.8, "forget_accuracy_strata": [0.7, 0.5, 0.3],
                 "mia_strata": [0.4, 0.5, 0.6]}
    comparison = evaluate.compare(unlearned, oracle)
    assert set(comparison) == {"tow", "tow_mia", "tow_stratified", "tow_mia_stratified",
                               "validation_tow"}
    np.testing.assert_allclose([comparison["tow"], comparison["tow_mia"]], 0.9)
    np.testing.assert_allclose(comparison["tow_stratified"], 0.8 * 0.9)
    np.testing.assert_allclose(comparison["tow_mia_stratified"], 0.8 * 0.9)
    assert evaluate.compare(oracle, oracle)["tow_stratified"] == 1


def test_intervals():
    summary = interval.summary([1.0, 2.0, 3.0])
    assert summary["mean"] == 2 and summary["per_seed"] == [1, 2, 3]
    np.testing.assert_allclose(summary["ci95"], 4.302652729911275 / np.sqrt(3))
    np.testing.assert_allclose(interval.paired_difference([2, 4, 6], [1, 3, 5])["mean"], 1)
    with pytest.raises(ValueError, match="at least 2 seeds, got 1"):
        interval.summary([1.0])


def test_every_metric_is_a_number_made_of_its_examples(view):
    params = {"classifier": {"kernel": np.arange(6.0).reshape(2, 3), "bias": np.ones(3)}}
    unlearned = view._replace(params=params)
    oracle = unlearned._replace(logits=view.logits[:, ::-1].copy(), params=jax.tree.map(
        lambda leaf: leaf + 1, params))
    metrics = evaluate.evaluate(unlearned, oracle, evaluate.METRICS)
    assert set(metrics) == {*evaluate.REQUIRED, *evaluate.METRICS}
    for name, measured in metrics.items():
        assert np.isfinite(measured.value), name
        if not name.startswith("parameter_"):
            np.testing.assert_allclose(measured.value, measured.per_example.mean(), err_msg=name)
    np.testing.assert_allclose(metrics["parameter_distance"].value, 3)


def test_the_oracle_itself_agrees_with_itself(view):
    oracle = view._replace(params={"classifier": {"bias": np.array([1.0, 2.0, 4.0])}})
    names = ("forget_agreement", "test_agreement", "forget_kl", "test_kl", "parameter_distance",
             "parameter_cosine")
    assert [values(oracle, oracle, names)[name] for name in names] == pytest.approx(
        [1, 1, 0, 0, 0, 1])
    # An output that the oracle does not have takes probability away, and no parameter counts.
    more = oracle._replace(logits=np.concatenate([view.logits, view.logits[:, :1]], axis=1),
                           params={"classifier": {"bias": np.array([1.0, 2.0, 4.0, 9.0])}})
    metrics = values(more, oracle, names)
    assert metrics["test_kl"] > 0.01 and metrics["parameter_distance"] == 0


def test_divergence_by_hand(view):
    unlearned = view._replace(logits=np.log([[0.5, 0.5]] * 300), parts={**view.parts})
    oracle = view._replace(logits=np.log([[0.9, 0.1]] * 300))
    expected = 0.9 * np.log(1.8) + 0.1 * np.log(0.2)
    assert evaluate.METRICS["test_kl"](unlearned, oracle).value == pytest.approx(expected)


def test_probabilities_that_are_not_finite_are_named(view):
    view.logits[7] = np.nan
    with pytest.raises(InputError, match="probabilities: of example 7 are"):
        view.probabilities(np.arange(20))
    for function in (entropy.entropy, lambda p: entropy.modified_entropy(p, [0, 0])):
        with pytest.raises(InputError, match="of example 1"):
            function(np.array([[0.5, 0.5], [np.inf, 0.0]]))


def test_thresholds_of_classes_without_shadow_examples_are_the_overall_one():
    members = (np.array([0.9, 0.8, 0.3]), np.array([0, 0, 1]))
    others = (np.array([0.1, 0.2]), np.array([0, 0]))
    assert threshold_attack.thresholds(members, others, 3).tolist() == [0.8, 0.3, 0.3]


@pytest.mark.parametrize("body", [
    "view.labels[:] = 0", "view.logits[0, 0] = 1", "view.parts['test'][:] = 0",
    "view.params['w'][:] = 0"])
def test_a_users_own_metric_cannot_change_what_others_look_at(tmp_path, body):
    path = tmp_path / "mine.py"
    path.write_text(f"def f(view, oracle):\n    {body}\n    return 1.0\n")
    view = View(np.ones((4, 2)), np.ones(4, np.int32), {"test": np.arange(4)},
                {"w": np.ones(3)})
    with pytest.raises(RunError, match="mine.py:f, line 2: raised ValueError: assignment"):
        evaluate.metric(f"{path}:f")(view, view)
    path.with_name("other.py").write_text(
        "def f(view, oracle):\n    view.parts.clear()\n    return 1.0\n")
    assert evaluate.metric(f"{path.with_name('other.py')}:f")(view, view).value == 1.0
    assert list(view.parts) == ["test"]
