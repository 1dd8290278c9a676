import numpy as np
import pytest

from data.small_files import picture
from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source, make_source
from rum_jax.data.selection import report_classes_lost_to_noise
from rum_jax.data.statistics import computed
from rum_jax.forget import choose
from rum_jax.forget.selection import untrained


@pytest.fixture
def file(tmp_path):
    """30 training images of three classes in turn, 9 for testing."""
    path = tmp_path / "own.npz"
    np.savez(path, train_images=picture(0, (30, 4, 4)), train_labels=np.arange(30) % 3,
             test_images=picture(1, (9, 4, 4)), test_labels=np.arange(9) % 3,
             classes=np.array(["ant", "bee", "cow"]))
    return str(path)


def load(path, validation=0.2, test=0.0, noise=0.0, **options):
    return data.load("npz", validation, test, noise, seed=1, path=path, **options)


def test_names():
    for name in ("digits", "npz", "image_folder", "tiny_imagenet", "tfds:cifar10",
                 "tfds:cifar10:3.0.2", "tfds:imagenet_resized/32x32:0.1.0"):
        assert data.check_name(name) is None
    for name in ("cifar10", "tfds", "tfds:", "tfds:../x", "tfds:cifar10:3", "digits:", "npz:a", 3):
        assert data.check_name(name).startswith(
            f"is {name!r}; known: digits, image_folder, npz, tiny_imagenet, "
            "tfds:<name of a TFDS image data set>")
    assert data.check_name("cifar10").endswith("; data sets of TFDS are written tfds:cifar10")
    with pytest.raises(InputError, match="config.data.name: is 'mnist'; known: digits"):
        data.load("mnist", 0.1, 0.1, 0, 0)


def test_a_data_set_is_loaded_once_and_cannot_be_changed(file):
    dataset = load(file, classes=[2, 0])
    assert load(file, classes=(2, 0)) is dataset
    assert load(file).images is load(file, noise=0.1).images
    for array in (dataset.images, dataset.labels, dataset.clean_labels, dataset.ids, dataset.train):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = array[1]


def test_a_relative_path_is_that_of_the_current_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load("own.npz") is load(file)


def test_own_parts_and_label_noise(file):
    dataset = load(file, noise=0.25)
    assert {name: len(part) for name, part in dataset.positions.items()} == {
        "train": 24, "validation": 6, "test": 9}
    assert dataset.ids[dataset.positions["test"]].tolist() == [f"test_{i:05d}" for i in range(9)]
    assert dataset.source_index.tolist() == [*range(30), *range(9)] and dataset.train_size == 30
    assert dataset.source_index.dtype == np.int32
    noisy = np.flatnonzero(dataset.noisy)
    assert len(noisy) == 6 and np.isin(noisy, dataset.train).all()
    assert dataset.class_numbers == (0, 1, 2) and dataset.class_names == ("ant", "bee", "cow")


def test_selected_classes_are_numbered_anew(file):
    dataset = load(file, classes=(2, 0))
    assert dataset.spec.classes == 2 and dataset.class_names == ("cow", "ant")
    assert dataset.class_numbers == (2, 0)
    places = [i for i in range(30) if i % 3 != 1] + [i for i in range(9) if i % 3 != 1]
    assert dataset.source_index.tolist() == places
    assert dataset.labels.tolist() == [0 if i % 3 == 2 else 1 for i in places]
    np.testing.assert_array_equal(dataset.images[:20], load(file).images[places[:20]])
    assert dataset.spec.mean == load(file).spec.mean
    assert np.bincount(dataset.labels[dataset.positions["validation"]]).tolist() == [2, 2]


def test_the_first_examples_of_each_class_stay_and_are_split_afterwards(file):
    dataset = load(file, validation=0.25, train_per_class=4, test_per_class=1)
    assert dataset.source_index.tolist() == [*range(12), 0, 1, 2] and dataset.train_size == 30
    assert np.bincount(dataset.labels[dataset.train]).tolist() == [3, 3, 3]
    assert dataset.positions["test"].tolist() == [12, 13, 14]


