"""Studies over replicates that cannot be are refused before anything is trained."""

import pytest
from ml_collections import ConfigDict

from config.study_over_replicates import config, refused
from rum_jax.config.unused import notes
from rum_jax.config.validate import faults
from rum_jax.data import load


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
    ({"stream__requests": ("random",)}, "config.stream.requests: is ('random',); allowed with "
                                        "config.replicates: ()"),
    ({"parts__low__stream": {"requests": ("random",)}}, "config.parts.low.stream: is given in a "
                                                        "part; allowed: for all parts together"),
    ({"train__from_files": ("a.msgpack", "b.msgpack")}, "config.train.from_files: is ('a.msgpack', "
     "'b.msgpack'); allowed with config.replicates: none"),
    ({"tuning__like": {"auto": "low"}, "tuning__auto": ()},
     "config.tuning.like: has auto: low, but row rum reads hyper-parameters that no row of low "
     "does; allowed: a part whose rows read all of them, or a search of its own"),
    ({"tuning__replicates": (), "tuning__auto": (), "tuning__like": {"low": "mix"},
      "contrasts__RUM__second": ("low/original",)},
     "config.tuning.like: is {'low': 'mix'}; allowed without config.tuning.replicates: {}"),
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
    assert messages[0] == ("config.parts.low.forget.size: is 1300; allowed: less than the training "
                           "set's 1259 examples")
    named = faults(config(forget__size=1300, parts__low__forget={"sets": ("random",)}).to_dict())
    assert named[0] == ("config.forget.size: is 1300; allowed: less than the training set's 1259 "
                        "examples (part low)")


def test_levels_that_cannot_all_be_in_the_training_set_are_refused_before_it_is_trained():
    messages = faults(config(parts__low__forget__size=700, parts__high={
        "forget": {"sets": ("memorization:high",), "size": 600}}).to_dict())
    assert messages == [
        "config.parts: the forget sets memorization:high, low have 600 + 700 examples; allowed "
        "together: the training set's 1259, as no example is of two levels; make forget.size of "
        "these parts smaller"]


def test_a_forget_set_that_another_replicate_or_the_search_cannot_have_is_refused(tmp_path):
    """The file names examples that are trained on with data seed 0."""
    c = config(parts__low__forget={"size": 0}, contrasts__RUM__second=("low/original",))
    dataset = load(**{**c.data, "seed": 0})
    path = tmp_path / "ids.txt"
    path.write_text("".join(f"{dataset.ids[position]}\n" for position in dataset.train[:200]))
    c.parts.low.forget.sets = (f"file:{path}",)
    (message,) = faults(c.to_dict())
    assert message.startswith(f"{path}: ") and message.endswith("(part low); of data seed 1")
    c.replicates, c.tuning.replicates = (0, 1, 2), (100,)
    c.data.label_noise_fraction, c.parts.low.forget = 0.1, ConfigDict(
        {"sets": ("class:8",), "size": 0})
    counts = {seed: int((loaded.labels[loaded.train] == 8).sum()) for seed in (0, 1, 2, 100)
              for loaded in [load(**{**c.data, "seed": seed})]}
    c.parts.low.forget.size = counts[0]
    worse = next(seed for seed, count in counts.items() if count < counts[0])
    (message,) = faults(c.to_dict())
    assert message.startswith(f"config.parts.low.forget.size: is {counts[0]}; allowed with class:8:"
                              f" at most {counts[worse]}") and message.endswith(f"seed {worse}")


def test_with_a_faulty_field_nothing_is_said_of_what_another_kind_of_study_allows():
    messages = refused({"margin": 0}, campaign__worker=1, campaign__workers=2)
    assert messages == ["config.contrasts.RUM.margin: is 0; allowed: a number in (0, inf)"]


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
