"""Every file of ../shared/cases is read, or refused in a sentence that says what is allowed."""

import pathlib
import tarfile

import numpy as np
import pytest
from forget.small_context import known

from rum_jax import data
from rum_jax.config import base
from rum_jax.config.validate import faults
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.forget import choose
from rum_jax.forget.selection import untrained
from rum_jax.memorization.published import published_scores
from rum_jax.models import build
from rum_jax.models.given_statistics import with_given
from rum_jax.models.torch_import import load_variables, state_dict_of
from rum_jax.train.predict import predict
from rum_jax.train.state import fresh

CASES = pathlib.Path(__file__).parents[2] / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="there is no ../shared/cases")

NPZ = ("labels_from_1.npz", "keras_names.npz", "labels_N1.npz", "rare.npz")
DIGITS_IDS = ("digits_ids_a.txt", "digits_ids_b.txt", "digits_bom.txt")
IMAGE_IDS = ("utf16.txt", "ids.json", "ids.npy", "comments.txt", "header.csv")
REFUSED_SCORES = ("nan.npz", "plain.npy", "ids.csv")
SCORES = ("mem.npz", "scores_only.npz", "lira_per_model")
DIGITS_MODELS = tuple(f"digits16x32_{kind}{number}.pth" for kind in ("same", "none")
                      for number in (0, 1))
MODELS = ("kuangliu_net.pth", "rum_unlearned.pth.tar")
OTHERS = ("README.md", "half_tif.tar.gz", "ints.txt", "mask.npz")

# Of ids image_00000 to image_00599, all trained on.
IMAGES = known(labels=np.zeros(600))._replace(
    ids=np.array([f"image_{i:05d}" for i in range(600)]), published=np.arange(600),
    published_size=600)


def test_all_of_them_are_looked_at():
    looked_at = {*NPZ, *DIGITS_IDS, *IMAGE_IDS, *REFUSED_SCORES, *SCORES, *DIGITS_MODELS, *MODELS,
                 *OTHERS}
    assert {path.name for path in CASES.iterdir()} == looked_at


@pytest.fixture(scope="module")
def digits():
    return data.load("digits", 0.1, 0.2, 0.05, 0)


@pytest.mark.parametrize("name", DIGITS_IDS)
def test_ids_of_digits(digits, name):
    positions = choose(f"file:{CASES / name}", untrained(digits), 0)
    lines = (CASES / name).read_text(encoding="utf-8-sig").split()
    assert sorted(lines) == digits.ids[positions].tolist() and len(lines) >= 25


@pytest.mark.parametrize("name", IMAGE_IDS)
def test_ids_of_images(digits, name):
    assert choose(f"file:{CASES / name}", IMAGES, 0).tolist() == list(range(40))
    with pytest.raises(InputError, match="its ids are like digits_00000") as error:
        choose(f"file:{CASES / name}", untrained(digits), 0)
    assert len(str(error.value)) < 300, "the file is not printed"


def test_positions_and_masks():
    positions = IMAGES._replace(file_ids="positions")
    assert choose(f"file:{CASES / 'ints.txt'}", positions, 0).tolist() == list(range(40))
    with np.load(CASES / "mask.npz") as stored:
        expected = np.flatnonzero(stored["ids"])
    assert choose(f"file:{CASES / 'mask.npz'}", positions, 0).tolist() == expected.tolist()
    for name in ("ints.txt", "mask.npz"):
        with pytest.raises(InputError, match="config.forget.file_ids=positions"):
            choose(f"file:{CASES / name}", IMAGES, 0)


@pytest.mark.parametrize("name", SCORES)
def test_scores(digits, name):
    scores = published_scores(CASES / name, digits)
    assert scores.shape == digits.train.shape and np.nanstd(scores) > 0.01
    assert np.isnan(scores).sum() == (152 if name == "lira_per_model" else 0), "all or none of 4"


@pytest.mark.parametrize("name, reason", list(zip(REFUSED_SCORES, (
    r"score\(s\) of the training set are not finite, the first of digits_",
    "it is a single array .*; allowed: an .npz file", "it is no .npz file, .*; allowed: an .npz"),
    strict=True)))
