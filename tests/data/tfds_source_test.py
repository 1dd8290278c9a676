"""TFDS data sets made here, and the real CIFAR where TFDS_DATA_DIR has it."""

import os
import pathlib

import numpy as np
import pytest
import tensorflow_datasets

from data.small_files import examples, picture, png, tfds
from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.data import tfds_folder, tfds_source

FEATURES = {"image": (4, 5, 3), "label": 3, "id": "text"}


@pytest.fixture
def root(tmp_path):
    return tmp_path / "tfds"


def load(root, name="toys"):
    return tfds_source.load(str(root), name)


def test_splits_in_the_order_of_ids(root, capfd):
    tfds(root, "toys", {"train": examples(12, 3, "train"),
                        "test": examples(6, 3, "test", seed=50)}, FEATURES)
    source = load(root)
    assert source.ids.tolist() == [*(f"train_{i:05d}" for i in range(12)),
                                   *(f"test_{i:05d}" for i in range(6))]
    assert source.labels.tolist() == [i % 3 for i in range(12)] + [i % 3 for i in range(6)]
    expected = np.stack([picture(i) for i in (*range(12), *range(50, 56))])
    np.testing.assert_array_equal(source.images, expected)
    assert source.parts.tolist() == ["train"] * 12 + ["test"] * 6
    assert source.classes == ("0", "1", "2")
    np.testing.assert_allclose(source.mean, expected[:12].mean((0, 1, 2)) / 255)
    assert capfd.readouterr().err == ""


def test_without_ids_gray_and_with_another_label(root):
    records = [{"picture": png(picture(i, (3, 3, 1))), "fine": i % 2, "coarse": 0}
               for i in range(4)]
    tfds(root, "toys", {"train": records, "validation": records[:2], "other": records[:1]},
         {"picture": (3, 3, 1), "coarse": 1, "fine": 2}, supervised=("picture", "fine"))
    source = load(root)
    assert source.ids.tolist() == ["train_00000", "train_00001", "train_00002", "train_00003",
                                   "validation_00000", "validation_00001"]
    assert source.parts.tolist() == ["train"] * 4 + ["test"] * 2, "validation is all there is"
    assert source.images.shape == (6, 3, 3, 1) and source.labels.tolist() == [0, 1, 0, 1, 0, 1]
    np.testing.assert_array_equal(source.images[3], picture(3, (3, 3, 1)))


def test_ids_that_repeat_are_replaced_and_numbers_keep_their_order(root):
    records = [{**record, "id": b"same"} for record in examples(4, 3)]
    tfds(root, "toys", {"train": records, "test": records}, FEATURES)
    assert load(root).ids.tolist() == [*(f"train_{i:05d}" for i in range(4)),
                                       *(f"test_{i:05d}" for i in range(4))]
    numbered = [{**record, "id": 11 - i} for i, record in enumerate(examples(4, 3))]
    tfds(root, "nums", {"train": numbered}, {**FEATURES, "id": 100})
    assert load(root, "nums").ids.tolist() == ["train_00008", "train_00009", "train_00010",
                                               "train_00011"]


def test_versions_and_configs(root):
    for version, count in (("1.0.0", 3), ("1.10.0", 6), ("1.9.0", 9)):
        tfds(root, "toys", {"train": examples(count, 3, "t")}, FEATURES, version)
    assert len(load(root).ids) == 6, "the newest version"
    assert len(load(root, "toys:1.9.0").ids) == 9
    with pytest.raises(InputError, match=r"1.2.0/dataset_info.json \(it has 1.0.0, 1.9.0, 1.10.0"):
        load(root, "toys:1.2.0")
    tfds(root, "sized/big", {"train": examples(3, 3, "t")}, FEATURES)
    assert len(load(root, "sized").ids) == len(load(root, "sized/big:1.0.0").ids) == 3
    tfds(root, "sized/small", {"train": examples(3, 3, "t")}, FEATURES)
    with pytest.raises(InputError, match="is 'tfds:sized'; allowed in .*: tfds:sized/big, tfds:"):
        load(root, "sized")


