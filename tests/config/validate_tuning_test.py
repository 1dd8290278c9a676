"""Searches that cannot be are refused before anything is trained."""

import pytest

from config.study_over_replicates import refused


@pytest.mark.parametrize("fields", [
    {"tuning__like": {"low": "mix"}}, {"tuning__seeds": (0,)},
    {"tuning__fixed": {"mix": ("last_epoch_factor",), "auto": ("alpha",)}}])
def test_a_sound_search_has_no_faults(fields):
    assert refused(**fields) == []


@pytest.mark.parametrize("fields, expected", [
    ({"tuning__budget": 1}, "config.tuning.budget: is 1; allowed"),
    ({"tuning__auto": ("aut",)}, "config.tuning.auto: has aut; allowed: parts that are not in "
                                 "config.tuning.like, of auto, low, mix; did you mean auto?"),
    ({"tuning__like": {"lwo": "mix"}}, "config.tuning.like: has lwo: mix; allowed: a part, and"),
    ({"tuning__like": {"low": "mxi"}}, "config.tuning.like: has low: mxi; allowed: a part, and"),
    ({"tuning__like": {"low": "low"}}, "config.tuning.like: has low: low; allowed: a part, and"),
    ({"tuning__auto": ("low",)}, "config.tuning.auto: has low, whose rows are"),
    ({"parts__auto__forget__size": 30}, "config.tuning.auto: has auto; allowed with another part "
                                        "that is searched, whose forget set is the same, "
                                        "memorization:mix of 30"),
    ({"tuning__fixed": {"lows": ("epochs",)}},
     "config.tuning.fixed: has lows; allowed: parts that are searched, auto, low, mix; did you"),
    ({"tuning__fixed": {"low": ("epoch",)}},
     "config.tuning.fixed.low: has epoch; allowed: hyper-parameters that the search chooses for "
     "its rows, epochs, last_epoch_factor, learning_rate; did you mean epochs?"),
    ({"tuning__fixed": {"low": "epochs"}}, "config.tuning.fixed.low: is 'epochs'; allowed"),
    ({"tuning__fixed": {"mix": ("alpha",)}}, "config.tuning.fixed.mix: has alpha; allowed"),
    ({"parts__low__forget__sets": ("random", "memorization:low")},
     "config.parts.low.forget.sets: has 2; allowed with config.tuning.replicates: one"),
    ({"parts__mix__rows": ("vanilla:finetune", "rum", "rum[subsets=4]")},
     "config.parts.mix.rows: row rum[subsets=4]: reads some hyper-parameters of an earlier row")])
def test_a_fault_of_the_search_has_one_message(fields, expected):
    messages = refused(**fields)
    assert len([message for message in messages if expected in message]) == 1, messages


def test_rows_that_share_all_their_hyper_parameters_or_none_are_searched():
    assert refused(parts__mix__rows=("vanilla:finetune", "rum", "rum[by=confidence]",
                                     "rum[order=descending]", "rum_f:salun")) == []


def test_nothing_is_searched_for_a_part_of_its_own_algorithms_without_a_search():
    (message,) = refused({"second": ("mix/original",)}, tuning__replicates=())
    assert message.startswith("config.tuning.auto: is ('auto',); allowed without "
                              "config.tuning.replicates: ()")


def test_there_is_no_search_to_be_given_without_a_search():
    (message,) = refused({"second": ("mix/original",)}, tuning__replicates=(), tuning__auto=(),
                         tuning__given="results.json")
    assert message.startswith("config.tuning.given: is 'results.json'; allowed without "
                              "config.tuning.replicates: '', as there is nothing to search on")
