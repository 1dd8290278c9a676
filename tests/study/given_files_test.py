"""Studies that begin with what others made: PyTorch files, published scores, one's own images."""

import jax
import numpy as np
import pytest
from ml_collections import ConfigDict
from toy import FIELDS

from rum_jax import report
from rum_jax.config import base
from rum_jax.config.validate import validate
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import ROLES
from rum_jax.experiment.build import make_task
from rum_jax.experiment.dry_run import dry_run
from rum_jax.models.torch_import import save_safetensors
from rum_jax.runtime import provenance
from rum_jax.study import pipeline
from rum_jax.study.memorization import memorization
from rum_jax.study.trained_models import load_states
from rum_jax.train.recipe import initial_states

SMALL = {"rows": ("vanilla:finetune",), "campaign.influence": "none", "relearn.epochs": 0,
         "metrics": (), "train.epochs": 1, "forget.size": 12, "campaign.models": 4}


def config_of(**changed) -> ConfigDict:
    config = base.get_config()
    config.update_from_flattened_dict({**FIELDS, **SMALL, **changed})
    validate(config.to_dict())
    return config


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """An .npz of color images with train and test parts of its own; three classes of colors."""
    path, rng = tmp_path_factory.mktemp("npz") / "colors.npz", np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 180), ("test", 45)):
        labels = np.arange(count) % 3
        images = rng.integers(0, 120, (count, 12, 12, 3))
        images[np.arange(count), :, :, labels] += rng.integers(0, 120, (count, 12, 12))
        arrays |= {f"{part}_images": images.astype(np.uint8), f"{part}_labels": labels}
    np.savez(path, **arrays)
    return {"data.name": "npz", "data.path": str(path), "data.test_fraction": 0.0}


@pytest.mark.slow
def test_a_study_of_ones_own_color_images(images, tmp_path):
    config = config_of(**images, **{"train.augmentation": "crop_and_flip",
                                    "memorization.augmentation": "crop",
                                    "unlearn.augmentation": "crop_and_flip"})
    finished = pipeline.run(tmp_path / "run", config)
    assert finished.study.dataset.spec.shape == (12, 12, 3)
    summary, path = report.write(finished, provenance.provenance())
    assert "vanilla:finetune" in summary and path.read_text().count("data:image/svg") >= 5


@pytest.mark.slow
def test_augmentation_changes_what_is_learned(images, tmp_path):
    params = []
    for number, kind in enumerate(("none", "crop", "crop")):
        finished = pipeline.make_study(tmp_path / str(number), config_of(
            **images, **{"train.augmentation": kind}))
        params.append(load_states(finished, pipeline.originals(finished)).params)
    same = jax.tree.map(np.array_equal, params[1], params[2])
    assert all(jax.tree.leaves(same)), "the same draws in both runs"
    assert not all(jax.tree.leaves(jax.tree.map(np.array_equal, params[0], params[1])))


def test_originals_and_scores_are_taken_from_files(tmp_path):
    dataset, task = make_task(config_of())
    earlier = pipeline.make_study(tmp_path / "earlier", config_of(**{"train.epochs": 3}))
    states = load_states(earlier, pipeline.originals(earlier))
    files = tuple(str(tmp_path / f"{m}.safetensors") for m in range(3))
    for m, path in enumerate(files):
        variables = jax.tree.map(lambda leaf, m=m: leaf[m], (states.params, states.model_state))
        save_safetensors(path, *variables, task.model)
    scores = np.linspace(-0.1, 1, len(dataset.train))
    np.savez(tmp_path / "scores.npz", ids=dataset.ids[dataset.train][::-1],
             memorization=scores[::-1])
    config = config_of(**{"train.from_files": files,
                          "memorization.scores": str(tmp_path / "scores.npz")})
    finished = pipeline.run(tmp_path / "run", config)
    originals = load_states(finished.study, finished.models["original"])
    jax.tree.map(np.testing.assert_array_equal, originals.params, states.params)
    stored = records.read_arrays(finished.memorization / "memorization.npz")
    np.testing.assert_array_equal(stored["memorization"], scores)
    assert np.isnan(stored["standard_error"]).all()
    summary, path = report.write(finished, provenance.provenance())
    assert "Memorization from scores.npz: AUROC" in summary
    results = records.read_json(tmp_path / "run" / "results.json")
    assert list(results["original_files"]) == list(files)
    file = tmp_path / "run" / "memorization.npz"
    again = pipeline.make_study(tmp_path / "again", config_of(**{"memorization.scores": str(file)}))
    copied = records.read_arrays(memorization(again) / "memorization.npz")
    np.testing.assert_array_equal(copied["memorization"], scores)
    assert "Scores of scores.npz, SHA-256" in path.read_text()
    assert not (tmp_path / "run" / "campaign").exists()


def test_a_file_of_another_model_is_refused(tmp_path):
    _, task = make_task(config_of())
    states = initial_states(task.model, [(7, ROLES["init"], 0)])
    path = str(tmp_path / "a.safetensors")
    variables = jax.tree.map(lambda leaf: leaf[0], (states.params, states.model_state))
    save_safetensors(path, *variables, task.model)
    copies = tuple(str(tmp_path / f"{name}.safetensors") for name in "abc")
    for copy in copies[1:]:
        (tmp_path / copy).write_bytes((tmp_path / path).read_bytes())
    with pytest.raises(InputError, match=r"(?s)a.safetensors, .*c.safetensors: 16 fault") as e:
        config_of(**{"train.from_files": copies, "model.widths": (8,)})
    assert str(e.value).count("16 fault(s)") == 1


