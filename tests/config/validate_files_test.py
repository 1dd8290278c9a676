"""Files are checked before a model is trained; no device is touched for it."""

import pathlib
import subprocess
import sys

import jax
import numpy as np
import pytest

from rum_jax.config import base
from rum_jax.config.validate import faults
from rum_jax.core.randomness import generator
from rum_jax.data import load
from rum_jax.experiment.build import make_task
from rum_jax.forget import choose, data_faults, largest_size
from rum_jax.forget.selection import untrained
from rum_jax.models.torch_import import save_safetensors

SIZE = 1797  # of all digits


def config_of(**fields):
    config = base.get_config()
    config.update_from_flattened_dict({
        "campaign.models": 0, "rows": (), "forget.sets": ("random",), "forget.size": 30,
        "seeds": (0, 1), "model.widths": (4,), "model.blocks": (1,), "engine.devices": 1, **fields})
    return config


def faults_of(**fields):
    return faults(config_of(**fields).to_dict())


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Files of scores: of all digits, a third each at 0, 0.5 and 1, and one with a NaN."""
    folder, values = tmp_path_factory.mktemp("scores"), np.repeat([0.0, 0.5, 1.0], SIZE // 3)
    np.savez(folder / "whole.npz", memorization=values)
    np.savez(folder / "nan.npz", memorization=np.where(np.arange(SIZE) % 2, values, np.nan))
    np.save(folder / "plain.npy", values)
    return folder


@pytest.mark.parametrize("name, message", [
    ("nan.npz", "score(s) of the training set are not finite"),
    ("plain.npy", "cannot be read as an .npz file: it is a single array")])
def test_scores_that_cannot_be_used(scores, name, message):
    (fault,) = faults_of(**{"memorization.scores": str(scores / name)})
    assert fault.startswith(f"config.memorization.scores: {scores / name}: ") and message in fault


def test_strata_of_given_scores_that_overlap(scores):
    fields = {"memorization.scores": str(scores / "whole.npz"),
              "forget.sets": ("memorization:low", "memorization:mid", "memorization:high")}
    assert faults_of(**fields, **{"forget.size": 60}) == []
    messages = faults_of(**fields, **{"forget.size": 600})
    assert messages and "config.forget.size: is 600; memorization:" in messages[0]
    largest = int(messages[0].partition("at most ")[2].partition(",")[0])
    assert faults_of(**fields, **{"forget.size": largest}) == []
    assert faults_of(**fields, **{"forget.size": largest + 1}) != []


def test_unknown_scores_are_for_forget_sets_that_leave_them_out(tmp_path):
    keep = np.ones((4, SIZE), bool)
    keep[:2, 300:] = False  # 0 to 299 are in all of them
    np.save(tmp_path / "keep.npy", keep)
    np.save(tmp_path / "scores.npy", np.random.default_rng(0).normal(size=keep.shape))
    fields = {"memorization.scores": str(tmp_path)}
    assert faults_of(**fields, **{"forget.sets": ("memorization:high",)}) == []
    bounded = ("entanglement_score:40,memorization<0.5",)
    assert faults_of(**fields, **{"forget.sets": bounded}) == []
    (fault,) = faults_of(**fields)
    assert "training examples have no score, as all or none of its models" in fault
    assert "allowed with random: scores of all" in fault


def test_the_largest_size_that_fits():
    for most in (0, 1, 7, 98):
        assert largest_size(lambda size, most=most: size <= most, 99) == most


def test_files_of_ids_and_their_sizes(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("digits_00000\ndigits_99999\n")
    fields = {"forget.sets": (f"file:{path}",)}
    assert "1 of 2 id(s) are not in this data set" in faults_of(**fields, **{"forget.size": 0})[0]
    path.write_text("0\n1\n")
    (fault,) = faults_of(**fields, **{"forget.size": 0})
    assert "set config.forget.file_ids=positions" in fault
    (fault,) = faults_of(**fields, **{"forget.file_ids": "positions", "forget.size": 3})
    assert "config.forget.size: is 3; allowed with file:" in fault or "not trained on" in fault
    (fault,) = faults_of(**{"forget.file_ids": "places"})
    assert "config.forget.file_ids: is 'places'; known: ids, positions" in fault


@pytest.mark.parametrize("first, second, size", [
    ("file:ids.txt", "file:copy.npy", 0), ("file:ids.txt", "file:./ids.txt", 0),
    ("class:0", "class:00", 30), ("class:0+1", "class:1+0", 30), ("class:0+1", "class:1+0", 0)])
def test_one_set_under_two_names(monkeypatch, tmp_path, first, second, size):
    monkeypatch.chdir(tmp_path)
    dataset = load(**config_of().data.to_dict())
    ids = dataset.ids[dataset.train][:5]
    pathlib.Path("ids.txt").write_text("\n".join(ids))
    np.save("copy.npy", ids[::-1])
    (fault,) = faults_of(**{"forget.sets": (first, second), "forget.size": size})
    assert fault.startswith(f"config.forget.sets: {first} and {second} are the same ")
    assert fault.endswith(" example(s); allowed: different sets; leave one of them out")
    assert faults_of(**{"forget.sets": (first,), "forget.size": size}) == []


def test_sets_are_drawn_as_the_seeds_draw_them():
    """One example each, which some seeds draw alike."""
    dataset, sets, alike = load(**config_of().data.to_dict()), ("class:0", "class:0+1"), []
    for seed in range(8):
        context = untrained(dataset)._replace(generator=lambda seed=seed: generator(
            seed, "forget_set"))
        alike.append(choose(sets[0], context, 1) == choose(sets[1], context, 1))
        assert bool(data_faults(sets, dataset, 1, (seed,))) is bool(alike[-1])
    assert any(alike) and not all(alike)


@pytest.mark.parametrize("fields, message", [
    ({"train.from_files_mean": (0.1,)}, "config.train.from_files_mean: is (0.1,); allowed without "
                                        "config.train.from_files: ()"),
    ({"train.from_files_std": (0.0,)}, "config.train.from_files_std: [0] is 0.0; allowed: a number "
                                       "in (0, inf)")])
def test_statistics_of_given_models(fields, message):
    assert [message] == [fault[:len(message)] for fault in faults_of(**fields)]


@pytest.mark.slow
def test_a_checkpoint_is_read_without_a_device(tmp_path):
    pytest.importorskip("safetensors")
    _, task = make_task(config_of())
    save_safetensors(tmp_path / "a.safetensors", *task.model.init(jax.random.key(0)), task.model)
    (tmp_path / "b.safetensors").write_bytes(b"nothing")
    files = tuple(str(tmp_path / f"{name}.safetensors") for name in "ab")
    (fault,) = faults_of(**{"train.from_files": files})
    assert fault.startswith(f"config.train.from_files: {files[1]}: cannot be read")
    code = ("from config.validate_files_test import faults_of; from jax._src import xla_bridge\n"
            f"faults_of(**{{'train.from_files': {files!r}}})\nassert not xla_bridge._backends")
    subprocess.run([sys.executable, "-c", code], check=True,
                   cwd=pathlib.Path(__file__).parents[1])