def test_from_the_cache_without_tfds(root, monkeypatch):
    folder = tfds(root, "toys", {"train": examples(6, 3, "t")}, FEATURES)
    before = load(root)
    monkeypatch.setattr(tensorflow_datasets, "builder_from_directory", None)
    np.testing.assert_array_equal(load(root).images, before.images)
    (folder / "features.json").write_text("{}")
    with pytest.raises(InputError, match="1.0.0: cannot be read by TFDS"):
        load(root)


def test_the_folder_of_tfds_is_looked_at_by_default(root, monkeypatch):
    tfds(root, "toys", {"train": examples(6, 3, "t"), "test": examples(3, 3, "s")}, FEATURES)
    monkeypatch.setenv("TFDS_DATA_DIR", str(root))
    dataset = data.load("tfds:toys", 0.5, 0.0, 0.0, 1)
    assert len(dataset.train) == 3 and dataset.train_size == 6
    assert data.load("tfds:toys", 0.5, 0.0, 0.0, 1, path=str(root)) is dataset
    monkeypatch.delenv("TFDS_DATA_DIR")
    assert tfds_folder.default_root() == str(pathlib.Path.home() / "tensorflow_datasets")


def test_what_is_not_there(root, monkeypatch):
    monkeypatch.setattr(tensorflow_datasets, "list_builders", lambda **_: ["mnist", "cifar10"])
    with pytest.raises(InputError, match="is 'tfds:cifar11'; neither TFDS nor the folder .*/tfds "
                                         "has a data set of that name; similar ones: cifar10"):
        load(root, "cifar11")
    with pytest.raises(InputError) as caught:
        load(root, "mnist")
    message = str(caught.value)
    assert f"there is no {root}/mnist/<version>/dataset_info.json" in message
    assert ("pip install tensorflow && python -c \"import tensorflow_datasets as tfds; "
            f"tfds.builder('mnist', data_dir='{root}', file_format='array_record')"
            ".download_and_prepare()\"") in message


@pytest.mark.parametrize("features", [
    {"image": (4, 5, 3), "id": "text"}, {"label": 3}, {"image": (4, 5, 3), "one": 3, "two": 3}])
def test_sets_without_one_image_and_one_label(root, features):
    tfds(root, "toys", {"train": examples(3, 3, "t")}, features, supervised=())
    with pytest.raises(InputError, match="is 'tfds:toys', with the features .*; allowed: sets with "
                                         "one uint8 image and one class label"):
        load(root)


def test_sets_without_training_examples(root):
    tfds(root, "toys", {"test": examples(3, 3, "t")}, FEATURES)
    tfds(root, "bare", {"rest": examples(3, 3, "t")}, FEATURES)
    with pytest.raises(InputError, match="tfds:toys: has no training examples"):
        load(root)
    with pytest.raises(InputError, match="tfds:bare: has no split train"):
        load(root, "bare")


@pytest.mark.parametrize("record, message", [
    ({"label": 3}, "example t_00002 has label 3; allowed: 0 to 2"),
    ({"image": png(picture(0, (5, 5, 3)))}, "tfds:toys, split train, record 2: is 5x5x3, while "
                                            "tfds:toys, split train, record 0 is 4x5x3"),
    ({"image": b"no image"}, "split train, record 2: cannot be read as an image"),
    (b"\xff\xff no record", "tfds:toys, split train: record 2 is broken"),
])
def test_faulty_records(root, record, message):
    records = [{"image": png(picture(i)), "label": i, "id": f"t_{i:05d}".encode()}
               for i in range(3)]
    records[2] = record if isinstance(record, bytes) else {**records[2], **record}
    tfds(root, "toys", {"train": records}, FEATURES)
    with pytest.raises(InputError, match=message):
        load(root)


