"""What models are compared with: oracles of one forget set, strata, classes that are kept."""

import numpy as np
import pytest
from toy import FIELDS

from rum_jax.config import base
from rum_jax.config.content import content_of
from rum_jax.evaluate import compare, evaluate
from rum_jax.evaluate.reference import mean_of
from rum_jax.evaluate.relearn import Relearned
from rum_jax.evaluate.view import View
from rum_jax.refine.contract import names_of
from rum_jax.study import references as module
from rum_jax.study.context import Study
from rum_jax.study.evaluation import kept_test
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import References, parts_of, same_forget_cases

SETS = ("class:3", "random")


@pytest.fixture
def study(dataset, task, tmp_path):
    config = base.get_config()
    config.update_from_flattened_dict({name: value for name, value in FIELDS.items()
                                       if not name.startswith("rows")})
    return Study(tmp_path, config, dataset, task, content_of(config.to_dict()), tmp_path)


@pytest.fixture
def cases(dataset):
    """The first set is the same for both seeds, the second is not."""
    threes = dataset.train[dataset.labels[dataset.train] == 3][:30]
    drawn = [np.sort(np.random.default_rng(seed).choice(dataset.train, 30, replace=False))
             for seed in (0, 1)]
    forget = np.stack([threes, threes, *drawn]).astype(np.int32)
    return Cases(SETS, (0, 1, 0, 1), forget, np.empty((4, 0), np.int32))


@pytest.fixture
def references(study, cases):
    """Of oracles that are made up; the second ones are as many."""
    references = References(study, None, "oracle", cases, "again")
    logits = [np.random.default_rng(k).normal(
        size=(4, len(study.task.labels), 10)).astype(np.float32) for k in (0, 1)]
    references.__dict__["_logits"] = logits
    references.__dict__["views"] = [
        View(case_logits, study.task.labels, parts_of(study, forget))
        for case_logits, forget in zip(logits[0], cases.forgotten, strict=True)]
    return references


def test_cases_that_forget_the_same(cases):
    assert same_forget_cases(cases) == [[0, 1], [0, 1], [2], [3]]
    assert [cases.set_of(m) for m in range(4)] == ["class:3", "class:3", "random", "random"]
    single_set = cases._replace(sets=("class:3",), seeds=(0, 1, 0, 1))
    assert same_forget_cases(single_set) == [[0, 1], [0, 1], [2], [3]]


def test_the_reference_is_the_mean_of_all_oracles_of_the_forget_set(references):
    other = View(np.random.default_rng(9).normal(size=references.views[0].logits.shape),
                 references.views[0].labels, references.views[0].parts)
    oracles = [references.views[0]._replace(logits=logits[k])
               for logits in references._logits for k in (0, 1)]
    expected = [references.values(0, evaluate(view, view)) for view in oracles]
    for name, value in references.expected(0, other).items():
        np.testing.assert_allclose(value, np.mean([values[name] for values in expected], axis=0))
    # An oracle itself, whatever the row is called, is left out.
    for left_out, view in enumerate(oracles):
        reference = references.expected(0, view)
        rest = mean_of([values for k, values in enumerate(expected) if k != left_out])
        assert reference["mia"] == pytest.approx(rest["mia"])
        assert compare(references.values(0, evaluate(view, view)), reference)["tow"] < 1


def test_the_reference_may_be_the_oracle_of_the_same_seed(references):
    with references.study.config.unlocked():
        references.study.config.oracles = "paired"
    for m, view in enumerate(references.views):
        scores = compare(references.values(m, evaluate(view, view)), references.expected(m, view))
        assert set(scores.values()) == {1}


def test_an_oracle_alone_is_its_own_reference(references):
    references.__dict__["_logits"] = references._logits[:1]
    view = references.views[2]
    assert references.expected(2, view)["mia"] == evaluate(view, view)["mia"].value


