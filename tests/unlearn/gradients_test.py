"""One-shot statistics of data in the order of their classes are those of data in any order."""

import dataclasses

import numpy as np
import pytest
from conftest import leaves

from rum_jax.unlearn import boundary_shrink, fisher_new, influence, saliency


@pytest.fixture(scope="module")
def class_after_class(problem):
    """The same problem with retain sets in the order of their labels, as folders of images are."""
    labels = problem.task.labels
    return problem._replace(retain=np.stack(
        [retain[np.argsort(labels[retain], kind="stable")] for retain in problem.retain]))


def test_woodfisher_takes_examples_of_all_classes(class_after_class, original, monkeypatch):
    labels, seen = class_after_class.task.labels, []

    def fold_batches(problem, states, fold, begin, plan, extra):
        seen.append(plan.index[:, :, 0])
        return extra, None

    monkeypatch.setattr(influence, "MOST_EXAMPLES", 60)
    monkeypatch.setattr(influence, "mean_gradient", lambda problem, states, plan: np.zeros(2))
    monkeypatch.setattr(influence, "fold_batches", fold_batches)
    for examples in ("first", "random", "random"):
        influence.directions(class_after_class, original, examples)
    first, drawn, again = seen
    assert first.tolist() == class_after_class.retain[:, :60].tolist()
    assert set(labels[first[0]]) == {0}
    assert set(labels[drawn[0]]) == set(range(10)) and len(set(drawn[0])) == 60
    assert set(drawn[0]) <= set(class_after_class.retain[0])
    assert drawn.tolist() == again.tolist() and drawn[0].tolist() != drawn[1].tolist()


def test_squares_of_batch_gradients_do_not_depend_on_the_order_of_the_data(
        problem, class_after_class, original):
    def size(given, cut):
        return np.mean(leaves(fisher_new.squared_gradients(given, original, cut)))

    drawn = size(problem, "random")
    np.testing.assert_allclose(size(class_after_class, "random"), drawn, rtol=0.1)
    assert size(class_after_class, "ordered") < 0.7 * drawn


def test_a_mask_does_not_depend_on_the_order_of_the_forget_set(problem, original):
    """65 examples in batches of 64: a batch mean of one example weighs as much as the others."""
    chosen = np.tile(problem.task.labels.argsort()[:65].astype(np.int32), (2, 1))
    values, other = (
        leaves(saliency.saliency(problem._replace(forget=forget), original, False, 0.01)[0])
        for forget in (chosen, chosen[:, ::-1]))
    np.testing.assert_allclose(values, other, rtol=1e-3, atol=1e-5 * values.max())


@pytest.mark.parametrize("statistic", [
    lambda problem, states: influence.directions(problem, states)[1],
    boundary_shrink.nearest_labels])
def test_what_bfloat16_would_change_is_computed_in_float32(statistic, problem, original,
                                                           monkeypatch):
    monkeypatch.setattr(influence, "MOST_EXAMPLES", 60)
    statistics = []
    for dtype in ("bfloat16", "float32"):
        model = dataclasses.replace(problem.task.model, dtype=dtype)
        statistics.append(leaves(statistic(
            problem._replace(task=problem.task._replace(model=model)), original)))
    np.testing.assert_allclose(*statistics, rtol=1e-4, atol=1e-7)