def test_faulty_files(root):
    folder = tfds(root, "toys", {"train": examples(40, 3, "t"), "test": examples(3, 3, "s")},
                  FEATURES)
    file = folder / "toys-test.array_record-00000-of-00001"
    content = file.read_bytes()
    cut = "tfds:toys, split test: record [0-2] is broken"
    for broken, message in ((content[:len(content) // 2], cut), (content[:-10], cut), (b"", cut),
                            (None, f"{cut}: .*No such file")):
        file.unlink() if broken is None else file.write_bytes(broken)
        with pytest.raises(InputError, match=message):
            load(root)
    tfds(root, "other", {"train": examples(3, 3, "t")}, FEATURES, kind="tfrecord")
    with pytest.raises(InputError, match="is of the format tfrecord; allowed: array_record"):
        load(root, "other")


@pytest.fixture(scope="module", params=["cifar10", "cifar100"])
def real(request, tmp_path_factory):
    name, folder = request.param, os.environ.get("TFDS_DATA_DIR")
    if not folder or not (pathlib.Path(folder) / name).is_dir():
        pytest.skip(f"TFDS_DATA_DIR does not name a folder with {name}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUM_JAX_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield name, data.load(f"tfds:{name}", 0.1, 0.0, 0.0, seed=1)


def test_cifar(real):
    name, cifar = real
    classes = int(name.removeprefix("cifar"))
    assert cifar.images.shape == (60000, 32, 32, 3) and cifar.spec.classes == classes
    assert {part: len(positions) for part, positions in cifar.positions.items()} == {
        "train": 45000, "validation": 5000, "test": 10000}
    assert cifar.ids[:50000].tolist() == [f"train_{i:05d}" for i in range(50000)]
    assert cifar.source_index[cifar.train].tolist() == cifar.train.tolist()
    assert (np.diff(cifar.train) > 0).all() and cifar.train_size == 50000
    for split, count in (("train", 45000), ("validation", 5000), ("test", 10000)):
        labels = cifar.labels[cifar.positions[split]]
        assert np.bincount(labels).tolist() == [count // classes] * classes
    state, chosen = np.random.RandomState(1), []
    for label in range(classes):
        members = np.flatnonzero(cifar.clean_labels[:50000] == label)
        chosen += state.choice(members, int(0.1 * len(members)), replace=False).tolist()
    assert cifar.positions["validation"].tolist() == sorted(chosen)
    unit_mean = cifar.images[:50000].mean((0, 1, 2)) / 255
    np.testing.assert_allclose(unit_mean, cifar.spec.mean, atol=2e-3)


def test_wildcards_case_and_the_data_sets_own_folder(root):
    for version, count in (("1.0.0", 3), ("1.2.0", 6), ("2.0.1", 9)):
        tfds(root, "toys", {"train": examples(count, 3, "t")}, FEATURES, version)
    tfds(root, "sized/big", {"train": examples(12, 3, "t")}, FEATURES)
    for path, name, count in [
            (root, "toys:1.*.*", 6), (root, "toys:*.0.*", 9), (root, "Toys", 9),
            (root, "TOYS:1.0.*", 3), (root / "toys", "toys", 9), (root / "toys", "toys:1.*.*", 6),
            (root / "toys/1.2.0", "toys", 6), (root / "toys/1.2.0", "Toys:1.2.0", 6),
            (root / "sized", "sized/big", 12), (root / "sized/big", "sized/big", 12),
            (root / "sized/big/1.0.0", "sized/big", 12), (root / "sized/big/1.0.0", "sized", 12),
            (root / "sized", "sized", 12)]:
        assert len(load(path, name).ids) == count, (path, name)
        assert data.check_name(f"tfds:{name}") is None
    with pytest.raises(InputError, match=r"no .*/toys/3.\*.\*/dataset_info.json \(it has 1.0.0, 1"):
        load(root, "toys:3.*.*")
    with pytest.raises(InputError, match="1.2.0, of version 1.2.0; allowed with .*: 1.0.0"):
        load(root / "toys/1.2.0", "toys:1.0.0")
    with pytest.raises(InputError, match="config.data.path: is .*1.2.0, the folder of another"):
        load(root / "toys/1.2.0", "cifar10")


def test_splits_that_are_not_used_are_named(root, capsys):
    tfds(root, "toys", {"train": examples(6, 3, "a"), "extra": examples(3, 3, "b")}, FEATURES)
    assert len(load(root).ids) == 6
    assert "tfds:toys: split(s) that are not used: extra" in capsys.readouterr().err


def test_ids_that_no_file_of_ids_can_hold_are_not_used(root):
    records = examples(6, 3, "a")
    records[2]["id"] = b"two\nlines"
    tfds(root, "toys", {"train": records}, FEATURES)
    assert load(root).ids.tolist() == [f"train_{number:05d}" for number in range(6)]
