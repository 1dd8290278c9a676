import jax
import numpy as np
import pytest
from conftest import leaves

from rum_jax import checks, rum
from rum_jax.progress import silent
from rum_jax.refine import REFINEMENTS, SUBSETS
from rum_jax.rum import Step
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.base import Algorithm


@pytest.fixture
def spy(monkeypatch):
    """An algorithm that only notes what it was asked to do."""
    asked = []

    def unlearn(problem, states, hparams):
        asked.append((problem.step, problem.forget, problem.retain, hparams["mark"]))
        return ALGORITHMS["none"].unlearn(problem, states, {})

    monkeypatch.setitem(ALGORITHMS, "spy", Algorithm(unlearn, {"mark": checks.text}, {}, {}))
    return asked


@pytest.mark.parametrize("order", [SUBSETS, ("high", "low", "mid")])
def test_steps_see_their_subset_and_retain_what_is_not_yet_handled(
        spy, order, problem, original):
    train = np.arange(100, 200, dtype=np.int32)
    forget = np.arange(110, 140, dtype=np.int32)
    partitions = [rum.partition(REFINEMENTS["shuffled"], forget, np.zeros(30),
                                np.random.default_rng(seed)) for seed in (0, 1)]
    steps = [Step(name, "spy", {"mark": name}) for name in order]
    done = rum.chain(problem.task, train, partitions, steps, (0, 1), problem.optimizer, original,
                     silent)
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
    hparams = {"epochs": 1, "learning_rate": 0.05}
    parts = [{rum.WHOLE: problem.forget[0]}] * 2
    done = rum.chain(problem.task, train, parts, [Step(rum.WHOLE, "finetune", hparams)], (0, 1),
                     problem.optimizer, original, silent)
    alone, _ = ALGORITHMS["finetune"].unlearn(problem, original, hparams)
    np.testing.assert_array_equal(leaves(done.states), leaves(alone))


def test_order_matters_and_the_originals_are_spared(problem, original):
    train = np.union1d(problem.forget[0], problem.retain[0]).astype(np.int32)
    scores = np.arange(len(problem.forget[0]), dtype=float)
    parts = [rum.partition(REFINEMENTS["memorization"], problem.forget[0], scores,
                           np.random.default_rng(0))] * 2
    before = leaves(original)
    results = []
    for order in (SUBSETS, SUBSETS[::-1]):
        steps = [Step(name, "finetune", {"epochs": 1, "learning_rate": 0.05}) for name in order]
        done = rum.chain(problem.task, train, parts, steps, (0, 1), problem.optimizer, original,
                         silent)
        results.append(leaves(done.states.params))
    assert np.abs(results[0] - results[1]).max() > 1e-4
    np.testing.assert_array_equal(leaves(original), before)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(done.states))
