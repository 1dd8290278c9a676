"""A study over replicates from end to end, at toy size."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import leaves
from toy import ROOT

from rum_jax.config import base
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.replicates import folders, pipeline
from rum_jax.runtime.worker_index import Worker
from rum_jax.storage import stage_cache
from rum_jax.storage.workdir import opened
from rum_jax.study import pipeline as study_pipeline
from rum_jax.study.trained_models import load_logits, load_states
from rum_jax.tuning import pipeline as tuning

from . import toy_study

TIMES = ("seconds",)  # differ from run to run


class Run:
    """A finished study: its workdir, values, and the pieces with the programs they compiled."""

    def __init__(self, workdir):
        self.workdir, self.config = workdir, toy_study.study()
        with toy_study.compilations() as (self.compiled, places), pytest.MonkeyPatch.context() as p:
            self.pieces = note_pieces(p, places)
            self.values = self.again()

    def again(self):
        return pipeline.run(str(self.workdir), self.config, Worker(0, 1))[1]

    def stages(self, data_seed, part):
        return self.workdir / "replicates" / f"{data_seed:05d}" / part / "stages"

    def times(self):
        """File -> when it was written, of all stages and results."""
        return {path: path.stat().st_mtime_ns for path in self.workdir.rglob("*")
                if path.name == "done.json" or path.parent.name in ("tuning", "whole")
                or path.parent.parent.name == "replicates" and path.suffix == ".json"}


def note_pieces(patch, places):
    """A list that gets the name of each piece of work that is begun."""
    done = []

    def noted(folder, name, made_from, work):
        def begin():
            done.append(f"{folder.name}-{name}")
            places.append(done[-1])
            return work()

        return folders.piece(folder, name, made_from, begin)

    for module in (pipeline, tuning):
        patch.setattr(module, "piece", noted)
    return done


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return Run(tmp_path_factory.mktemp("replicates") / "run")


@pytest.fixture
def noted(monkeypatch):
    return note_pieces(monkeypatch, [])


def test_every_piece_is_done_once_those_that_others_need_first(finished):
    bases = [f"{seed:05d}-base" for seed in (100, 101, 0, 1, 2)]
    parts = [f"{seed:05d}-{part}" for seed in (0, 1, 2) for part in ("chain", "whole")]
    assert finished.pieces == [*bases, "tuning-chain", "tuning-whole", *parts]


def test_programs_are_compiled_for_the_first_replicate_alone(finished):
    """Or for those of the search before it: all have the same shapes."""
    assert set(finished.compiled) <= {"start", "00100-base", "tuning-chain", "tuning-whole",
                                      "00000-chain", "00000-whole"}


def test_a_replicate_is_the_ordinary_study_of_its_seeds(finished, tmp_path):
    """Bit for bit, with the hyper-parameters that the search has chosen."""
    chosen = records.read_json(finished.workdir / "tuning" / "whole.json")["rows"]
    (step,) = chosen["vanilla:finetune"]["steps"]
    c = base.get_config()
    base.set_fields(c, {**toy_study.FIELDS, "data.seed": 1, "memorization.seed": 1,
                        "seeds": (1000, 1001), "rows": ("vanilla:finetune", "vanilla:none"),
                        **{f"vanilla.hparams.finetune.{name}": value
                           for name, value in step["hparams"].items()}})
    alone = study_pipeline.run(tmp_path, c)
    part = finished.values.studies["whole"][1]
    assert part["seeds"] == [1000, 1001] and len(part["rows"]) == len(alone.rows) == 5
    for row in part["rows"]:
        expected = records.read_json(alone.rows[row["row"]] / "metrics.json")
        assert row["metrics"].keys() == {*expected, "forget_frequency_agreement",
                                        "score_gradients"}
        assert all(row["metrics"][name] == expected[name] for name in expected
                   if name not in TIMES), row["row"]
    for name in ("original", "retrain_again", "unlearn/vanilla-finetune"):
        states = [load_states(alone.study, stages / name) for stages in (
            tmp_path / "stages", finished.stages(1, "whole"))]
        np.testing.assert_array_equal(leaves(states[0].params), leaves(states[1].params))


def test_the_search_is_on_other_data_and_its_choice_is_what_all_replicates_run(finished):
    found = records.read_json(finished.workdir / "tuning" / "whole.json")
    assert set(found["rows"]) == {"vanilla:finetune", "vanilla:none"}
    (step,) = found["rows"]["vanilla:finetune"]["steps"]
    assert step["hparams"].items() <= found["fields"]["vanilla"]["hparams"]["finetune"].items()
    for study in finished.values.studies["whole"]:
        (row,) = [row for row in study["rows"] if row["row"] == "vanilla:finetune"]
        assert row["steps"] == [step]
    for seed in (100, 101):
        assert not list(finished.stages(seed, "whole").glob("evaluation")), "no result"
    fixed = records.read_json(finished.workdir / "tuning" / "chain.json")["rows"]["rum_f:finetune"]
    assert [step["hparams"]["epochs"] for step in fixed["steps"]] == [1, 1, 1]
    assert fixed["trainings"] == 3 * 2, "each step once on each replicate"


def test_replicates_have_models_and_data_of_their_own(finished):
    seeds = [study["seeds"] for study in finished.values.studies["chain"]]
    assert seeds == [[0, 1], [1000, 1001], [2000, 2001]]
    originals = [load_logits(finished.stages(seed, "base") / "original") for seed in (0, 1, 2)]
    models = [logits[k].tobytes() for logits in originals for k in (0, 1)]
    assert len(set(models)) == 6
    splits = [records.read_arrays(finished.stages(seed, "base") / "data" / "data.npz")
              for seed in (0, 1, 2)]
    assert len({tuple(split["test"]) for split in splits}) == 3


def test_parts_share_models_and_those_with_the_same_forget_set_oracles(finished):
    def inode(part, stage):
        return (finished.stages(2, part) / stage / "logits.npz").stat().st_ino

    assert inode("base", "original") == inode("chain", "original") == inode("whole", "original")
    for oracle in ("retrain", "retrain_again"):
        assert inode("chain", oracle) == inode("whole", oracle)
    assert not (finished.stages(2, "base") / "retrain").exists()


def test_a_traced_part_has_its_measures(finished):
    for study in finished.values.studies["chain"]:
        trace = study["traces"]["rum_f:finetune"]
        assert [step["subset"] for step in trace["steps"]] == ["low", "mid", "high"]
        assert np.shape(trace["measures"]["accuracy"]["mid"]) == (4, 2)
    assert finished.values.studies["whole"][0]["traces"] == {}


def test_the_same_command_again_does_nothing(finished, noted):
    before = finished.times()
    assert len(before) > 50
    assert finished.again() == finished.values
    assert finished.times() == before and noted == []


def test_searches_of_a_finished_study_are_not_done_again(finished, noted, tmp_path):
    """Nor are the models trained that they alone need."""
    there, given = tmp_path / "run", tmp_path / "results.json"
    shutil.copytree(finished.workdir, there)
    for folder in ("tuning", "replicates/00100", "replicates/00101"):
        shutil.rmtree(there / folder)
    records.write_json(given, {"searches": {
        part: tuning.load(finished.workdir, part)["rows"] for part in ("chain", "whole")}})
    _, values = pipeline.run(str(there), toy_study.study(tuning__given=str(given)), Worker(0, 1))
    assert noted == ["tuning-chain", "tuning-whole"] and values == finished.values
    for part in ("chain", "whole"):
        assert tuning.load(there, part) == {**tuning.load(finished.workdir, part),
                                            "given": records.sha256(given)}


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"made_from": "something else"}'])
def test_a_result_that_is_missing_or_damaged_is_made_from_what_is_kept(finished, noted, content):
    path = finished.workdir / "replicates" / "00001" / "chain.json"
    before = finished.times()
    path.unlink() if content is None else path.write_bytes(content)
    assert finished.again() == finished.values
    assert noted == ["00001-chain"]
    assert {file for file, time in finished.times().items() if before[file] != time} == {path}


def test_what_a_worker_that_has_died_was_at_is_done_by_another(finished, noted):
    (finished.workdir / "replicates" / "00002" / "whole.json").unlink()
    program = ("import pathlib, sys; from rum_jax.storage.leases import *; "
               "from rum_jax.storage.object_store import Local; "
               "c = Leases(Local(pathlib.Path(sys.argv[1])), identity(1), 1e6); "
               "c.beat(); print(c.take(['00002-whole'], set), flush=True); import os; os._exit(9)")
    dead = subprocess.run([sys.executable, "-c", program, str(finished.workdir)], cwd=ROOT,
                          capture_output=True, text=True)
    assert dead.returncode == 9 and dead.stdout.strip() == "['00002-whole']"
    assert finished.again() == finished.values and noted == ["00002-whole"]


@pytest.mark.slow
def test_other_rows_are_another_study_of_the_same_models(finished, noted):
    """Stages of a row stay whose settings are the same; the search of other rows is another."""
    stage = finished.stages(0, "chain") / "unlearn" / "rum_f-finetune" / stage_cache.DONE
    before = stage.stat().st_mtime_ns
    changed = toy_study.study(parts__chain__rows=("rum_f:finetune", "vanilla:none"))
    _, values = pipeline.run(str(finished.workdir), changed, Worker(0, 1))
    assert noted == ["tuning-chain", *(f"{seed:05d}-chain" for seed in (0, 1, 2))]
    assert values.rows("chain") == [*finished.values.rows("chain"), "vanilla:none"]
    assert values.studies["whole"] == finished.values.studies["whole"]
    assert stage.stat().st_mtime_ns == before


def test_models_of_another_training_are_refused(finished):
    with pytest.raises(InputError, match="config.train.epochs"):
        pipeline.run(str(finished.workdir), toy_study.study(train__epochs=5), Worker(0, 1))


def test_a_folder_of_an_ordinary_study_is_refused(tmp_path):
    records.write_json(tmp_path / "config.json", base.get_config().to_dict())
    with pytest.raises(InputError, match="holds one study; choose another folder"):
        pipeline.run(str(tmp_path), toy_study.study(), Worker(0, 1))


def test_a_workdir_that_is_refused_stays_as_it_is(finished):
    """Whether a config changes the models, or is of another kind of study."""
    before = finished.times()
    with pytest.raises(InputError, match="replicates|epochs"):
        pipeline.run(str(finished.workdir), toy_study.study(train__epochs=5), Worker(0, 1))
    with pytest.raises(InputError, match="config.forget.size: there 12, here 9 .read by stages/f"):
        pipeline.run(str(finished.workdir), toy_study.study(forget__size=9), Worker(0, 1))
    with (pytest.raises(InputError, match="holds a study over replicates, and this config has no"),
          opened(str(finished.workdir), base.get_config().to_dict())):
        pass
    assert finished.times() == before


@pytest.mark.parametrize("content", ["", '{"replicates": [0, 1', "[]", "3"])
def test_a_config_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(InputError, match="config.json: cannot be read .*; restore it, or choose"):
        pipeline.run(str(tmp_path), toy_study.study(), Worker(0, 1))
    assert (tmp_path / "config.json").read_text() == content
