"""The answer is one pre-stated test, and says what the data do not exclude."""

import numpy as np
import pytest

from report.example_rows import row
from rum_jax.report import text
from rum_jax.report.answer import answer
from rum_jax.report.comparisons import (
    best_by_validation,
    compare,
    main_row,
    one_shot,
    primary_metric,
)

RUM, BEST = [0.9, 0.915, 0.9, 0.91], [0.8, 0.81, 0.805, 0.8]
SCOPE = {"seeds": 4, "data_seed": 3, "memorization": True, "forget_sets_alike": {"a": True}}


def results(rum=RUM, finetune=BEST, salun=(0.95, 0.96, 0.95, 0.94), others=(), seconds=0.5,
            **more):
    """Validation data prefer finetune, test data salun."""
    rows = [row("original", tow=[0.3, 0.31, 0.3, 0.32]), row("retrain", tow=[1.0] * 4),
            row("retrain_again", tow=[0.97, 0.98, 0.97, 0.96]),
            row("vanilla:salun", tow=salun, validation_tow=[0.5, 0.5, 0.5, 0.6]),
            row("vanilla:finetune", tow=finetune, validation_tow=[0.7, 0.7, 0.7, 0.6]),
            row("vanilla:retrain", tow=[0.99, 0.98, 0.99, 0.99]),
            row("rum", tow=rum, seconds=seconds), row("rum_shuffled", tow=finetune), *others]
    return {"rows": rows, "comparisons": compare(rows), "scope": SCOPE, "cautions": [],
            "memorization": None, "provenance": {"seeds": [0, 1, 2, 3]}, **more}


@pytest.mark.parametrize("rum, expected", [
    (RUM, "Yes: RUM is better than the best one-shot method: stratified ToW of rum - "
          "vanilla:finetune +0.102 ± 0.010, higher (paired t, p < 0.001 after Holm over 2, n = 4)"),
    ([0.7, 0.72, 0.7, 0.71], "No: RUM is worse than the best one-shot method: "),
    ([0.801, 0.809, 0.806, 0.8],
     "RUM is equivalent to the best one-shot method, within the margin: "
     "stratified ToW of rum - vanilla:finetune +0.000"),
    ([0.9, 0.7, 0.85, 0.82],
     "Not shown either way: RUM against the best one-shot method: stratified ToW of rum - "
     "vanilla:finetune +0.014 ± 0.142, difference not significant (paired t, p = ")])
def test_the_first_sentence_is_the_answer(rum, expected):
    said = answer(results(rum))
    assert said[0].startswith(expected), said[0]
    assert "the one-shot method with the highest ToW on validation data" in said[0]


def test_both_ends_that_are_not_excluded_are_said():
    said = answer(results([0.9, 0.7, 0.85, 0.82]))[0]
    assert "n = 4; uncorrected 95% interval: -0.128 to +0.155 not excluded)" in said


def test_other_measures_are_beside():
    assert answer(results())[1].startswith("The same difference by other measures: ToW +0.102 ±")
    assert "; stratified ToW-MIA +0.102" in answer(results())[1]


def test_the_row_is_chosen_by_validation_and_not_by_the_test_result():
    rows = results()["rows"]
    assert [best["name"] for best in best_by_validation(one_shot(rows))] == ["vanilla:finetune"]
    assert best_by_validation(one_shot([row("vanilla:retrain", tow=[1.0, 1.0])])) == []


def test_of_one_shot_rows_that_tie_by_validation_the_best_is_compared_in_any_order():
    tied = [row("vanilla:scrub", tow=[0.93, 0.95, 0.94, 0.93], validation_tow=[0.7, 0.7, 0.7, 0.6])]
    first, second = results(others=tied), results(others=tied)
    second["rows"] = list(reversed(second["rows"]))
    second["comparisons"] = compare(second["rows"])
    sentence = answer(first)[0]
    assert sentence == answer(second)[0]
    assert "stratified ToW of rum - vanilla:scrub" in sentence
    assert sentence.endswith("vanilla:scrub, vanilla:finetune tie for the highest ToW on "
                             "validation data among one-shot methods; vanilla:scrub has the "
                             "highest stratified ToW of them.")


def test_a_row_of_rum_is_what_it_does_not_what_it_is_called():
    fields = {"rum__refinement": "shuffled"}
    rows = [row("rum", tow=RUM, fields=fields), row("rum[by=entropy]", tow=RUM, fields=fields)]
    assert main_row(rows)["name"] == "rum[by=entropy]"
    assert main_row(rows[:1]) is None


