import numpy as np
import pytest

from rum_jax.replicates.contrasts import effects, stated

from .made_up import REPLICATES, SEEDS, table, values

ROWS = ("original", "vanilla:finetune", "vanilla:scrub", "rum")
PARTS = ("low", "mid", "high")


def number_of(part, row):
    return 10 * PARTS.index(part) + ROWS.index(row)


MADE = values({part: {row: {"tow": table(number_of(part, row)), "mia": table(99)} for row in ROWS}
               for part in PARTS})


def given(first, second=(), measure="difference", metrics=("tow",)):
    return {"claim": "RUM helps", "family": "3", "first": first, "second": second,
            "measure": measure, "metrics": metrics, "test": "superiority",
            "direction": "less", "margin": 0.03}


def compared(scores=None, **contrast):
    return stated({"RUM": given(**contrast)}, dict.fromkeys(PARTS, ROWS), scores or {})


def effect(made=MADE, **contrast):
    (each,) = effects(compared(**contrast), made)
    return each.values


def of(cell):
    """float64[R,S] of a cell, from its definition."""
    part, _, row = cell.partition("/")
    return table(number_of(part, row))


def test_a_contrast_for_each_metric_with_all_that_is_stated():
    both = compared(first=("low/rum",), second=("low/original",), metrics=("tow", "mia"))
    assert [each.contrast.name for each in both] == ["RUM, tow", "RUM, mia"]
    assert [each.contrast.metric for each in both] == ["tow", "mia"]
    (alone,) = compared(first=("low/rum",), second=("low/original",))
    assert alone.contrast._asdict() == {
        "name": "RUM", "claim": "RUM helps", "family": "3", "metric": "tow",
        "test": "superiority", "direction": "less", "margin": 0.03, "only_if": ""}
    assert alone.first == (("low", "rum"),) and alone.second == (("low", "original"),)
    found = effects(both, MADE)
    np.testing.assert_allclose(found[0].values, of("low/rum") - of("low/original"))
    assert not found[1].values.any(), "all rows have the same mia"
    assert found[0].contrast is both[0].contrast


def test_a_condition_is_the_contrast_of_the_same_metric():
    given = {"claim": "c", "family": "f", "first": ("low/rum",), "second": ("low/original",),
             "measure": "difference", "test": "superiority", "direction": "less", "margin": 0.03}
    found = stated({"a": {**given, "metrics": ("tow", "mia")},
                    "b": {**given, "metrics": ("mia",), "only_if": "a"},
                    "c": {**given, "metrics": ("mia",)},
                    "d": {**given, "metrics": ("mia",), "only_if": "c"}},
                   {"low": ("rum", "original")}, {})
    assert {each.contrast.name: each.contrast.only_if for each in found} == {
        "a, tow": "", "a, mia": "", "b": "a, mia", "c": "", "d": "c"}


def test_a_difference_of_means_of_cells():
    first, second = ("low/rum", "high/rum", "mid/rum"), ("low/original", "high/vanilla:scrub")
    expected = (of(first[0]) + of(first[1]) + of(first[2])) / 3 - (
        of(second[0]) + of(second[1])) / 2
    np.testing.assert_allclose(effect(first=first, second=second), expected)


def test_without_a_second_side_the_mean_itself():
    np.testing.assert_allclose(effect(first=("low/rum", "mid/rum")),
                               (of("low/rum") + of("mid/rum")) / 2)


def test_an_interaction_is_the_change_from_first_to_last_beyond_that_of_the_others():
    found = effect(first=("low/rum", "mid/rum", "high/rum"), measure="interaction",
                   second=("low/original", "high/original"))
    np.testing.assert_allclose(found, of("high/rum") - of("low/rum")
                               - of("high/original") + of("low/original"))


def test_a_slope_is_that_of_numpy_on_the_logarithm_of_entanglement():
    ratios = {part: np.exp(table(40 + k)) for k, part in enumerate(PARTS)}
    cells = {part: {row: {"tow": of(f"{part}/{row}")} for row in ROWS} for part in PARTS}
    found = effect(values(cells, ratios), first=[f"{part}/rum" for part in PARTS], measure="slope")
    for t in range(len(REPLICATES)):
        for s in range(SEEDS):
            x = [np.log(ratios[part][t, s]) for part in PARTS]
            y = [of(f"{part}/rum")[t, s] for part in PARTS]
            assert found[t, s] == pytest.approx(np.polyfit(x, y, 1)[0])


def test_a_slope_by_hand():
    """One unit per doubling of entanglement, in every replicate."""
    ratios = {part: np.full((3, 2), ratio) for part, ratio in zip(PARTS, (0.5, 1, 2), strict=True)}
    cells = {part: {"rum": {"tow": table(0) + k}} for k, part in enumerate(PARTS)}
    found = effect(values(cells, ratios), first=[f"{part}/rum" for part in PARTS], measure="slope")
    np.testing.assert_allclose(found, 1 / np.log(2))


SCORES = {"low": {"vanilla:finetune": 0.5, "vanilla:scrub": 0.9, "rum": 0.95},
          "mid": {"vanilla:finetune": 0.9, "vanilla:scrub": 0.6, "rum": 0.1},
          "high": {"vanilla:finetune": 0.7, "vanilla:scrub": 0.7, "rum": 0.1}}


@pytest.mark.parametrize("text, expected", [
    ("low/best(vanilla:*)", ("low", "vanilla:scrub")),
    ("mid/best(vanilla:*)", ("mid", "vanilla:finetune")),
    ("high/best(vanilla:*)", ("high", "vanilla:finetune")),        # a tie: the first
    ("low/best(*)", ("low", "rum")),                               # the original has no score
    ("low/best(vanilla:*; mid)", ("low", "vanilla:finetune")),
    ("high/best(vanilla:*; low, mid)", ("high", "vanilla:scrub")),  # 0.75 against 0.7
    (" mid / best( vanilla:* ; low , mid, high ) ", ("mid", "vanilla:scrub")),
    ("low/best(*; low, mid, high)", ("low", "vanilla:scrub"))])
def test_the_best_is_what_the_search_found_best_on_average_over_parts(text, expected):
    (each,) = compared(SCORES, first=(text,))
    assert each.first == (expected,)


def test_a_row_that_failed_in_one_part_is_not_the_best_over_several():
    scores = {**SCORES, "low": {**SCORES["low"], "vanilla:scrub": -np.inf}}
    (each,) = compared(scores, first=("low/best(vanilla:*; low, mid)",))
    assert each.first == (("low", "vanilla:finetune"),)


def test_the_best_is_not_chosen_by_the_values_that_are_compared():
    """The best row of the search is compared, whichever has the best values."""
    scores = {part: {"vanilla:finetune": 0.1, "vanilla:scrub": 0.2} for part in PARTS}
    cells = {part: {"original": {"tow": table(0)}, "vanilla:finetune": {"tow": table(1) + 100},
                    "vanilla:scrub": {"tow": table(2)}, "rum": {"tow": table(3)}}
             for part in PARTS}
    (each,) = effects(compared(scores, first=("low/best(vanilla:*)",)), values(cells))
    np.testing.assert_array_equal(each.values, table(2))
