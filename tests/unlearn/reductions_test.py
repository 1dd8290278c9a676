"""Algorithms that become each other at the ends of their hyper-parameters, and their parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import leaves

from rum_jax.data.plans import PADDING
from rum_jax.train.objectives import batch_cross_entropy
from rum_jax.train.state import Batch
from rum_jax.unlearn import ALGORITHMS, neggrad_plus, saliency, salun


def test_neggrad_plus_with_alpha_one_is_finetune_but_for_running_statistics(
        problem, original):
    shared = {"epochs": 2, "learning_rate": 0.05}
    tuned, _ = ALGORITHMS["finetune"].unlearn(problem, original, shared)
    other, _ = ALGORITHMS["neggrad_plus"].unlearn(problem, original, {**shared, "alpha": 1.0})
    np.testing.assert_allclose(leaves(other.params), leaves(tuned.params), atol=1e-5)
    assert np.abs(leaves(other.model_state) - leaves(tuned.model_state)).max() > 1e-4, (
        "forget batches move the running statistics, as in the reference (Q15)")


def test_finetune_of_nothing_but_decay_with_an_empty_mask(problem, original):
    states, _ = ALGORITHMS["salun"].unlearn(
        problem, original, {"epochs": 1, "learning_rate": 0.01, "mask_fraction": 0.0})
    before, after = leaves(original.params), leaves(states.params)
    moving = np.abs(before) > 1e-3
    ratio = after[moving] / before[moving]
    assert ratio.max() < 1 and ratio.max() - ratio.min() < 1e-3, "masked weights only decay (Q16)"


def test_forget_batches_are_replayed_in_an_epoch_and_reshuffled_between():
    rngs = [np.random.default_rng(e) for e in range(2)]
    cut = neggrad_plus._cycled(np.arange(5), 2, 7, rngs)
    first, second = cut[:7], cut[7:]
    assert sorted(first[:3].ravel()) == [PADDING, 0, 1, 2, 3, 4]
    np.testing.assert_array_equal(first[3:6], first[:3])
    np.testing.assert_array_equal(first[6], first[0])
    assert first[:3].tolist() != second[:3].tolist()


def test_salun_relabels_the_forget_set_only_and_anew_in_each_epoch(problem):
    made = salun.relabelled_epochs(problem, 3)
    labels, forget = problem.task.labels, set(problem.forget[0])
    drawn = []
    for index, label in zip(np.split(made.index[0], 3), np.split(made.label[0], 3), strict=True):
        real = index != PADDING
        assert sorted(index[real]) == sorted([*problem.forget[0], *problem.retain[0]])
        given = dict(zip(index[real], label[real], strict=True))
        assert all(given[i] == labels[i] for i in given if i not in forget)
        drawn.append([given[i] for i in sorted(forget)])
    assert drawn[0] != drawn[1] != drawn[2]
    assert set(np.concatenate(drawn)) == set(range(10)), "all classes, the true one included"
    assert made.label[0].tolist() != made.label[1].tolist(), "every seed has its own labels"


def test_saliency_is_the_summed_gradient_of_the_forget_batches(problem, original):
    made = saliency.saliency(problem, original)
    model, labels = problem.task.model, problem.task.labels
    own = jax.tree.map(lambda leaf: jnp.asarray(leaf[1]), original)

    def summed(params):
        total = 0.0
        for chosen in np.split(problem.forget[1], range(64, len(problem.forget[1]), 64)):
            batch = Batch(model.to_unit(jnp.asarray(problem.task.images[chosen])),
                          jnp.asarray(labels[chosen]), jnp.ones(len(chosen), bool))
            total += batch_cross_entropy(model, params, own.model_state, batch, train=False)[0]
        return total

    expected = jax.tree.map(jnp.abs, jax.grad(summed)(own.params))
    mine = jax.tree.map(lambda leaf: leaf[1], made)
    np.testing.assert_allclose(leaves(mine), leaves(expected), atol=1e-4)


@pytest.mark.parametrize("fraction, kept", [(0.0, 0), (0.5, 3), (0.34, 2), (1.0, 6)])
def test_masks_keep_the_largest(fraction, kept):
    tree = {"a": np.array([[3.0, 0.5], [9.0, 1.0]]), "b": np.array([2.0, 7.0])}
    mask = saliency.largest(tree, fraction)
    assert leaves(mask).sum() == kept
    chosen = np.sort(leaves(tree)[leaves(mask) == 1])
    assert chosen.tolist() == sorted([3, 0.5, 9, 1, 2, 7])[6 - kept:]


def test_retraining_ignores_the_given_states(problem, original):
    hparams = {"epochs": 2, "learning_rate": 0.1}
    one, _ = ALGORITHMS["retrain"].unlearn(problem, original, hparams)
    two, _ = ALGORITHMS["retrain"].unlearn(problem, None, hparams)
    np.testing.assert_array_equal(leaves(one), leaves(two))
