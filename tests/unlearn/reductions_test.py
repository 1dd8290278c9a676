"""Algorithms that become each other at the ends of their hyper-parameters, and their parts."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import leaves

from rum_jax.core.errors import InputError
from rum_jax.data.plans import PADDING, stream
from rum_jax.train.log import DivergedError
from rum_jax.train.objectives import batch_cross_entropy, cross_entropy
from rum_jax.train.state import Batch
from rum_jax.unlearn import (
    ALGORITHMS,
    descent,
    neggrad_plus,
    random_label,
    saliency,
    scrub,
)
from rum_jax.unlearn.apply import apply


def hparams(name, **changed):
    return {**ALGORITHMS[name].hparams(), **changed}


def unlearned(problem, original, name, **changed):
    """The models in float64, where the rounding of different programs cannot grow to be seen."""
    with jax.enable_x64(True):
        model = dataclasses.replace(problem.task.model, dtype="float64")
        wide = jax.tree.map(lambda leaf: np.asarray(
            leaf, np.float64 if np.asarray(leaf).dtype == np.float32 else None), original)
        return ALGORITHMS[name].unlearn(problem._replace(task=problem.task._replace(model=model)),
                                        wide, **hparams(name, **changed))[0]


def same(problem, original, *pairs, statistics=True):
    """Whether algorithms (name, hyper-parameters) give the same models."""
    first, *others = [unlearned(problem, original, name, **changed) for name, changed in pairs]
    assert leaves(first.params).dtype == np.float64
    for other in others:
        np.testing.assert_allclose(leaves(other.params), leaves(first.params), atol=1e-9)
        if statistics:
            np.testing.assert_allclose(leaves(other.model_state), leaves(first.model_state),
                                       atol=1e-9)


SHORT = {"epochs": 2, "learning_rate": 0.05}


@pytest.mark.slow
def test_l1_sparse_without_penalty_is_finetune(problem, original):
    same(problem, original, ("finetune", SHORT), ("l1_sparse", {**SHORT, "alpha": 0.0}),
         ("l1_sparse", {**SHORT, "alpha": 1.0, "no_l1_epochs": 2}))


@pytest.mark.slow
def test_salun_with_a_full_mask_is_random_label(problem, original):
    same(problem, original, ("random_label", SHORT), ("salun", {**SHORT, "mask_fraction": 1.0}))


@pytest.mark.slow
def test_salun_with_an_empty_mask_and_no_decay_moves_nothing_but_statistics(problem, original):
    states, _ = ALGORITHMS["salun"].unlearn(problem, original, **hparams(
        "salun", **SHORT, mask_fraction=0.0, decay_masked=False))
    np.testing.assert_array_equal(leaves(states.params), leaves(original.params))


@pytest.mark.slow
def test_scrub_without_max_phases_and_distillation_is_finetune(problem, original):
    changed = {**SHORT, "msteps": 0, "inclusive": False, "gamma": 1.0, "beta": 0.0}
    same(problem, original, ("finetune", SHORT), ("scrub", changed))


@pytest.mark.slow
def test_scrub_with_max_phases_alone_leaves_finetune(problem, original):
    states, _ = ALGORITHMS["scrub"].unlearn(problem, original, **hparams(
        "scrub", **SHORT, msteps=0, inclusive=True, gamma=1.0, beta=0.0))
    tuned, _ = ALGORITHMS["finetune"].unlearn(problem, original, **SHORT)
    assert np.abs(leaves(states.params) - leaves(tuned.params)).max() > 1e-4


@pytest.mark.slow
def test_neggrad_plus_with_alpha_zero_is_neggrad_on_the_same_batches(problem, original):
    """With frozen statistics, and the retain set as short as the forget set."""
    frozen = dataclasses.replace(problem.optimizer, batch_norm="eval")
    equal = problem._replace(retain=problem.retain[:, :problem.forget.shape[1]], optimizer=frozen)
    gentle = {"epochs": 2, "learning_rate": 1e-3}
    same(equal, original, ("neggrad", gentle), ("neggrad_plus", {**gentle, "alpha": 0.0}))


@pytest.mark.slow
def test_random_label_without_relabeling_is_finetune_on_everything(problem, original):
    states = unlearned(problem, original, "random_label", **SHORT, relabel="none")
    whole = problem._replace(retain=np.concatenate([problem.forget, problem.retain], axis=1))
    tuned = unlearned(whole, original, "finetune", **SHORT)
    np.testing.assert_allclose(leaves(states.params), leaves(tuned.params), atol=1e-9)


@pytest.mark.slow
def test_retraining_with_steps_that_never_come_is_training_at_a_constant_rate(problem, original):
    def retrained(**changed):
        states, _ = ALGORITHMS["retrain"].unlearn(problem, original, **hparams(
            "retrain", **SHORT, **changed))
        return leaves(states.params)

    constant = retrained(schedule="steps")
    np.testing.assert_array_equal(retrained(schedule="steps", milestones=(5,)), constant)
    assert np.abs(retrained() - constant).max() > 1e-3


@pytest.mark.parametrize("name", [
    "fisher", *(pytest.param(name, marks=pytest.mark.slow) for name in (
        "influence", "fisher_new"))])
def test_one_shot_algorithms_shrink_with_alpha(name, problem, original):
    def change(alpha):
        states, _ = ALGORITHMS[name].unlearn(problem, original, **hparams(name, alpha=alpha))
        np.testing.assert_array_equal(leaves(states.model_state), leaves(original.model_state))
        return np.abs(leaves(states.params) - leaves(original.params)).max()

    assert change(1e-30) < 1e-5 < change(1.0)


def test_labels_of_relabeling():
    rng, true = np.random.default_rng(0), np.arange(1000) % 10
    assert (random_label.new_labels(true, 10, "other", rng) != true).all()
    drawn = random_label.new_labels(true, 10, "any", rng)
    assert 50 < (drawn == true).sum() < 150
    assert random_label.new_labels(true, 10, "none", rng) is true


def test_frozen_statistics_stay(problem, original):
    frozen = problem._replace(optimizer=dataclasses.replace(problem.optimizer,
                                                            batch_norm="eval"))
    states, _ = ALGORITHMS["neggrad_plus"].unlearn(frozen, original, **hparams(
        "neggrad_plus", epochs=1))
    np.testing.assert_array_equal(leaves(states.model_state), leaves(original.model_state))


def test_milestones_lower_the_rate(problem, original):
    early = problem._replace(optimizer=dataclasses.replace(problem.optimizer, milestones=(1,)))
    long, _ = ALGORITHMS["finetune"].unlearn(early, original, **SHORT)
    short, _ = ALGORITHMS["finetune"].unlearn(problem, original, **{**SHORT, "epochs": 1})
    full, _ = ALGORITHMS["finetune"].unlearn(problem, original, **SHORT)
    first = leaves(short.params)
    assert (np.linalg.norm(leaves(long.params) - first)
            < 0.5 * np.linalg.norm(leaves(full.params) - first))


def test_distillation_by_hand():
    student, teacher = jnp.log(jnp.array([[0.25, 0.75]])), jnp.log(jnp.array([[0.5, 0.5]]))
    expected = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    loss = scrub.distillation(student, teacher, jnp.float32(1), jnp.ones(1, bool))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.slow
def test_neggrad_plus_with_alpha_one_is_finetune_but_for_running_statistics(
        problem, original):
    shared = {"epochs": 2, "learning_rate": 0.05}
    tuned = unlearned(problem, original, "finetune", **shared)
    other = unlearned(problem, original, "neggrad_plus", **shared, alpha=1.0)
    np.testing.assert_allclose(leaves(other.params), leaves(tuned.params), atol=1e-9)
    assert np.abs(leaves(other.model_state) - leaves(tuned.model_state)).max() > 1e-4, (
        "forget batches move the running statistics, as in the reference (Q15)")


def test_finetune_of_nothing_but_decay_with_an_empty_mask(problem, original):
    states, _ = ALGORITHMS["salun"].unlearn(
        problem, original, **hparams("salun", epochs=1, learning_rate=0.01, mask_fraction=0.0))
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
    plan = random_label.relabeled_epochs(problem, 3, "any")
    labels, forget = problem.task.labels, set(problem.forget[0])
    drawn = []
    for index, label in zip(np.split(plan.index[0], 3), np.split(plan.label[0], 3), strict=True):
        real = index != PADDING
        assert sorted(index[real]) == sorted([*problem.forget[0], *problem.retain[0]])
        given = dict(zip(index[real], label[real], strict=True))
        assert all(given[i] == labels[i] for i in given if i not in forget)
        drawn.append([given[i] for i in sorted(forget)])
    assert drawn[0] != drawn[1] != drawn[2]
    assert set(np.concatenate(drawn)) == set(range(10)), "all classes, the true one included"
    assert plan.label[0].tolist() != plan.label[1].tolist(), "every seed has its own labels"


def test_saliency_is_the_gradient_of_the_mean_loss_of_the_forget_set(problem, original):
    gradients, _ = saliency.saliency(problem, original, False, 0.01)
    model, labels = problem.task.model, problem.task.labels
    state = jax.tree.map(lambda leaf: jnp.asarray(leaf[1]), original)

    def summed(params):
        total = 0.0
        for chosen in np.split(problem.forget[1], range(64, len(problem.forget[1]), 64)):
            batch = Batch(model.to_unit(jnp.asarray(problem.task.images[chosen])),
                          jnp.asarray(labels[chosen]), jnp.ones(len(chosen), bool))
            mean = batch_cross_entropy(model, params, state.model_state, batch, train=False)[0]
            total += mean * len(chosen)
        return total / len(problem.forget[1])

    expected = jax.tree.map(jnp.abs, jax.jit(jax.grad(summed))(state.params))
    mine = jax.tree.map(lambda leaf: leaf[1], gradients)
    np.testing.assert_allclose(leaves(mine), leaves(expected), atol=1e-4)


@pytest.mark.parametrize("fraction, kept", [(0.0, 0), (0.5, 3), (0.34, 2), (1.0, 6)])
def test_masks_keep_the_largest(fraction, kept):
    tree = {"a": np.array([[3.0, 0.5], [9.0, 1.0]]), "b": np.array([2.0, 7.0])}
    ascending = sorted([3, 0.5, 9, 1, 2, 7])
    for keep, expected in (("largest", ascending[6 - kept:]), ("smallest", ascending[:kept])):
        mask = leaves(saliency.select(tree, fraction, keep))
        assert mask.sum() == kept
        assert np.sort(leaves(tree)[mask == 1]).tolist() == expected


def test_retraining_ignores_the_given_states(problem, original):
    retrain_hparams = hparams("retrain", epochs=2)
    from_original, _ = ALGORITHMS["retrain"].unlearn(problem, original, **retrain_hparams)
    from_none, _ = ALGORITHMS["retrain"].unlearn(problem, None, **retrain_hparams)
    np.testing.assert_array_equal(leaves(from_original), leaves(from_none))


def test_the_mask_may_come_from_the_original_model(problem, original):
    moved, _ = ALGORITHMS["finetune"].unlearn(problem, original, epochs=1, learning_rate=0.1)
    chain = problem._replace(step=1, original=original)

    def mask(states, model):
        return leaves(saliency.masks(chain, states, 0.5, "largest", False, 0.01, model))

    np.testing.assert_array_equal(mask(moved, "original"), mask(original, "current"))
    assert (mask(moved, "current") != mask(moved, "original")).any()


def test_a_mask_of_another_structure_is_refused(problem, original):
    index = descent.epochs_of(problem, "retain", 1)
    streams = {"examples": stream(index, problem.task.labels)}
    mask = jax.tree.map(np.ones_like, original.params)
    mask["classifier"] = {"kernel": mask["classifier"]["kernel"][:, :, :3]}
    with pytest.raises(InputError) as error:
        descent.descend(problem, cross_entropy, original, streams, np.full((2, 1), 0.1),
                        grad_mask=mask)
    assert "['classifier']['bias']: has shape absent, allowed: (2, 10)" in str(error.value)
    assert "['classifier']['kernel']: has shape (2, 8, 3), allowed: (2, 8, 10)" in str(error.value)


def test_streams_of_unequal_length_are_refused(problem, original):
    """A shorter stream must not go on with other examples."""
    labels = problem.task.labels
    streams = {part: stream(descent.epochs_of(problem, part, 1), labels)
               for part in ("retain", "forget")}
    with pytest.raises(InputError, match="the same for all, as every step takes a batch of each"):
        descent.descend(problem, neggrad_plus.objective, original, streams, np.full((2, 1), 0.1),
                        {"alpha": 0.9})
    with pytest.raises(InputError, match="where epochs divides the 19 steps"):
        descent.descend(problem, cross_entropy, original, {"examples": streams["retain"]},
                        np.full((2, 2), 0.1))


@pytest.mark.parametrize("name, changed", [
    ("influence", {"alpha": 1e300}), ("finetune", {"epochs": 1, "learning_rate": 1e30}),
    ("retrain", {"epochs": 1, "learning_rate": 1e30})])
def test_divergence_is_found_or_left_to_the_caller(name, changed, problem, original):
    anything = dataclasses.replace(  # a config refuses such values
        ALGORITHMS[name], checks=dict.fromkeys(ALGORITHMS[name].checks, lambda value: None))
    with pytest.raises(DivergedError, match="seed [01]"):
        apply(anything, problem, original, hparams(name, **changed))
    lenient = problem._replace(stop_when_diverged=False)
    states, _ = apply(anything, lenient, original, hparams(name, **changed))
    assert not np.isfinite(leaves(states.params)).all()
