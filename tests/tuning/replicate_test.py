"""Candidates of a search are scored as rows of a study are, on the validation set."""

import jax
import numpy as np
import pytest
from conftest import leaves
from replicates.toy_study import compilations

from rum_jax.evaluate import compare, evaluate
from rum_jax.evaluate.view import View
from rum_jax.rum import chain as chains
from rum_jax.rum.chain import WHOLE, Step
from rum_jax.runtime.progress import silent
from rum_jax.study.references import References
from rum_jax.study.trained_models import again_seeds, retrained
from rum_jax.study.unlearning import chain_of
from rum_jax.train.predict import predict
from rum_jax.tuning.replicate import SearchReplicate
from rum_jax.unlearn import algorithm

VANILLA, CHAIN = "vanilla:finetune", "rum_f:finetune"


def finetune(subset=WHOLE, **hparams):
    return Step(subset, "finetune", {**algorithm("finetune").hparams(), "epochs": 1, **hparams})


def scores_of(replicate, row, steps, judged_on="validation"):
    """float64[S,2]: both scores of each model by a chain of an ordinary study, and its states."""
    study, cases = replicate.study, replicate.cases
    plan = replicate.plan(row)
    chain = chain_of(replicate.example_scores, plan, cases)._replace(steps=steps)
    states = chains.run(chain, silent).states
    forget = np.sort(np.concatenate([np.stack([parts[step.subset] for parts in plan.partitions])
                                     for step in steps], axis=1))
    named = f"alone/{len(steps)}-{row.replace(':', '-')}"
    oracles = [retrained(study, f"{named}/{name}", seeds, forget) for name, seeds in (
        ("oracle", cases.seeds), ("again", again_seeds(cases.seeds)))]
    references = References(study, replicate.example_scores.original, oracles[0],
                            cases._replace(forget=forget), oracles[1], judged_on)
    scores = []
    for m, logits in enumerate(predict(study.task, states)):
        view = View(logits, study.task.labels, references.views[m].parts)
        compared = compare(references.values(m, evaluate(view, view)),
                           references.expected(m, view))
        scores.append([compared["tow_stratified"], compared["tow_mia_stratified"]])
    return np.array(scores), states


@pytest.fixture
def replicate(search_replicates):
    return search_replicates[0]


def test_the_score_is_that_of_a_row_on_validation(replicate):
    step = finetune(epochs=2, learning_rate=0.05)
    scored = replicate.score(VANILLA, [], [step], replicate.after(VANILLA, [])[0])
    expected, _ = scores_of(replicate, VANILLA, [step])
    assert scored.scores.tolist() == [pytest.approx(expected.mean(), abs=1e-12)]
    judged_on_test, _ = scores_of(replicate, VANILLA, [step], "test")
    assert scored.scores[0] != pytest.approx(judged_on_test.mean(), abs=1e-6)
    assert 0 < scored.scores[0] < 1


def test_a_later_step_is_judged_by_all_subsets_until_then(replicate):
    low, mid = finetune("low", learning_rate=0.05), finetune("mid", learning_rate=0.02)
    after = replicate.after(CHAIN, [low])[0]
    scored = replicate.score(CHAIN, [low], [mid], after)
    expected, states = scores_of(replicate, CHAIN, [low, mid])
    assert scored.scores.tolist() == [pytest.approx(expected.mean(), abs=1e-12)]
    np.testing.assert_array_equal(leaves(replicate.after(CHAIN, [low, mid])[0].params),
                                  leaves(states.params))
    assert (leaves(after.params) != leaves(states.params)).any()


def test_candidates_that_run_together_have_the_scores_that_each_has_alone(replicate):
    states = replicate.after(VANILLA, [])[0]
    candidates = [finetune(learning_rate=0.01), finetune(epochs=2, learning_rate=0.2),
                  Step(WHOLE, "none", {}), finetune(learning_rate=0.1)]
    together = replicate.score(VANILLA, [], candidates, states)
    for number, step in enumerate(candidates):
        alone = replicate.score(VANILLA, [], [step], states)
        assert together.scores[number] == alone.scores[0]
        assert together.gradients[number] == alone.gradients[0]
    assert len(set(together.scores)) == 4
    before = leaves(replicate.after(VANILLA, [])[0].params)
    np.testing.assert_array_equal(leaves(states.params), before)


def test_gradients_are_those_of_the_retain_set(replicate):
    retain = len(replicate.study.dataset.train) - replicate.study.config.forget.size
    third = replicate.study.config.forget.size // 3
    states = replicate.after(VANILLA, [])[0]
    found = replicate.score(VANILLA, [], [finetune(), finetune(epochs=2), Step(WHOLE, "none", {})],
                            states).gradients
    assert found.tolist() == [retain, 2 * retain, 0]
    first = replicate.score(CHAIN, [], [finetune("low")], states).gradients
    assert first.tolist() == [retain + 2 * third], "the other subsets are still kept"
    assert replicate.retraining_gradients == replicate.study.config.train.epochs * retain


def test_a_candidate_that_diverges_has_failed_and_the_others_have_not(replicate):
    states = replicate.after(VANILLA, [])[0]
    scored = replicate.score(VANILLA, [], [finetune(learning_rate=1e30), finetune()], states)
    assert scored.scores[0] == -np.inf
    assert scored.scores[1] == replicate.score(VANILLA, [], [finetune()], states).scores[0]


def test_another_replicate_and_more_candidates_compile_nothing_new(search_replicates):
    first, second = search_replicates
    step = finetune(learning_rate=0.03)
    first.score(VANILLA, [], [step, finetune(epochs=2)], first.after(VANILLA, [])[0])
    with compilations() as (found, _):
        scored = second.score(VANILLA, [], [finetune(learning_rate=rate) for rate in (
            0.01, 0.02, 0.05)], second.after(VANILLA, [])[0])
        fresh = SearchReplicate(second.example_scores, second.cases)
        fresh.score(CHAIN, [], [finetune("low")], fresh.after(CHAIN, [])[0])
    assert not found and np.isfinite(scored.scores).all()


def test_compilations_are_counted():
    """What the test above relies on."""
    with compilations() as (found, places):
        jax.jit(lambda x: x * 3.25 + 1)(np.ones(3)).block_until_ready()
        places.append("later")
        jax.jit(lambda x: x * 3.5 + 1)(np.ones(3)).block_until_ready()
    assert found == {"start": 1, "later": 1}