def test_studies_without_rum_or_without_one_shot_say_so():
    of = results()
    without = [entry for entry in of["rows"] if not entry["name"].startswith("rum")]
    said = answer({**of, "rows": without, "comparisons": compare(without)})[0]
    assert said.startswith("This study has no RUM method, so it does not compare RUM with one-shot "
                           "methods; vanilla:finetune, the method with the highest ToW on "
                           "validation")
    without = [entry for entry in of["rows"] if not entry["name"].startswith("vanilla")]
    said = answer({**of, "rows": without, "comparisons": compare(without)})[0]
    assert said.startswith("This study has no one-shot method, so") and "; rum has a " in said
    only = of["rows"][:3]
    assert answer({**of, "rows": only, "comparisons": []})[0].endswith("RUM with one-shot methods.")


def test_each_forget_set_has_an_answer():
    rows = [{**entry, "set": name} for name in ("a", "b") for entry in results()["rows"]]
    said = answer({"rows": rows, "comparisons": compare(rows)})
    assert said[0].startswith("Yes: RUM is better than the best one-shot method on a: ")
    assert said[2].startswith("Yes: RUM is better than the best one-shot method on b: ")
    assert "after Holm over 4" in said[0]


def test_rows_that_cost_more_than_retraining_are_named():
    said = answer(results(seconds=1.5))
    assert "; rum takes 3.00 times as long as retraining." in said[0]
    assert ("In this run these methods take longer than retraining, which is exact: rum "
            "(3.00 times).") in said
    assert not any("longer than retraining" in sentence for sentence in answer(results()))


def test_what_intervals_are_conditional_on_is_said():
    said = answer(results())[-1]
    assert said.startswith(
        "Intervals are over 4 training seeds, and conditional on one split of the data "
        "(config.data.seed=3), one estimate of memorization and one forget set, alike for all")
    varied = {**SCOPE, "memorization": False, "forget_sets_alike": {"a": False}}
    assert "conditional on one split of the data (config.data.seed=3), alike" in answer(
        results(scope=varied))[-1]


def test_comparisons_are_by_all_measures_and_in_two_families():
    comparisons = results()["comparisons"]
    assert {(comparison["second"], comparison["metric"]) for comparison in comparisons} >= {
        (name, metric) for name in ("vanilla:salun", "rum_shuffled", "vanilla:retrain")
        for metric in ("tow", "tow_mia", "tow_stratified", "tow_mia_stratified")}
    main = [comparison for comparison in comparisons if comparison["primary"]]
    assert {comparison["second"] for comparison in main} == {"vanilla:salun", "vanilla:finetune"}
    assert all(comparison["metric"] == primary_metric(results()["rows"]) for comparison in main)
    rest = next(comparison for comparison in comparisons if comparison["second"] == "rum_shuffled")
    assert rest["p_holm"] >= 14 * rest["difference"]["p"] > 0
    said = text.findings(results())
    assert any(sentence.startswith("rum - vanilla:salun: stratified ToW -0.044")
               and "ToW-MIA" in sentence for sentence in said)
    assert "Holm's method over 2 of the main question and 14 others" in said[-1]
    assert "(uncorrected) is not excluded, in both directions" in said[-1]


def test_findings_do_not_say_that_there_is_no_difference():
    same = results([0.9, 0.7, 0.85, 0.82])
    said = " ".join([*answer(same), *text.findings(same)])
    for word in ("no difference", "as good as", "certain", "indistinguishable"):
        assert word not in said
    assert "retraining again with other seeds has a ToW of 0.970 ± 0.013 (n = 4)" in said


def test_answers_are_rare_without_any_effect():
    """300 studies of 4 seeds: RUM and 4 one-shot rows alike, the best chosen by noisy validation.

    The choice is by values that have much in common with those that are tested, as in a study.
    """
    rng, studies, wrong = np.random.default_rng(0), 300, 0
    names = ["rum", "vanilla:salun", "vanilla:finetune", "vanilla:scrub", "vanilla:neggrad"]
    base = [row(name, tow=[0.8, 0.9]) for name in names]
    for _ in range(studies):
        rows = []
        for entry in base:
            tow = 0.8 + rng.normal(0, 0.02, 4)
            chosen = tow + rng.normal(0, 0.005, 4)
            rows.append({**entry, "metrics": {
                "tow": {"per_seed": tow.tolist(), "mean": tow.mean()},
                "validation_tow": {"mean": chosen.mean()}}})
        best = best_by_validation(one_shot(rows))[0]["name"]
        wrong += next(comparison["verdict"] in ("higher", "lower") for comparison in compare(rows)
                      if comparison["second"] == best and comparison["primary"])
    assert wrong / studies < 0.05 + 4 * np.sqrt(0.05 * 0.95 / studies)
