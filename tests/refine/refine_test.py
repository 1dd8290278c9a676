import itertools

import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.forget.by_score import (
    MEMORIZATION_CENTERS,
    SELECTIONS,
    proxy_centers,
    select,
)
from rum_jax.refine import REFINEMENTS, SCORES, SUBSETS, fault, refinement, subset_names
from rum_jax.refine.by_score import cut
from rum_jax.refine.contract import level_of, names_of


def test_selection_by_hand():
    scores = np.array([0.9, 0.1, 0.5, 0.5, 0.0, 0.45, 1.0, 0.1])
    assert select("high", scores, 2).tolist() == [0, 6]
    assert select("low", scores, 3).tolist() == [1, 4, 7]
    assert select("mid", scores, 3).tolist() == [2, 3, 5]
    assert select("mix", scores, 6).tolist() == [0, 2, 3, 4, 6, 7]


def test_a_mix_whose_parts_overlap_is_refused():
    with pytest.raises(InputError, match="forget.size: is 6; 1 example"):
        select("mix", np.array([1.0, 0.6, 0.55, 0.1, 0.0, 0.0]), 6)


def test_unknown_scores_are_never_chosen():
    scores = np.array([np.nan, 0.1, np.nan, 0.2])
    assert select("low", scores, 1).tolist() == [1]
    assert select("high", scores, 2).tolist() == [1, 3]
    with pytest.raises(InputError, match="at most 2, as memorization of only 2 of 4"):
        select("low", scores, 3)


def examples(size, seed=1):
    """Every score, and labels, of so many examples."""
    rng = np.random.default_rng(seed)
    return {**{name: rng.random(size) for name in SCORES}, "label": rng.integers(0, 3, size)}


@pytest.mark.parametrize("subsets, names", [
    (2, ("low", "high")), (3, ("low", "mid", "high")),
    (5, ("low", "mid_1", "mid_2", "mid_3", "high"))])
def test_names_of_subsets(subsets, names):
    assert names_of(subsets) == names == subset_names("memorization", subsets)
    assert [level_of(name) for name in names] == [name.split("_")[0] for name in names]
    assert level_of("rest_1") == "rest_1"


@pytest.mark.parametrize("name", [*REFINEMENTS, "memorization*entanglement"])
@pytest.mark.parametrize("size, subsets", [(12, 2), (10, 3), (12, 3), (22, 5)])
def test_refinements_are_partitions_of_nearly_equal_sizes(name, size, subsets):
    parts = refinement(name)(examples(size), subsets, np.random.default_rng(0))
    assert tuple(parts) == subset_names(name, subsets)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(size))
    assert max(map(len, parts.values())) - min(map(len, parts.values())) <= 1
    assert all((np.diff(part) > 0).all() for part in parts.values())


@pytest.mark.parametrize("name", ["memorization", "confidence", "entanglement"])
def test_refinement_by_score_is_ordered_by_that_score(name):
    known = examples(60)
    parts = list(refinement(name)(known, 4, np.random.default_rng(0)).values())
    for lower, upper in itertools.pairwise(parts):
        assert known[name][lower].max() <= known[name][upper].min()


def test_the_control_ignores_scores_and_follows_the_generator():
    known = examples(600)
    parts, again, other = (refinement("shuffled")(known, 3, np.random.default_rng(seed))
                           for seed in (0, 0, 1))
    assert abs(known["memorization"][parts["low"]].mean()
               - known["memorization"][parts["high"]].mean()) < 0.1
    assert set(parts["low"]) == set(again["low"]) != set(other["low"])


@pytest.mark.parametrize("name", ["memorization", "confidence", "class",
                                  "memorization*entanglement"])
def test_ties_do_not_follow_the_order_of_the_data(name):
    """All scores are equal: subsets are drawn, and cover the whole of the forget set."""
    known = {key: np.zeros(300) for key in (*SCORES, "label")}
    parts, again, other = (refinement(name)(known, 3, np.random.default_rng(seed))
                           for seed in (0, 0, 1))
    for subset, indices in parts.items():
        assert abs(indices.mean() - 149.5) < 40, subset
        assert indices.tolist() == again[subset].tolist() != other[subset].tolist()


def test_ties_are_in_the_order_that_is_known():
    known = {"memorization": np.array([0.0, 0.5, 0.0, 0.0]), "label": np.zeros(4),
             "ties:memorization": np.array([7, 1, 2, 3])}
    parts = refinement("memorization")(known, 2, np.random.default_rng(0))
    assert {name: part.tolist() for name, part in parts.items()} == {"low": [2, 3],
                                                                     "high": [0, 1]}


