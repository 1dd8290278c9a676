from ml_collections import ConfigDict

from rum_jax.config import base
from rum_jax.replicates import pipeline as replicates_pipeline
from rum_jax.tuning import pipeline


def _config():
    config = base.get_config()
    config.replicates, config.tuning.replicates = (0, 1, 2), (100, 101)
    config.parts = ConfigDict({"auto": {"rows": ("rum",)}, "low": {"forget": {"size": 20}},
                               "mix": {"rows": ("vanilla:finetune", "rum")}})
    config.tuning.auto = ("auto",)
    return config


def test_parts_that_choose_algorithms_come_after_all_others(tmp_path, monkeypatch):
    """No worker may begin with them before the one-shot rows' results are there."""
    searches, auto = pipeline.pieces(tmp_path, _config())
    assert [piece.name for piece in searches] == ["tuning-low", "tuning-mix"]
    assert [piece.name for piece in auto] == ["tuning-auto"]
    completed = []
    monkeypatch.setattr(replicates_pipeline, "complete",
                        lambda pieces, _, title: completed.append((title, len(pieces))))
    monkeypatch.setattr(replicates_pipeline, "check_levels", lambda *_: None)
    monkeypatch.setattr(pipeline, "fields", lambda *_: {})
    replicates_pipeline._complete(tmp_path, _config(), None)
    assert completed == [("models of replicates", 5), ("searches", 2), ("searches", 1),
                         ("studies of replicates", 9)]


def test_what_is_not_chosen_makes_another_search_of_this_part_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "_search", lambda *_: {"rows": {}, "fields": {}})
    config, changed = _config(), _config()
    for piece in pipeline.pieces(tmp_path, config)[0]:
        piece.work()
    changed.tuning.fixed = ConfigDict({"mix": ("epochs",)})
    assert [piece.is_done() for piece in pipeline.pieces(tmp_path, changed)[0]] == [True, False]


def test_with_other_one_shot_rows_algorithms_are_chosen_again(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "_search", lambda *_: {"rows": {}, "fields": {}})
    config, changed = _config(), _config()
    changed.parts.mix.rows = ("vanilla:finetune", "vanilla:salun", "rum")
    (auto,) = pipeline.pieces(tmp_path, config)[1]
    auto.work()
    assert auto.is_done()
    assert not pipeline.pieces(tmp_path, changed)[1][0].is_done()


def test_algorithms_begin_with_what_was_found_for_the_set_and_for_each_level(tmp_path, monkeypatch):
    def result(row, score, **hparams):
        return {row: {"row": row, "score": score, "trainings": round(100 * (score or 0)),
                      "steps": [{"subset": "forget", "algorithm": "any", "hparams": hparams}]}}

    found = {"low": result("vanilla:finetune", 0.5, epochs=1),
             "mix": {**result("vanilla:finetune", 0.6, epochs=2), **result("rum", 0.99),
                     **result("vanilla:salun", 0.75, epochs=3), **result("vanilla:scrub", None)},
             "other": result("vanilla:scrub", 0.95, epochs=9)}
    monkeypatch.setattr(pipeline, "load", lambda _, part: {"rows": found[part]})
    config = _config()
    config.parts.low.forget.sets = ("memorization:low",)
    config.parts.other = ConfigDict({"forget": {"sets": ("random",)},
                                     "rows": ("vanilla:scrub",)})
    starts = pipeline._starts(tmp_path, config, "auto")
    assert starts == (75, {"low": {"finetune": ({"epochs": 1}, 0.5)},
                           "forget": {"finetune": ({"epochs": 2}, 0.6),
                                      "salun": ({"epochs": 3}, 0.75),
                                      "scrub": ({}, float("-inf"))}}, 60 + 75 + 50)
    assert starts.ranked("high_1") == ["salun", "finetune", "scrub"]
    assert starts.ranked("low") == ["finetune"]
    assert starts.of_whole_set().ranked("low") == ["salun", "finetune", "scrub"]


def test_a_part_that_is_like_another_takes_its_values(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "load", lambda _, part: {"fields": {"of": part}})
    config = _config()
    config.tuning.like = ConfigDict({"low": "mix"})
    assert pipeline.fields(tmp_path, config) == {
        "auto": {"of": "auto"}, "mix": {"of": "mix"}, "low": {"of": "mix"}}
    config.tuning.replicates = ()
    assert pipeline.fields(tmp_path, config) == {}


def test_parts_that_choose_algorithms_do_not_depend_on_each_other():
    config, two = _config(), _config()
    two.parts.another = two.parts.auto
    two.tuning.auto = ("another", "auto")
    assert pipeline.digests(two).items() >= pipeline.digests(config).items()
