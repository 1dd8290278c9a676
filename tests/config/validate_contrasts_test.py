"""Contrasts that cannot be are refused before anything is trained."""

import pytest

from config.study_over_replicates import config, given, refused
from rum_jax.config.validate import faults


@pytest.mark.parametrize("contrast, expected", [
    ({"first": ("mixx/rum",)}, "config.contrasts.RUM.first: [0] is 'mixx/rum'; allowed: part/row "
                              "with one of the parts auto, low, mix; did you mean mix?"),
    ({"first": ("mix",)}, "config.contrasts.RUM.first: [0] is 'mix'; allowed: one of the rows of"),
    ({"second": ("mix/rum", "mix/vanilla:fintune")},
     "config.contrasts.RUM.second: [1] is 'mix/vanilla:fintune'; allowed: one of the rows of mix, "
     "original, retrain, retrain_again, vanilla:finetune, rum; did you mean vanilla:finetune?"),
    ({"metrics": ("tow_startified",)}, "config.contrasts.RUM.metrics: has tow_startified; known in "
                                       "its parts: "),
    ({"metrics": ("tow_startified",)}, "; did you mean tow_stratified?"),
    ({"first": ("low/original",), "metrics": ("uncovered_accuracy",)},
     "config.contrasts.RUM.metrics: has uncovered_accuracy; known in its parts: "),
    ({"second": ("mix/best(vanilla:scrub*)",)},
     "config.contrasts.RUM.second: [0] is 'mix/best(vanilla:scrub*)', and no row of mix that "
     "is searched is like that; allowed: a pattern of one of vanilla:finetune, rum"),
    ({"second": ("mix/best(original)",)}, "and no row of mix that is searched is like that"),
    ({"second": ("mix/best(vanilla:*; auto)",)}, "and no row of mix that is searched is like"),
    ({"second": ("mix/best(rum*; low)",)}, "allowed: a pattern of one of vanilla:finetune"),
    ({"second": ("mix/best(vanilla:*; lwo)",)},
     "but lwo is no part whose rows are searched; allowed: parts that are"),
    ({"second": ("mix/best(vanilla:*; )",)}, "but an empty name is no part whose rows"),
    ({"margin": 0}, "config.contrasts.RUM.margin: is 0; allowed: a number"),
    ({"margin": 0.0}, "config.contrasts.RUM.margin: is 0.0; allowed: a number"),
    ({"test": "superior"}, "config.contrasts.RUM.test: is 'superior'; known: equivalence, non-inf"),
    ({"direction": "up"}, "config.contrasts.RUM.direction: is 'up'; known: greater, less"),
    ({"measure": "ratio"}, "config.contrasts.RUM.measure: is 'ratio'; known: difference"),
    ({"metrics": ()}, "config.contrasts.RUM.metrics: is (); allowed: at least 1"),
    ({"first": ()}, "config.contrasts.RUM.first: is (); allowed: at least 1"),
    ({"alpha": 0.05}, "config.contrasts.RUM.alpha: unknown field"),
    ({"only_iff": "a"}, "config.contrasts.RUM.only_iff: unknown field; known here: claim, family, "
                        "first, second, measure, metrics, test, direction, margin, only_if"),
    ({"claim": " "}, "config.contrasts.RUM.claim: is ' '; allowed: a text of 1 to 1000"),
    ({"family": ""}, "config.contrasts.RUM.family: is ''; allowed: a text of 1 to 1000"),
    ({"first": ("mix/rum", "mix/rum")}, "; allowed: no value twice"),
    ({"first": ("mix/rum", "low/original"), "second": ("low/original", "mix/rum")},
     "config.contrasts.RUM: compares mix/rum, low/original with the same; allowed: cells that"),
    ({"measure": "interaction", "first": ("mix/rum", "low/original"),
      "second": ("mix/rum", "auto/rum", "low/original")}, "with the same; allowed: cells that"),
    ({"measure": "interaction", "first": ("mix/rum", "low/original"),
      "second": ("mix/rum", "low/original")}, "with the same; allowed: cells that"),
    ({"metrics": ("uncovered_accuracy",), "first": ("mix/rum",), "second": ("mix/original",)},
     "config.contrasts.RUM.metrics: has uncovered_accuracy, which mix/original does not have; "
     "allowed: cells of rows of subsets with steps=sequential"),
    ({"metrics": ("uncovered_accuracy",), "first": ("mix/rum",), "second": ()}, None),
    ({"metrics": ("uncovered_accuracy",), "first": ("mix/rum",),
      "second": ("mix/best(vanilla:*)",)}, "which mix/best(vanilla:*) does not have"),
    ({"only_if": "RUN"}, "config.contrasts.RUM.only_if: is 'RUN'; allowed: another contrast"),
    ({"only_if": "RUM"}, "config.contrasts.RUM.only_if: is 'RUM'; allowed: another contrast"),
    ({"measure": "slope", "first": ("mix/rum", "auto/rum"), "second": ()},
     "config.contrasts.RUM.first: has mix and auto, whose forget sets are the same; allowed with"),
    ({"measure": "slope", "first": ("mix/rum", "mix/vanilla:finetune"), "second": ()},
     "config.contrasts.RUM.first: has mix and mix, whose forget sets are the same; allowed with"),
    ({"measure": "slope", "first": ("mix/rum",), "second": ()},
     "config.contrasts.RUM.first: has 1 cell(s) and second 0; allowed with measure=slope: at"),
    ({"measure": "slope", "first": ("mix/rum", "low/original"), "second": ("mix/rum",)},
     "config.contrasts.RUM.first: has 2 cell(s) and second 1; allowed with measure=slope"),
    ({"measure": "interaction", "first": ("mix/rum", "low/original"), "second": ("mix/rum",)},
     "has 2 cell(s) and second 1; allowed with measure=interaction: at least 2 each")])