@pytest.mark.parametrize("options, message", [
    ({"classes": (0, 3)}, r"config.data.classes: is \(0, 3\); allowed: numbers from 0 to 2"),
    ({"classes": (-1, 2)}, r"config.data.classes: is \(-1, 2\); allowed: numbers from 0 to 2"),
    ({"classes": (1, 1)}, r"config.data.classes: is \(1, 1\); allowed: no class twice"),
    ({"classes": (1,)}, r"config.data.classes: is \(1,\); allowed: at least two"),
    ({"train_per_class": 11}, "config.data.train_per_class: is 11; allowed: 0 to 10"),
    ({"test_per_class": 4}, "config.data.test_per_class: is 4; allowed: 0 to 3"),
    ({"test": 0.2}, "config.data.test_fraction: is 0.2; allowed for npz: 0, as it has a test set "
                    "of its own"),
])
def test_what_the_data_set_does_not_have(file, options, message):
    with pytest.raises(InputError, match=message):
        load(file, **options)


def test_what_a_data_set_without_a_test_part_needs():
    with pytest.raises(InputError, match="config.data.test_fraction: is 0; allowed for digits: mo"):
        data.load("digits", 0.1, 0.0, 0.0, 0)
    with pytest.raises(InputError, match="config.data.test_per_class: is 5; allowed for digits: 0"):
        data.load("digits", 0.1, 0.2, 0.0, 0, test_per_class=5)
    dataset = data.load("digits", 0.1, 0.2, 0.0, 0, classes=(7, 3), train_per_class=20)
    assert np.bincount(dataset.labels[dataset.train]).tolist() == [14, 14]
    assert {name: len(part) for name, part in dataset.positions.items()} == {
        "train": 28, "validation": 4, "test": 8}
    full = data.load("digits", 0.1, 0.2, 0.0, 0)
    threes = np.flatnonzero(full.labels == 3)[:20]
    assert dataset.ids[dataset.labels == 1].tolist() == full.ids[threes].tolist()
    assert dataset.source_index[dataset.labels == 1].tolist() == threes.tolist()


def test_an_own_validation_part_is_used_as_it_is(tmp_path):
    path = str(tmp_path / "parts.npz")
    np.savez(path, images=picture(0, (12, 2, 2, 3)), labels=np.arange(12) % 2,
             parts=np.repeat(["test", "validation", "train"], 4))
    dataset = load(path, validation=0.0)
    assert dataset.ids[dataset.train].tolist() == [f"image_{i:05d}" for i in range(8, 12)]
    assert dataset.positions["validation"].tolist() == [4, 5, 6, 7]
    with pytest.raises(InputError, match="config.data.validation_fraction: is 0.1; allowed for "
                                         "npz: 0, as it has a validation set of its own"):
        load(path, validation=0.1)


def source(**changes):
    values = {"images": picture(0, (4, 2, 2, 1)), "labels": np.array([0, 1, 1, 0]),
              "ids": np.array(["d", "c", "b", "a"]),
              "parts": np.array(["test", "train", "train", "validation"]),
              "classes": ("x", "y"), "pixel_max": 255.0, "mean": (0.5,), "std": (0.2,)}
    return Source(**{**values, **changes})


def test_sources_are_put_in_order():
    ordered = make_source("s", source())
    assert ordered.ids.tolist() == ["b", "c", "a", "d"] and ordered.labels.tolist() == [1, 1, 0, 0]
    assert ordered.parts.tolist() == ["train", "train", "validation", "test"]
    np.testing.assert_array_equal(ordered.images, source().images[[2, 1, 3, 0]])
    lone = make_source("s", source(parts=np.array(["train", "train", "train", "validation"])))
    assert lone.parts.tolist() == ["train", "train", "train", "test"]


@pytest.mark.parametrize("changes, message", [
    ({"ids": np.array(["a", "b", "c", "a"])}, "s: the id 'a' occurs 2 times; allowed: once"),
    ({"ids": np.array(["a", "", "c", "d"])}, "s: the id '' is empty; allowed: texts without line"),
    ({"ids": np.array(["a", "b\nc", "c", "d"])}, r"s: the id 'b\\nc' has characters that a line of "
                                                 "text cannot hold; allowed: texts without line"),
    ({"ids": np.array(["a", "\ufeffb", "c", "d"])}, r"s: the id '\\ufeffb' has characters"),
    ({"ids": np.array(["a", "\ud800", "c", "d"])}, r"s: the id '\\ud800' has characters"),
    ({"ids": np.array(["a", "b", "c", "d\u2028e"])}, r"s: the id 'd\\u2028e' has characters"),
    ({"ids": np.array(["a", "b ", "c", "d"])}, "s: the id 'b ' has spaces at its ends; allowed: "),
    ({"labels": np.array([0, 1, 2, 0])}, "s: example b has label 2; allowed: 0 to 1"),
    ({"labels": np.array([0, 1, 1, -1])}, "s: example a has label -1; allowed: 0 to 1"),
    ({"classes": ("x",)}, r"s: has 1 class\(es\); allowed: at least two"),
    ({"parts": np.full(4, "test")}, "s: has no training examples"),
])
def test_faulty_sources(changes, message):
    with pytest.raises(InputError, match=message):
        make_source("s", source(**changes))