def test_strata_are_thirds_by_the_oracles_confidence_or_by_memorization(references, monkeypatch):
    by, parts = references.strata
    assert by == "oracle confidence" and [len(part) for part in parts[2]] == [10, 10, 10]
    confidence = references._confidence(2)
    for lower, upper in zip(parts[2], parts[2][1:], strict=False):
        assert confidence[lower].max() <= confidence[upper].min()
    assert sorted(np.concatenate(parts[2])) == list(range(30))
    del references.__dict__["strata"]
    scores = np.linspace(0, 1, len(references.study.task.labels))
    monkeypatch.setattr(module, "memorization_of", lambda study: scores)
    by, parts = references.strata
    assert by == "memorization" and [part.tolist() for part in parts[3]] == [
        list(range(start, start + 10)) for start in (0, 10, 20)]
    scores[references.cases.forget[3, 4]] = np.nan  # not known of one example
    del references.__dict__["strata"]
    assert references.strata.by == "oracle confidence"


def test_strata_of_equal_scores_are_drawn(references, monkeypatch):
    monkeypatch.setattr(module, "memorization_of",
                        lambda study: np.zeros(len(study.task.labels)))
    parts = references.strata.parts[2]
    assert max(parts[0]) > 15 and min(parts[2]) < 15
    with references.study.config.unlocked():
        references.study.config.forget.ties = "first"
    del references.__dict__["strata"]
    assert references.strata.parts[2][0].tolist() == list(range(10))


def test_values_of_strata_make_up_the_whole(references):
    view = references.views[2]
    values = references.values(2, evaluate(view, view))
    assert len(values["mia_strata"]) == len(names_of(3))
    np.testing.assert_allclose(values["mia_strata"].mean(), values["mia"])
    np.testing.assert_allclose(values["forget_accuracy_strata"].mean(), values["forget_accuracy"])


@pytest.mark.parametrize("needed, expected", [(0.01, 0.01), (0.05, 0.05), (9, 0.2)])
def test_relearning_is_at_the_lowest_rate_at_which_most_oracles_get_there(
        references, monkeypatch, needed, expected):
    """One of six oracles never does."""
    def epochs(study, original, cases, states, rate):
        there = np.array([rate >= needed] * 5 + [False])
        return Relearned(np.where(there, 2, study.config.relearn.epochs + 1), None)

    monkeypatch.setattr(module, "load_states", lambda study, folder: None)
    monkeypatch.setattr(module, "relearning", epochs)
    assert references.relearning_rate == expected
    del references.__dict__["relearning_rate"]
    with references.study.config.unlocked():
        references.study.config.relearn.learning_rate = 0.3
    assert references.relearning_rate == 0.3


def test_shadow_members_are_the_same_for_all_models_of_a_case(study, cases):
    members, same, other = (parts_of(study, cases.forget[m])["shadow_members"] for m in (0, 1, 2))
    assert members.tolist() == same.tolist() != other.tolist()
    assert set(members) < set(study.dataset.train) - set(cases.forget[0])
    later = parts_of(study, cases.forget[0], request=1)["shadow_members"]
    assert set(later) != set(members)
    with study.config.unlocked():
        study.config.mia.shadow_members = "first"
    first = parts_of(study, cases.forget[0])
    np.testing.assert_array_equal(first["shadow_members"],
                                  first["retain"][:len(first["test"])])


def test_classes_that_are_kept(study, cases):
    labels, test = study.task.labels, study.dataset.positions["test"]
    kept = kept_test(study, cases, 0)
    assert set(labels[kept]) == set(range(10)) - {3}
    assert len(kept) == (labels[test] != 3).sum()
    assert len(kept_test(study, cases, 2)) == 0
    # Of class 5 nothing is left after an earlier request.
    fives = study.dataset.train[labels[study.dataset.train] == 5]
    later = cases._replace(sets=("class:3",), seeds=(0, 1), forget=cases.forget[:2],
                           earlier=np.stack([fives, fives]).astype(np.int32))
    assert set(labels[kept_test(study, later, 1)]) == set(range(10)) - {3, 5}


def test_strata_by_confidence_are_cut_without_the_oracles_with_other_seeds(references):
    """These are the noise floor: they must not choose the strata that they are judged by."""
    assert references.strata.by == "oracle confidence"
    before = references.strata.parts
    other = References(references.study, None, "oracle", references.cases, "again")
    other.__dict__["_logits"] = [references._logits[0], -references._logits[1]]
    for part, same in zip(sum(before, []), sum(other.strata.parts, []), strict=True):
        np.testing.assert_array_equal(part, same)
