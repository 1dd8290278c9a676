"""Studies over replicates that cannot be are refused before anything is trained."""

import pytest
from ml_collections import ConfigDict

from config.study_over_replicates import config, refused
from rum_jax.config.unused import notes
from rum_jax.config.validate import faults


def test_a_sound_study_has_no_faults():
    assert faults(config().to_dict()) == []


@pytest.mark.parametrize("fields, expected", [
    ({"replicates": (0, 1, 1)}, "config.replicates: is (0, 1, 1); allowed: no value twice"),
    ({"replicates": (0, 1)}, "config.replicates: has 2; allowed: at least 3"),
    ({"replicates": (0, 100, 101)}, "config.tuning.replicates: has 100, 101, as config.replicates"),
    ({"replicates": (0, 1, 3_000_000)}, "config.replicates: has 3000000; allowed: at most 2147482"),
    ({"seeds": (0, 1000)}, "config.seeds: has 1000; allowed with config.replicates: below 998"),
    ({"seeds": (0, 998)}, "config.seeds: has 998; allowed with config.replicates: below 998"),
    ({"tuning__seeds": (0, 1, 997)}, "config.tuning.seeds: has 997; allowed with config.replicates"
                                     ": below 997"),
    ({"campaign__alone": True}, "config.campaign.alone: is given; allowed with config.replicates"),
    ({"sweep__rows": ("rum",)}, "config.sweep.rows: is given; allowed with config.replicates"),
    ({"stream__requests": ("random",)}, "config.stream.requests: are given; allowed with "
                                        "config.replicates: ()"),
    ({"parts__low__forgt": 3}, "config.parts.low.forgt: unknown field; known here: "),
    ({"parts__low__forgt": 3}, "did you mean forget?"),
    ({"parts__low__forget__siz": 3}, "config.parts.low.forget.siz: unknown field; known here: "
                                     "sets, size"),
    ({"parts__low__forget__size": -3}, "config.parts.low.forget.size: is -3; allowed"),
    ({"parts__low__rows": ("vanilla:fintune",)}, "did you mean finetune?"),
    ({"parts__low__data__seed": 3}, "config.parts.low.data: is given in a part; allowed: for all "
                                    "parts together"),
    ({"parts__low__seeds": (3, 4)}, "config.parts.low.seeds: is given in a part"),
    ({"parts__base": {"trace": False}}, "config.parts.base: has a name that is not allowed"),
    ({"campaign__models": 0}, "config.campaign.models: is 0; allowed with config.forget.sets")])
def test_a_fault_of_the_study_has_one_message(fields, expected):
    messages = refused(**fields)
    assert len([message for message in messages if expected in message]) == 1, messages


@pytest.mark.parametrize("name", ["up/low", "low part", "-low", "x" * 61, "base"])
def test_names_of_parts_that_are_no_names_of_folders_are_refused(name):
    sound = config()
    sound.parts[name] = ConfigDict({"trace": False})
    assert faults(sound.to_dict(), data=False) == [
        f"config.parts.{name}: has a name that is not allowed; allowed: letters, digits, - and _, "
        "not base"]


def test_a_forget_set_that_is_larger_than_the_training_set_is_that_of_a_part():
    messages = faults(config(parts__low__forget__size=1300).to_dict())
    assert [message for message in messages if message.startswith("config.forget.size: is 1300; "
            "allowed: less than the training set's 1259 examples") and "(part low)" in message]


def test_a_fault_that_all_parts_share_is_said_once():
    messages = faults(config(data__test_fraction=0.95).to_dict())
    assert len(messages) == 1 and "allowed: a sum below 1" in messages[0]


def test_without_replicates_what_belongs_to_them_is_refused():
    messages = refused(replicates=())
    assert [message.partition("; ")[0] for message in messages] == [
        "config.parts: is ['auto', 'low', 'mix']", "config.contrasts: is ['RUM']",
        "config.tuning.replicates: is (100, 101)"]
    assert all("allowed without config.replicates: " in message for message in messages)


@pytest.mark.parametrize("field, fields, expected", [
    ("data.seed", {}, "with config.replicates, which are these seeds"),
    ("memorization.seed", {}, "with config.replicates, which are these seeds"),
    ("forget.size", {}, "as every part has its own"),
    ("rows", {}, "as every part has its own"),
    ("vanilla.hparams.salun.epochs", {}, "without a row vanilla:<that algorithm>"),
    ("tuning.budget", {"tuning__replicates": (), "tuning__auto": ()},
     "without config.tuning.replicates"),
    ("tuning.budget", {"replicates": ()}, "without config.replicates")])
def test_what_has_no_effect_is_said(field, fields, expected):
    assert notes(config(**fields), [f"config.{field}"]) == [
        f"config.{field} is given and has no effect {expected}"]


@pytest.mark.parametrize("field", ["vanilla.hparams.finetune.epochs", "rum.order", "tuning.budget",
                                   "forget.sets", "trace", "replicates", "seeds"])
def test_nothing_is_said_of_what_counts_in_any_part(field):
    assert notes(config(), [f"config.{field}"]) == []
