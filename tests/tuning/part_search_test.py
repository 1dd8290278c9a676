import math

from rum_jax.tuning.part_search import rows_of, score_of, search_part


def test_the_score_of_a_row_that_always_diverged():
    assert score_of({"score": None}) == -math.inf and score_of({"score": 0.25}) == 0.25


def test_rows_that_read_the_same_fields_are_searched_once(search_replicates, search_config):
    config = search_config.copy_and_resolve_references()
    config.rows = ("rum_f:finetune", "vanilla:finetune", "rum_f:finetune[order=descending]",
                   "vanilla:none")
    assert rows_of(search_replicates[0], config) == ["rum_f:finetune", "vanilla:finetune",
                                                     "vanilla:none"]


def test_a_row_is_searched_once_and_kept(search_replicates, search_config, tmp_path, capsys):
    config = search_config.copy_and_resolve_references()
    config.rows, config.tuning.budget = ("vanilla:finetune", "vanilla:none"), 2
    found = search_part(tmp_path / "both", search_replicates, config, "digest")
    assert list(found) == ["vanilla:finetune", "vanilla:none"]
    assert found["vanilla:none"]["trainings"] == 2 and found["vanilla:finetune"]["trainings"] == 6
    told = capsys.readouterr().err
    assert f"search both, vanilla:none: {found['vanilla:none']['score']:.4f} after 2" in told
    kept = search_part(tmp_path / "both", [search_replicates[0]], config, "digest")
    assert kept == found and "trainings" not in capsys.readouterr().err
    (tmp_path / "both" / "vanilla-none.json").write_text("{")
    again = search_part(tmp_path / "both", search_replicates, config, "digest")
    assert again == found and "vanilla:none" in capsys.readouterr().err


def test_a_search_in_which_all_diverges_goes_on(search_replicates, search_config, tmp_path,
                                                monkeypatch, capsys):
    config = search_config.copy_and_resolve_references()
    config.rows, config.tuning.budget = ("vanilla:none",), 2
    for replicate in search_replicates:
        monkeypatch.setattr(replicate, "_score", lambda *_: -math.inf)
    found = search_part(tmp_path / "both", search_replicates, config, "digest")
    assert score_of(found["vanilla:none"]) == -math.inf
    assert "search both, vanilla:none: -inf after" in capsys.readouterr().err
