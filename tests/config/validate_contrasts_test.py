"""Contrasts that cannot be are refused before anything is trained."""

import pytest

from config.study_over_replicates import refused


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
     "config.contrasts.RUM.second: [0] is 'mix/best(vanilla:scrub*)', and no row of mix is like"),
    ({"second": ("mix/best(vanilla:*; lwo)",)},
     "but lwo is no part whose rows are searched; allowed: parts that are"),
    ({"margin": 0}, "config.contrasts.RUM.margin: is 0; allowed: a number"),
    ({"margin": 0.0}, "config.contrasts.RUM.margin: is 0.0; allowed: a number"),
    ({"test": "superior"}, "config.contrasts.RUM.test: is 'superior'; known: equivalence, non-inf"),
    ({"direction": "up"}, "config.contrasts.RUM.direction: is 'up'; known: greater, less"),
    ({"measure": "ratio"}, "config.contrasts.RUM.measure: is 'ratio'; known: difference"),
    ({"metrics": ()}, "config.contrasts.RUM.metrics: is (); allowed: at least 1"),
    ({"first": ()}, "config.contrasts.RUM.first: is (); allowed: at least 1"),
    ({"alpha": 0.05}, "config.contrasts.RUM.alpha: unknown field"),
    ({"measure": "slope", "first": ("mix/rum",), "second": ()},
     "config.contrasts.RUM.first: has 1 cell(s) and second 0; allowed with measure=slope: at"),
    ({"measure": "slope", "first": ("mix/rum", "low/original"), "second": ("mix/rum",)},
     "config.contrasts.RUM.first: has 2 cell(s) and second 1; allowed with measure=slope"),
    ({"measure": "interaction", "first": ("mix/rum", "low/original"), "second": ("mix/rum",)},
     "has 2 cell(s) and second 1; allowed with measure=interaction: at least 2 each")])
def test_a_fault_of_a_contrast_has_one_message(contrast, expected):
    messages = refused(contrast)
    assert len([message for message in messages if expected in message]) == 1, messages


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