def test_a_trial_takes_its_steps_and_keeps_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = dry_run(config_of(**{"train.max_steps": 3, "train.batch_size": 32,
                                "unlearn.batch_size": 32, "train.augmentation": "crop"}))
    for number in range(3):
        assert f"step {number}: loss " in text
    assert "step 3" not in text and "parameters, computes in float32" in text
    assert "MiB a device at most" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_trial_is_an_epoch_at_most_and_says_what_it_cannot_know():
    text = dry_run(config_of(**{"train.max_steps": 30}))
    assert "step 19: loss " in text and "step 20" not in text, "1,259 images in batches of 64"
    assert "3 original models of 20 steps would take about 0.00 h" in text
    assert "says nothing of the speed" in dry_run(config_of(**{"train.max_steps": 1}))


@pytest.mark.parametrize("fields, fault", [
    ({"train.from_files": ("a.pt",)}, "config.train.from_files: has 1 file(s); allowed: 3, one for "
     "each of config.seeds"),
    ({"train.from_files": ("a.pt", "b.pt", "c.pt")},
     "config.train.from_files: there is no file a.pt in "),
    ({"memorization.scores": "none.npz"}, "config.memorization.scores: there is no file none.npz"),
    ({"engine.data_devices": 3}, "config.train.batch_size: is 64; allowed with "
     "config.engine.data_devices=3: a multiple of 3"),
    ({"model.batch_norm_groups": 5}, "config.unlearn.batch_size: is 64; allowed with "
     "config.model.batch_norm_groups=5: a multiple of 5"),
    ({"data.name": "tfds"}, "config.data.name: is 'tfds'; known: digits, image_folder, npz, "
     "tiny_imagenet, tfds:<name"),
    ({"data.classes": (3, 10)}, "config.data.classes"),
    ({"data.train_per_class": 100000}, "config.data.train_per_class: is 100000; allowed"),
    ({"model.name": "resnet18", "model.widths": (4, 8, 8), "model.blocks": ()},
     "config.model.blocks: has 4 stage(s); allowed: 3"),
    ({"model.blocks": ()}, "config.model.blocks: is (); allowed for resnet: at least one value"),
    ({"train.milestones": (2,)}, "config.train.milestones: is (2,); allowed with schedule cosine"),
    ({"memorization.schedule": "steps", "memorization.milestones": (2,)},
     "config.memorization.milestones: is (2,); allowed with schedule steps: epochs below 2"),
    ({"model.dtype": "float16"}, "config.model.dtype: is 'float16'; known: auto, bfloat16"),
    ({"train.augmentation": "flip"}, "config.train.augmentation: is 'flip'; known: crop, "),
])
def test_faulty_fields_are_named_before_anything_runs(fields, fault):
    with pytest.raises(InputError) as error:
        config_of(**fields)
    assert fault in str(error.value)


@pytest.mark.slow
def test_moved_files_of_ids_are_named_as_the_config_names_them(dataset, tmp_path):
    """Nothing is made anew, and nothing in the results has the name of the earlier run."""
    ids, paths = dataset.ids[dataset.train], [tmp_path / f"{name}.txt" for name in "abc"]
    for number, path in enumerate(paths):
        path.write_text("\n".join(ids[12 * number:12 * number + 12]))
    workdir, texts, times = tmp_path / "run", [], []
    for moved in (False, True):
        if moved:  # each takes the place of the next
            paths = [*paths[1:], tmp_path / "d.txt"]
            for path in reversed(paths):
                path.with_name(f"{chr(ord(path.stem) - 1)}.txt").replace(path)
        sets = tuple(f"file:{path}" for path in paths)
        finished = pipeline.run(workdir, config_of(**{
            "forget.sets": sets[:2], "forget.size": 0, "stream.requests": sets[1:],
            "stream.size": 0, "rows": ("rum_f:finetune[by=class]",), "trace": True,
            "stream.rows": ("vanilla:finetune",), "campaign.models": 0, "seeds": (0, 1),
            **{f"rum_f.hparams.finetune.{subset}.epochs": 1 for subset in ("low", "mid", "high")}}))
        report.write(finished, provenance.provenance())
        results = records.read_json(workdir / "results.json")
        assert {row["set"] for row in results["rows"]} == set(sets[:2])
        assert [list(of_set["overlap"]) for of_set in results["sets"]] == [[sets[1]], [sets[0]]]
        assert results["sections"]["streams"]["requests"] == list(sets[1:])
        lines = records.read_lines(workdir / "metrics.jsonl")
        assert {line["set"] for line in lines if "set" in line} == set(sets)
        texts.append({path.name: path.read_text().replace(f"{paths[0]}", "1").replace(
            f"{paths[1]}", "2").replace(f"{paths[2]}", "3") for path in workdir.iterdir()
            if path.name in ("results.csv", "metrics.jsonl", "forget_statistics.json")})
        assert tuple(records.read_arrays(workdir / "forget.npz")["sets"]) == sets[:2]
        times.append({path: path.stat().st_mtime_ns for path in workdir.rglob("done.json")})
    assert texts[0] == texts[1] and len(texts[0]) == 3
    assert times[0] == times[1]
