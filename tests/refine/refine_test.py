import numpy as np
import pytest
from conftest import golden

from rum_jax.errors import InputError
from rum_jax.refine import REFINEMENTS, SUBSETS
from rum_jax.refine.forget_set import SELECTIONS, select


@pytest.mark.parametrize("case", golden("forget_sets"), ids=["v1", "v2"])
@pytest.mark.parametrize("name", list(SELECTIONS))
def test_selection_by_memorization_equals_the_reference(case, name):
    scores, size = case["memorization"][case["train_idx"]], int(case["hp_n"])
    if name == "mix":
        size -= size % 3
        expected = np.concatenate([SELECTIONS[part](scores, size // 3) for part in SUBSETS])
        reference = set(case["mem_mix_forget"])
        assert len(set(expected) ^ reference) <= int(case["hp_n"]) % 3
    else:
        expected = case[f"mem_{name}_forget"]
        assert SELECTIONS[name](scores, size).tolist() == expected.tolist()


@pytest.mark.parametrize("case", golden("select_fs"), ids=["v1", "v2"])
def test_selection_among_candidates_equals_the_reference(case):
    candidates = case["indices"]
    scores = case["scores"][candidates]
    centred = scores - np.median(scores) + 0.5  # a proxy's mid is its median
    for name in SUBSETS:
        chosen = candidates[SELECTIONS[name](centred, 90)]
        assert sorted(chosen) == sorted(case[f"{name}_90"]), name
    assert sorted(candidates[SELECTIONS["mix"](centred, 90)]) == sorted(case["mix_90"])


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
        assert set(chosen[parts[name]]) == set(SELECTIONS[name](scores, 10))
