import numpy as np
import pytest

from rum_jax.errors import InputError
from rum_jax.refine import REFINEMENTS, SUBSETS, refinement
from rum_jax.refine.forget_set import (
    MEMORIZATION_CENTERS,
    SELECTIONS,
    proxy_centers,
    select,
)


def test_selection_by_hand():
    scores = np.array([0.9, 0.1, 0.5, 0.5, 0.0, 0.45, 1.0, 0.1])
    assert select("high", scores, 2).tolist() == [0, 6]
    assert select("low", scores, 3).tolist() == [1, 4, 7]
    assert select("mid", scores, 3).tolist() == [2, 3, 5]
    assert select("mix", scores, 6).tolist() == [0, 2, 3, 4, 6, 7]


def test_a_mix_whose_parts_overlap_is_refused():
    with pytest.raises(InputError, match="forget.size is 6: 1 example"):
        select("mix", np.array([1.0, 0.6, 0.55, 0.1, 0.0, 0.0]), 6)


def test_unknown_scores_are_never_chosen():
    scores = np.array([np.nan, 0.1, np.nan, 0.2])
    assert select("low", scores, 1).tolist() == [1]
    assert select("high", scores, 2).tolist() == [1, 3]
    with pytest.raises(InputError, match="memorization of only 2 of 4 examples is known"):
        select("low", scores, 3)


@pytest.mark.parametrize("name", list(REFINEMENTS))
@pytest.mark.parametrize("size", [3, 10, 12])
def test_refinements_are_partitions_of_equal_sizes(name, size):
    scores = np.random.default_rng(1).random(size)
    parts = REFINEMENTS[name](scores, np.random.default_rng(0))
    assert tuple(parts) == SUBSETS
    assert sorted(np.concatenate(list(parts.values()))) == list(range(size))
    assert max(map(len, parts.values())) - min(map(len, parts.values())) <= 1


def test_refinement_by_score_is_ordered_and_the_control_is_not():
    scores = np.random.default_rng(1).random(60)
    parts = REFINEMENTS["memorization"](scores, np.random.default_rng(0))
    assert scores[parts["low"]].max() <= scores[parts["mid"]].min()
    assert scores[parts["mid"]].max() <= scores[parts["high"]].min()
    control = REFINEMENTS["shuffled"](scores, np.random.default_rng(0))
    assert abs(scores[control["low"]].mean() - scores[control["high"]].mean()) < 0.25
    other = REFINEMENTS["shuffled"](scores, np.random.default_rng(1))
    assert set(other["low"]) != set(control["low"])


def test_a_mix_is_refined_into_its_own_parts():
    scores = np.random.default_rng(2).random(300)
    chosen = select("mix", scores, 30)
    parts = REFINEMENTS["memorization"](scores[chosen], np.random.default_rng(0))
    for name in SUBSETS:
        assert set(chosen[parts[name]]) == set(SELECTIONS[name](scores, 10, MEMORIZATION_CENTERS))


def test_the_middle_of_a_proxy_is_its_median_and_ties_are_nearer_to_the_mid_range_first():
    scores = np.array([0.0, 1.0, 3.0, 2.0, 10.0])
    assert proxy_centers(scores) == (5.0, 2.0)
    assert SELECTIONS["mid"](scores, 3, proxy_centers(scores)).tolist() == [3, 2, 1]
    assert SELECTIONS["mix"](scores, 4, proxy_centers(scores)).tolist() == [4, 3, 1, 0]


def own(tmp_path, source):
    (tmp_path / "my_refinement.py").write_text(f"def split(scores, generator):\n    {source}\n")
    return refinement(f"{tmp_path}/my_refinement.py:split")


def test_a_refinement_of_ones_own(tmp_path):
    made = own(tmp_path, "return {'low': [2], 'mid': [0, 1], 'high': [3]}")
    parts = made(np.zeros(4), np.random.default_rng(0))
    assert {name: places.tolist() for name, places in parts.items()} == {
        "low": [2], "mid": [0, 1], "high": [3]}


@pytest.mark.parametrize("source, message", [
    ("return [1, 2]", "returned list; allowed: a dict of low, mid, high"),
    ("return {'low': [0], 'rest': [1]}", r"returned \['low', 'rest'\]"),
    ("return {'low': [0], 'mid': [0], 'high': [1, 2, 3]}", "no partition of the places 0..3"),
    ("return {'low': [], 'mid': [0], 'high': [1, 2, 3]}", "low is .*; allowed: at least one"),
    ("return {'low': 7, 'mid': [0], 'high': [1, 2, 3]}", "low is 7; allowed: at least one"),
    ("return {'low': [0.5], 'mid': [0], 'high': [1, 2, 3]}", "all of them integers")])
def test_a_refinement_that_breaks_the_contract(tmp_path, source, message):
    with pytest.raises(InputError, match=message):
        own(tmp_path, source)(np.zeros(4), np.random.default_rng(0))