def test_statistics_are_exact():
    images = picture(3, (5000, 3, 3, 2))
    mean, std = computed(images, np.arange(1, 5000))
    unit = images[1:].astype(np.float64) / 255
    np.testing.assert_allclose(mean, unit.mean((0, 1, 2)), rtol=1e-12)
    np.testing.assert_allclose(std, unit.std((0, 1, 2)), rtol=1e-12)
    assert computed(np.full((2, 2, 2, 1), 51, np.uint8), np.arange(2)) == ((0.2,), (1.0,))


def write_npz(tmp_path, labels, name="labels.npz", **arrays):
    path = tmp_path / name
    np.savez(path, images=picture(0, (len(labels), 4, 4)), labels=labels, **arrays)
    return str(path)


def test_classes_without_an_example_are_left_out_and_their_numbers_are_kept(tmp_path, capsys):
    labels = np.arange(60) % 3 + 1
    dataset = load(write_npz(tmp_path, labels, classes=np.array(list("abcde"))), test=0.2,
                   noise=0.3)
    assert dataset.spec.classes == 3 and dataset.class_numbers == (1, 2, 3)
    assert dataset.class_names == ("b", "c", "d") and set(dataset.labels.tolist()) == {0, 1, 2}
    np.testing.assert_array_equal(dataset.clean_labels, labels - 1)
    assert ("class(es) 0, 4 have no example and are left out; the other 3 are numbered anew"
            in capsys.readouterr().err)
    with pytest.raises(InputError, match="names class 0; known: 1, 2, 3"):
        choose("class:0", untrained(dataset), 0)
    assert len(choose("class:1", untrained(dataset), 0)) == (
        dataset.labels[dataset.train] == 0).sum()


@pytest.mark.parametrize("parts, options, where", [
    (["test"] * 2 + ["train"] * 40, {}, "all theirs are for test"),
    (["validation"] * 2 + ["test"] * 10 + ["train"] * 30, {"validation": 0.0},
     "all theirs are for validation"),
    (["train"] * 42, {"test": 0.5, "validation": 0.4}, "all theirs are for validation and test")])
def test_a_class_that_cannot_be_learned_is_refused(tmp_path, parts, options, where):
    path = write_npz(tmp_path, np.array([2] * 2 + [0, 1] * 20), parts=np.array(parts))
    with pytest.raises(InputError, match=rf"class.es. 2 have no training example \({where}\); al"):
        load(path, **options)
    assert load(path, classes=(0, 1), **options).spec.classes == 2
    with pytest.raises(InputError, match=r"2 have no training example"):
        load(path, classes=(2, 0), **options)


def test_a_class_that_is_named_and_has_no_example_is_refused(tmp_path):
    path = write_npz(tmp_path, np.arange(30) % 2, classes=np.array(["a", "b", "c"]))
    assert load(path, test=0.2).spec.classes == 2
    with pytest.raises(InputError, match=r"class\(es\) 2 have no training example; allowed"):
        load(path, test=0.2, classes=(0, 2))
    with pytest.raises(InputError, match="all examples are of class 4"):
        load(write_npz(tmp_path, np.full(30, 4), "one.npz"), test=0.2)


def test_a_class_without_a_test_example_is_named(tmp_path, capsys):
    labels = np.array([5] + [2] * 40 + [7] * 40)
    dataset = load(write_npz(tmp_path, labels), test=0.2)
    said = capsys.readouterr().err
    assert dataset.class_numbers == (2, 5, 7)
    assert "class(es) 5 have no test example (training examples: 1)" in said
    assert "class(es) 5 have no validation example" in said


def test_noise_that_leaves_a_class_without_labels_is_named(capsys):
    report_classes_lost_to_noise(np.array([0, 2, 2]), (4, 5, 6))
    assert "injected labels leave no training example of class(es) 5" in capsys.readouterr().err
    report_classes_lost_to_noise(np.array([0, 1, 2]), (4, 5, 6))
    assert capsys.readouterr().err == ""
