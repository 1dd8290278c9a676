import jax
import numpy as np
import pytest

from rum_jax.evaluate.relearn import _first, relearn
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer


def test_counts_passes_until_the_target_for_each_model_and_example(
        task, dataset, problem, original):
    forget = dataset.train[dataset.noisy[dataset.train]]  # wrong labels: hardly known yet
    before = predict(task, original)[:, forget].argmax(-1) == dataset.labels[forget]
    both = np.stack([forget, forget])
    optimizer = Optimizer(16, 0.9, 5e-4)
    results = relearn(task, original, both, (0, 1), optimizer, 0.05, 12,
                      np.array([0.0, 0.9]))
    assert results.epochs[0] == 0 and 0 < results.epochs[1] <= 13
    assert results.per_example.shape == (2, len(forget))
    np.testing.assert_array_equal(results.per_example == 0, before)
    assert (results.per_example[1] < 13).mean() > 0.3, "many are learned sooner or later"
    second = jax.tree.map(lambda leaf: np.asarray(leaf)[1:], original)
    alone = relearn(task, second, both[1:], (1,), optimizer, 0.05, 12,
                    np.array([0.9]))
    assert (alone.per_example[0] != results.per_example[1]).mean() < 0.1


@pytest.mark.slow
def test_each_model_has_a_forget_set_of_its_own(task, dataset, original):
    sets = np.stack([dataset.train[:20], dataset.train[10:30]])
    how, target = Optimizer(64, 0.9, 5e-4), np.array([1.0, 1.0])
    results = relearn(task, original, sets, (0, 1), how, 0.05, 3, target)
    for m, seed in enumerate((0, 1)):
        model = jax.tree.map(lambda leaf, m=m: np.asarray(leaf)[m:m + 1], original)
        alone = relearn(task, model, sets[m:m + 1], (seed,), how, 0.05, 3, target[:1])
        assert (alone.per_example[0] != results.per_example[m]).mean() < 0.1
        before = predict(task, model)[0, sets[m]].argmax(-1) == dataset.labels[sets[m]]
        np.testing.assert_array_equal(results.per_example[m] == 0, before)


def test_never_is_one_more_than_the_most():
    reached = np.array([[False, False], [False, True], [False, True]])
    assert _first(reached, 2).tolist() == [3, 1]
