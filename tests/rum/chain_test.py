import jax
import numpy as np
import pytest
from conftest import leaves

from rum_jax.core import checks
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.refine import REFINEMENTS, SUBSETS
from rum_jax.rum import chain
from rum_jax.rum.chain import Step
from rum_jax.runtime.progress import silent
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.base import Algorithm

ONE_EPOCH = {**ALGORITHMS["finetune"].hparams(), "epochs": 1, "learning_rate": 0.05}


@pytest.fixture
def spy(monkeypatch):
    """An algorithm that only notes what it was asked to do."""
    calls = []

    def unlearn(problem, states, *, mark=""):
        calls.append((problem.step, problem.forget, problem.retain, mark))
        return ALGORITHMS["none"].unlearn(problem, states)

    monkeypatch.setitem(ALGORITHMS, "spy", Algorithm("spy", unlearn, {"mark": checks.text}))
    return calls


def chain_of(problem, train, partitions, steps, original, **changed) -> chain.Chain:
    """A chain of two models that were trained on the same examples."""
    return chain.Chain(problem.task, np.stack([train] * 2), partitions, steps, (0, 1),
                     problem.optimizer, original)._replace(**changed)


@pytest.mark.parametrize("order", [SUBSETS, ("high", "low", "mid")])
def test_steps_see_their_subset_and_retain_what_is_not_yet_handled(
        spy, order, problem, original):
    train = np.arange(100, 200, dtype=np.int32)
    forget = np.arange(110, 140, dtype=np.int32)
    partitions = [chain.partition(REFINEMENTS["shuffled"], forget, {"label": np.zeros(30)}, 3,
                                np.random.default_rng(seed)) for seed in (0, 1)]
    steps = [Step(name, "spy", {"mark": name}) for name in order]
    done = chain.run(chain_of(problem, train, partitions, steps, original), silent)
    assert [(number, mark) for number, _, _, mark in spy] == list(enumerate(order))
    for m in range(2):
        gone = set()
        for (_, given, retain, name) in spy:
            assert given[m].tolist() == partitions[m][name].tolist()
            gone |= set(given[m])
            assert retain[m].tolist() == [i for i in train if i not in gone]
        assert gone == set(forget)
    assert len(done.histories) == 3 and done.seconds >= 0


def test_a_chain_of_one_step_is_the_algorithm_itself(problem, original):
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    parts = [{chain.WHOLE: problem.forget[0]}] * 2
    done = chain.run(chain_of(problem, train, parts, [Step(chain.WHOLE, "finetune", ONE_EPOCH)],
                            original), silent)
    alone, _ = ALGORITHMS["finetune"].unlearn(problem, original, **ONE_EPOCH)
    np.testing.assert_array_equal(leaves(done.states), leaves(alone))


def test_order_matters_and_the_originals_are_spared(problem, original):
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    scores = {"memorization": np.arange(len(problem.forget[0]), dtype=float)}
    parts = [chain.partition(REFINEMENTS["memorization"], problem.forget[0], scores, 3,
                           np.random.default_rng(0))] * 2
    before = leaves(original)
    results = []
    for order in (SUBSETS, SUBSETS[::-1]):
        steps = [Step(name, "finetune", ONE_EPOCH) for name in order]
        done = chain.run(chain_of(problem, train, parts, steps, original), silent)
        results.append(leaves(done.states.params))
    assert np.abs(results[0] - results[1]).max() > 1e-4
    np.testing.assert_array_equal(leaves(original), before)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(done.states))


def finetuned(problem, original, merged, watch=None):
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    thirds = np.array_split(problem.forget[0], 3)
    steps = [Step(name, "finetune", ONE_EPOCH) for name in SUBSETS]
    parts = [dict(zip(SUBSETS, thirds, strict=True))] * 2
    whole = chain_of(problem, train, parts, steps, original, merged=merged)
    return whole, chain.run(whole, silent, watch)


def test_merged_steps_start_from_the_original_without_the_whole_forget_set(spy, problem, original):
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    parts = [dict(zip(SUBSETS, np.array_split(problem.forget[0], 3), strict=True))] * 2
    steps = [Step(name, "spy", {"mark": name}) for name in SUBSETS]
    chain.run(chain_of(problem, train, parts, steps, original, merged=True), silent)
    rest = np.setdiff1d(train, problem.forget[0]).tolist()
    assert [retain[m].tolist() for _, _, retain, _ in spy for m in (0, 1)] == [rest] * 6


def test_merging_adds_changes_up_and_averages_running_statistics(original):
    def moved(params, statistics):
        return original.replace(
            params=jax.tree.map(lambda leaf: leaf + params, original.params),
            model_state=jax.tree.map(lambda leaf: leaf * statistics, original.model_state))

    merged = chain.merge(original, [moved(0.25, 1.0), moved(-0.5, 4.0)])
    np.testing.assert_allclose(leaves(merged.params), leaves(original.params) - 0.25, atol=1e-6)
    np.testing.assert_allclose(leaves(merged.model_state), 2.5 * leaves(original.model_state),
                               rtol=1e-6)
    np.testing.assert_array_equal(leaves(merged.opt_state), leaves(original.opt_state))


def test_models_of_other_shapes_cannot_be_merged(original):
    other = original.replace(params=jax.tree.map(lambda leaf: leaf[..., :1], original.params))
    with pytest.raises(InputError, match="steps=merged: an algorithm has added outputs"):
        chain.merge(original, [other])


@pytest.mark.parametrize("merged", [False, True])
def test_every_step_can_be_watched(problem, original, merged):
    seen = {}
    _, done = finetuned(problem, original, merged, seen.__setitem__)
    assert list(seen) == [0, 1, 2]
    np.testing.assert_array_equal(leaves(seen[2]), leaves(done.states))
    assert np.abs(leaves(seen[0].params) - leaves(seen[1].params)).max() > 1e-4


def test_steps_and_requests_draw_at_addresses_of_their_own(monkeypatch, problem, original):
    drawn = []

    def unlearn(problem, states):
        drawn.append(problem.generators("forget", 5)[1].integers(2**62))
        return ALGORITHMS["none"].unlearn(problem, states)

    monkeypatch.setitem(ALGORITHMS, "spy", Algorithm("spy", unlearn, {}))
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    parts = [{"a": problem.forget[0][:4], "b": problem.forget[0][4:]}] * 2
    steps = [Step(name, "spy", {}) for name in "ab"]
    for request in range(3):
        chain.run(chain_of(problem, train, parts, steps, original, request=request), silent)
    addresses = [(0, 5), (1, 5), (0, 5, 1), (1, 5, 1), (0, 5, 2), (1, 5, 2)]
    assert drawn == [generator(1, "forget", *address).integers(2**62) for address in addresses]
    assert len(set(drawn)) == 6


def test_each_model_retains_what_it_was_trained_on_itself(spy, problem, original):
    train = np.stack([np.arange(60), np.arange(40, 100)]).astype(np.int32)
    parts = [{"a": np.array([50, 41])}, {"a": np.array([50, 99])}]
    alike = chain_of(problem, train[0], parts, [Step("a", "spy", {"mark": ""})], original)
    chain.run(alike._replace(train=train), silent)
    (_, _, retain, _), = spy
    for m, positions in enumerate(train):
        assert retain[m].tolist() == sorted(set(positions.tolist()) - set(parts[m]["a"].tolist()))