def test_scores_that_are_refused_before_any_training(name, reason):
    config = base.get_config()
    config.update_from_flattened_dict({"memorization.scores": str(CASES / name),
                                       "campaign.models": 0})
    (fault,) = faults(config.to_dict())
    assert fault.startswith(f"config.memorization.scores: {CASES / name}")
    with pytest.raises(InputError, match=reason):
        published_scores(CASES / name, data.load("digits", 0.1, 0.2, 0.05, 0))


@pytest.mark.parametrize("name, examples, classes, test", [
    ("labels_from_1.npz", 600, tuple(range(1, 11)), 0.2), ("keras_names.npz", 600, range(10), 0.0),
    ("labels_N1.npz", 600, range(10), 0.2), ("rare.npz", 487, None, 0.2)])
def test_images(name, examples, classes, test, capsys):
    dataset = data.load("npz", 0.1, test, 0.05, 0, path=str(CASES / name))
    said = capsys.readouterr().err
    assert len(dataset.ids) == examples and dataset.images.shape[1:] == (8, 8, 1)
    assert classes is None or dataset.class_numbers == tuple(classes)
    assert (np.bincount(dataset.clean_labels[dataset.train],
                        minlength=dataset.spec.classes) > 0).all()
    assert ("class(es) 0 have no example" in said) == (name == "labels_from_1.npz")
    assert ("have no test example" in said) == (name == "rare.npz")


def test_images_of_two_formats(tmp_path):
    with tarfile.open(CASES / "half_tif.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    dataset = data.load("image_folder", 0.0, 0.25, 0.0, 0, path=str(tmp_path / "half_tif"))
    assert np.bincount(dataset.clean_labels).tolist() == [12, 12, 12]


@pytest.mark.parametrize("name", MODELS)
def test_state_dicts(name):
    pytest.importorskip("torch", reason="reading .pth files needs PyTorch")
    model = build("resnet", ImageSpec((8, 8, 1), 10, 16.0, (0.3,), (0.37,)), (4, 8), (1, 1),
                  "native")
    arrays = state_dict_of(*load_variables(CASES / name, model), model)
    assert arrays["conv1.weight"].shape == (4, 1, 3, 3) and arrays["conv1.weight"].std() > 0


def test_a_files_own_mean_and_std_are_those_of_the_study(digits, capsys):
    pytest.importorskip("torch", reason="reading .pth files needs PyTorch")
    train = {"from_files": (str(CASES / MODELS[1]),), "from_files_mean": (), "from_files_std": ()}
    spec = with_given(digits, train).spec
    assert (spec.mean, spec.std) == ((0.3,), (0.37,)) and "mean (0.3,)" in capsys.readouterr().err


def config_of(kind, **fields):
    config = base.get_config()
    files = tuple(str(CASES / f"digits16x32_{kind}{number}.pth") for number in (0, 1))
    config.update_from_flattened_dict({
        "seeds": (0, 1), "train.from_files": files, "campaign.models": 0, "engine.devices": 1,
        "forget.sets": ("random",), "rows": (), **fields})
    assert faults(config.to_dict()) == []
    return config


@pytest.mark.parametrize("kind, fields", [
    ("same", {}), ("none", {"train.from_files_mean": (0.0,), "train.from_files_std": (1.0,)}),
    ("none", {})])
def test_given_models_of_digits(kind, fields):
    pytest.importorskip("torch", reason="reading .pth files needs PyTorch")
    import jax

    from rum_jax.experiment.build import make_task
    from rum_jax.study.given_models import judge

    config = config_of(kind, **fields)
    dataset, task = make_task(config)
    paths = config.train.from_files
    read = [fresh(*load_variables(path, task.model)) for path in paths]
    states = jax.tree.map(lambda *leaves: np.stack(leaves), *read)
    logits = predict(task, states)
    if kind == "same" or fields:
        accuracies = judge(task, dataset, paths, states, logits)
        assert np.mean(accuracies["test_accuracy"]) == pytest.approx(0.965, abs=0.007)
    else:
        with pytest.raises(InputError, match=r"from_files_mean=\(0,\) and from_files_std=\(1,\)"):
            judge(task, dataset, paths, states, logits)