@pytest.mark.parametrize("name, unknown", [
    ("memorization", 2), ("memorization*entanglement", 2), ("entanglement*memorization", 2),
    ("confidence*entanglement", 0)])
def test_a_score_that_is_not_known_of_all_is_no_refinement(name, unknown):
    known = {**examples(30), "memorization": np.r_[np.nan, np.zeros(28), np.nan]}
    if not unknown:
        refinement(name)(known, 3, np.random.default_rng(0))
        return
    with pytest.raises(InputError, match=r"refinement by memorization: is not known \(NaN\) of 2 "
                                         "of 30 examples .* Raise config.campaign.models"):
        refinement(name)(known, 3, np.random.default_rng(0))
    with pytest.raises(InputError, match="score: is not known .* of 1 of 2"):
        cut(np.array([np.inf, 1.0]), 2)


def test_two_scores_cut_each_subset_of_the_first_by_the_second():
    known = {"memorization": np.array([0, 1, 2, 3, 10, 11, 12, 13.0]),
             "entanglement": np.array([5, 1, 6, 2, 4, 3, 1, 2.0]), "label": np.zeros(8)}
    parts = refinement("memorization*entanglement")(known, 2, np.random.default_rng(0))
    assert {name: part.tolist() for name, part in parts.items()} == {
        "low_1": [1, 3], "low_2": [0, 2], "high_1": [6, 7], "high_2": [4, 5]}


def test_classes_stay_together():
    known = {"label": np.array([2, 0, 1, 0, 2, 1])}
    parts = refinement("class")(known, 3, np.random.default_rng(0))
    assert [known["label"][part].tolist() for part in parts.values()] == [[0, 0], [1, 1], [2, 2]]


@pytest.mark.parametrize("name", ["size", "label*memorization", "memorization*", 3])
def test_unknown_refinements(name):
    assert f"is {name!r}; known: accuracy, class" in fault(name)


def test_a_mix_is_refined_into_its_own_parts():
    scores = np.random.default_rng(2).random(300)
    chosen = select("mix", scores, 30)
    parts = REFINEMENTS["memorization"]({"memorization": scores[chosen]}, 3,
                                        np.random.default_rng(0))
    for name in SUBSETS:
        assert set(chosen[parts[name]]) == set(SELECTIONS[name](scores, 10, MEMORIZATION_CENTERS))


def test_the_middle_of_a_proxy_is_its_median_and_ties_are_nearer_to_the_mid_range_first():
    scores = np.array([0.0, 1.0, 3.0, 2.0, 10.0])
    assert proxy_centers(scores) == (5.0, 2.0)
    assert SELECTIONS["mid"](scores, 3, proxy_centers(scores)).tolist() == [3, 2, 1]
    assert SELECTIONS["mix"](scores, 4, proxy_centers(scores)).tolist() == [4, 3, 1, 0]


def user_refinement(tmp_path, source):
    (tmp_path / "my_refinement.py").write_text(f"def split(examples, generator):\n    {source}\n")
    return refinement(f"{tmp_path}/my_refinement.py:split")


FOUR = {"label": np.zeros(4)}


def test_a_refinement_of_ones_own(tmp_path):
    split = user_refinement(tmp_path, "return {'low': [2], 'high_near': [1, 0], 'high_far': [3]}")
    parts = split(FOUR, 3, np.random.default_rng(0))
    assert {name: indices.tolist() for name, indices in parts.items()} == {
        "low": [2], "high_near": [0, 1], "high_far": [3]}
    assert subset_names(f"{tmp_path}/my_refinement.py:split", 3) is None


@pytest.mark.parametrize("source, message", [
    ("return [1, 2]", "returned list; allowed: a dict whose keys are low, mid, high, or one"),
    ("return {'low': [0], 'rest': [1]}", r"returned \['low', 'rest'\]"),
    ("return {}", r"returned \[\]; allowed"),
    ("return {'low': [0], 'mid': [0], 'high': [1, 2, 3]}",
     "no partition of the indices 0..3 of the forget set"),
    ("return {'low': [], 'mid': [0], 'high': [1, 2, 3]}", "low is .*; allowed: at least one"),
    ("return {'low': [object()], 'mid': [0]}", r"low is \[<object object>\]; allowed"),
    ("return {object(): [0]}", r"returned \[<object object>\]; allowed"),
    ("return {'low': 7, 'mid': [0], 'high': [1, 2, 3]}", "low is 7; allowed: at least one"),
    ("return {'low': [0.5], 'mid': [0], 'high': [1, 2, 3]}", "all of them integers")])
def test_a_refinement_that_breaks_the_contract(tmp_path, source, message):
    with pytest.raises(InputError, match=message):
        user_refinement(tmp_path, source)(FOUR, 3, np.random.default_rng(0))