def test_a_fault_of_a_contrast_has_one_message(contrast, expected):
    messages = refused(contrast)
    assert messages == [] if expected is None else len(
        [message for message in messages if expected in message]) == 1, messages


def test_contrasts_of_one_name_or_content_are_refused():
    c = config()
    c.contrasts["RUM"] = given(metrics=("tow", "tow_stratified"))
    c.contrasts["RUM, tow"] = given(first=("auto/rum",), metrics=("tow",))
    c.contrasts["same"] = given(metrics=("tow", "tow_stratified"), claim="in other words")
    c.contrasts["other family"] = given(metrics=("tow", "tow_stratified"), family="4")
    assert faults(c.to_dict(), data=False) == [
        "config.contrasts.RUM, tow: is what the contrast RUM is called with its metric tow; "
        "allowed: another name",
        "config.contrasts.same: compares the same as RUM in the same family; allowed: once, as the "
        "tests of a family are corrected for each other"]


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 1001])
def test_names_of_contrasts_are_printable(name):
    assert any("has a name that is not allowed; allowed: a text of 1 to 1000 printable" in fault
               for fault in faults({**config().to_dict(), "contrasts": {name: given()}}))


def test_a_condition_has_the_metrics_and_none_itself():
    c = config()
    c.contrasts["a"] = given(first=("auto/rum",), only_if="RUM")
    assert faults(c.to_dict(), data=False) == []
    c.contrasts["b"] = given(first=("low/original",), only_if="a")
    c.contrasts["c"] = given(first=("low/retrain",), only_if="RUM", metrics=("tow",))
    assert faults(c.to_dict(), data=False) == [
        "config.contrasts.b.only_if: is 'a'; allowed: another contrast without only_if, of RUM",
        "config.contrasts.c.only_if: is 'RUM', which does not have the metric tow; allowed: a "
        "contrast with all of this one's"]


def test_residual_memorization_is_uncovered_only_with_memorization_models():
    contrast = {"metrics": ("uncovered_residual_memorization",), "second": ()}
    assert refused(contrast) == []
    messages = refused(contrast, campaign__models=0, rum__refinement="confidence")
    assert any("has uncovered_residual_memorization; known in its" in each for each in messages)


def test_a_slope_over_a_part_of_several_forget_sets_is_refused():
    slope = {"measure": "slope", "first": ("mix/rum", "low/original"), "second": ()}
    messages = refused(slope, parts__low__forget__sets=("random", "memorization:low"),
                       tuning__like={"low": "mix"})
    assert [message.partition(";")[0] for message in messages] == [
        "config.contrasts.RUM.first: has low, which has several forget sets"]


@pytest.mark.parametrize("fields", [{"tuning__replicates": (), "tuning__auto": ()},
                                    {"tuning__like": {"mix": "low"}, "tuning__auto": ()}])
def test_the_best_row_of_a_part_that_is_not_searched_is_refused(fields):
    assert [message for message in refused(**fields) if message.startswith(
        "config.contrasts.RUM.second: [0] is 'mix/best(vanilla:*)', but mix is no part whose")]


def test_one_cause_of_many_faults_is_said_a_few_times():
    c = config()
    for number in range(7):
        c.contrasts[f"more {number}"] = given(first=("auto/rum",), second=(), family=f"{number}")
    del c.parts["auto"]
    messages = [each for each in faults(c.to_dict(), data=False) if "config.contrasts" in each]
    assert len(messages) == 6 and messages[-1] == (
        "config.contrasts: 2 more cells have faults of this kind; allowed: cells of the parts and "
        "rows of this config")
