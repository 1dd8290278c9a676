import json

import numpy as np
import pytest

from campaign.random_campaign import config, make_up
from rum_jax.campaign import pipeline, status
from rum_jax.core.errors import InputError
from rum_jax.runtime.worker_index import Worker
from rum_jax.train.log import DivergedError


@pytest.fixture
def trained(monkeypatch, dataset, task):
    monkeypatch.setattr(pipeline, "make_task", lambda config: (dataset, task))
    return make_up(monkeypatch)


def report(results, folder):
    (folder / "report.html").write_text(f"{results.summary['models']} models")


def run(workdir, **fields):
    return pipeline.run(str(workdir), config(**fields), Worker(0, 1), report)


def written(workdir):
    return {path.name: path.stat().st_mtime_ns for path in workdir.iterdir() if path.is_file()}


def test_the_result_is_in_the_workdir_and_is_not_made_again(trained, tmp_path):
    summary = run(tmp_path)
    assert summary == json.loads((tmp_path / "results.json").read_text())
    assert set(summary["files"]) | {"config.json", "results.json"} == set(written(tmp_path))
    assert summary["memorization"]["models"] == 10 and len(summary["workers"]) == 1
    assert summary["workers"][0]["provenance"]["versions"] and summary["cost"]["workers"] == {
        summary["workers"][0]["id"]: 10}
    before = written(tmp_path)
    assert run(tmp_path) == summary and len(trained) == 3
    after = written(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {"config.json"}


def test_a_lost_or_damaged_result_is_made_again(trained, tmp_path):
    run(tmp_path)
    content = (tmp_path / "memorization.npz").read_bytes()
    (tmp_path / "memorization.npz").unlink()
    run(tmp_path)
    assert (tmp_path / "memorization.npz").read_bytes() == content
    (tmp_path / "results.json").unlink()
    assert run(tmp_path)["memorization"]["models"] == 10 and len(trained) == 3


@pytest.mark.parametrize("name", ["memorization.npz", "report.html", "metrics.jsonl"])
def test_a_finished_campaign_looks_at_its_own_files(trained, tmp_path, name, capsys):
    summary = run(tmp_path)
    content = bytearray((tmp_path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).write_bytes(content)
    again = run(tmp_path)
    assert again["files"] == summary["files"] and len(trained) == 3
    assert f"{name}: missing or damaged" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["{}", "[]", "null", "3", '{"requested": 3}', "x"])
def test_a_damaged_summary_is_made_again(trained, tmp_path, content, capsys):
    summary = run(tmp_path)
    (tmp_path / "results.json").write_text(content)
    assert run(tmp_path)["memorization"] == summary["memorization"]
    assert "results.json: is damaged" in capsys.readouterr().err


def test_a_number_changed_in_the_summary_is_noticed(trained, tmp_path):
    summary = run(tmp_path)
    path = tmp_path / "results.json"
    changed = {**summary, "memorization": {**summary["memorization"], "models": 11}}
    path.write_text(json.dumps(changed))
    assert run(tmp_path)["memorization"]["models"] == 10


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"id": "another"}'])
def test_a_damaged_file_of_a_worker_costs_no_result(trained, tmp_path, content):
    run(tmp_path)
    for path in (tmp_path / "campaign" / "workers").iterdir():
        path.write_text(content)
    again = run(tmp_path, campaign__models=12)
    assert again["memorization"]["models"] == 12
    assert {worker["provenance"] is None for worker in again["workers"]} == {True, False}


@pytest.mark.parametrize("content", ["[]", "null", "{", "3"])
def test_a_damaged_manifest_is_named(trained, tmp_path, content):
    run(tmp_path)
    (tmp_path / "campaign" / "manifest.json").write_text(content)
    with pytest.raises(InputError, match="manifest.json: cannot be read"):
        run(tmp_path)


def test_more_models_replace_a_result_and_fewer_do_not(trained, tmp_path):
    run(tmp_path)
    assert run(tmp_path, campaign__models=12)["memorization"]["models"] == 12
    assert trained[3:] == [[10, 11]]
    assert run(tmp_path)["memorization"]["models"] == 12
    assert (tmp_path / "report.html").read_text() == "12 models"


def test_the_result_of_another_campaign_counts_for_nothing(trained, tmp_path, capsys):
    run(tmp_path / "a", campaign__models=12)
    run(tmp_path / "b", memorization__seed=5)
    trained.clear()
    (tmp_path / "b" / "results.json").write_bytes((tmp_path / "a" / "results.json").read_bytes())
    capsys.readouterr()
    results = run(tmp_path / "b", memorization__seed=5)
    assert results["memorization"]["models"] == 10 and not trained
    assert "results.json: is of another campaign; the result" in capsys.readouterr().err


def test_influence_of_an_earlier_result_does_not_stay(trained, tmp_path):
    run(tmp_path, campaign__influence="top")
    with np.load(tmp_path / "influence.npz") as arrays:
        assert arrays["influence"].shape[1] == 32
    run(tmp_path, campaign__models=12)
    assert not (tmp_path / "influence.npz").exists()


def test_a_folder_of_something_else_is_left_alone(trained, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="holds something else than a campaign .thesis.tex"):
        run(tmp_path)
    (tmp_path / "config.json").write_text('{"campaign": {"alone": false}}')
    with pytest.raises(InputError, match="holds something else than a campaign"):
        run(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.tex", "config.json"}


def test_states_are_not_kept_behind_urls(trained):
    with pytest.raises(InputError, match="config.train.checkpoint_epochs: is 3; allowed with"):
        run("memory://kept/run", train__checkpoint_epochs=3)


def test_a_campaign_behind_a_url(trained):
    assert run("memory://whole/run")["memorization"]["models"] == 10


def test_a_member_that_diverges_leaves_the_others(trained, monkeypatch, tmp_path):
    from rum_jax.campaign import workers
    train = workers.train_members

    def diverge(task, campaign, members, *rest):
        if 6 in members:
            raise DivergedError("loss is nan at member 6, step 3")
        return train(task, campaign, members, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(workers, "train_members", diverge)
        with pytest.raises(DivergedError, match="member 6"):
            run(tmp_path)
    assert [p.name for p in (tmp_path / "campaign" / "members").iterdir()] == ["00000-00003.npz"]
    run(tmp_path)
    assert trained == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list((tmp_path / "campaign" / "leases").iterdir()) == []


def test_it_says_how_it_stands(trained, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(status, "EVERY_SECONDS", 0.0)
    run(tmp_path, campaign__models=40)
    lines = [line for line in capsys.readouterr().err.splitlines() if "models/h" in line]
    assert [line.partition(" models")[0] for line in lines][:2] == ["4 of 40", "8 of 40"]
    curve = (json.loads((tmp_path / "results.json").read_text()))["memorization"]
    last = lines[-1].rpartition(" ")[2]
    assert lines[-1].startswith("40 of 40") and "00:00 left, correlation of two halves" in (
        lines[-1]) and float(last) == pytest.approx(curve["split_half_pearson"], abs=6e-4)
