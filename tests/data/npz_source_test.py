import numpy as np
import pytest

from data.small_files import picture
from rum_jax.core.errors import InputError
from rum_jax.data import npz_source

WHOLE = {"images": picture(0, (6, 3, 4)), "labels": np.arange(6) % 3}
IN_TWO = {"train_images": picture(1, (5, 3, 4, 3)), "train_labels": np.arange(5) % 2,
          "test_images": picture(2, (3, 3, 4, 3)), "test_labels": np.array([1, 0, 2])}


def load(tmp_path, **arrays):
    np.savez(tmp_path / "d.npz", **arrays)
    return npz_source.load(str(tmp_path / "d.npz"), "")


def test_one_set_of_images(tmp_path):
    source = load(tmp_path, **WHOLE)
    np.testing.assert_array_equal(source.images, WHOLE["images"][..., None])
    assert source.labels.tolist() == [0, 1, 2, 0, 1, 2] and source.labels.dtype == np.int32
    assert source.ids[0] == "image_00000" and set(source.parts) == {"train"}
    assert source.classes == ("0", "1", "2") and source.pixel_max == 255.0
    np.testing.assert_allclose(source.mean, WHOLE["images"].mean() / 255)
    np.testing.assert_allclose(source.std, WHOLE["images"].std() / 255)


def test_ids_and_parts_of_its_own(tmp_path):
    source = load(tmp_path, **WHOLE, ids=np.array([b"f", b"e", b"d", b"c", b"b", b"a"]),
                  parts=np.array(["train", "test"] * 3), classes=np.array(["x", "y", "z", "none"]))
    assert source.ids.tolist() == ["b", "d", "f", "a", "c", "e"]
    assert source.labels.tolist() == [1, 2, 0, 2, 0, 1]
    assert source.classes == ("x", "y", "z", "none")


def test_training_and_test_images(tmp_path):
    source = load(tmp_path, **IN_TWO, train_ids=np.array(list("edcba")))
    assert source.ids.tolist() == [*"abcde", "test_00000", "test_00001", "test_00002"]
    np.testing.assert_array_equal(source.images[:5], IN_TWO["train_images"][::-1])
    assert source.parts.tolist() == ["train"] * 5 + ["test"] * 3 and len(source.classes) == 3
    np.testing.assert_allclose(source.mean, IN_TWO["train_images"].mean((0, 1, 2)) / 255)


@pytest.mark.parametrize("arrays, message", [
    ({"images": WHOLE["images"]}, "d.npz: has images; allowed: `images` and `labels`"),
    ({**WHOLE, "images": WHOLE["images"].astype(np.float32)},
     r"images is float32\[6, 3, 4\]; allowed: uint8\[N,H,W\]"),
    ({**WHOLE, "images": WHOLE["images"][0]}, r"images is uint8\[3, 4\]"),
    ({**WHOLE, "images": WHOLE["images"][:0]}, "not empty"),
    ({**WHOLE, "labels": np.arange(5)}, r"labels is int64\[5\]; allowed: integers\[6\]"),
    ({**WHOLE, "labels": np.arange(6.0)}, r"labels is float64\[6\]"),
    ({**WHOLE, "labels": np.arange(6) - 1}, "labels has -1; allowed: 0 to"),
    ({**WHOLE, "labels": np.arange(6) * 10**12}, "labels has 5000000000000; allowed: 0 to"),
    ({**WHOLE, "ids": np.array(list("abcdea"))}, "the id 'a' occurs 2 times"),
    ({**WHOLE, "ids": np.arange(6)}, r"ids is int64\[6\]; allowed: texts\[6\]"),
    ({**WHOLE, "parts": np.array(["train"] * 5 + ["tset"])}, "parts has 'tset'; allowed: train, "),
    ({**WHOLE, "classes": np.array(["x", "y"])}, "allowed: texts, one for each class, here at"),
    ({**WHOLE, "labels": np.zeros(6, int)}, r"has 1 class\(es\); allowed: at least two"),
    ({**WHOLE, "ids": np.array([{}] * 6)}, "cannot be read as an .npz file: it holds Python obj"),
    ({**IN_TWO, "test_images": picture(0, (3, 3, 5, 3))}, "allowed: one shape for all"),
    ({**IN_TWO, "test_labels": np.arange(2)}, r"test_labels is int64\[2\]; allowed: integers\[3\]"),
])
def test_faulty_files(tmp_path, arrays, message):
    with pytest.raises(InputError, match=message):
        load(tmp_path, **arrays)


def test_what_is_no_npz_file(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 not really")
    np.save(tmp_path / "b.npy", np.arange(3))
    for name in ("a.npz", "b.npy"):
        with pytest.raises(InputError, match=f"{name}: cannot be read as an .npz file"):
            npz_source.load(str(tmp_path / name), "")
    for path in ("", str(tmp_path), str(tmp_path / "none.npz")):
        with pytest.raises(InputError, match="config.data.path: is .*; allowed for npz: an exist"):
            npz_source.load(path, "")


def test_images_of_channels_that_cannot_be_shown(tmp_path):
    with pytest.raises(InputError, match="images has 2 channels; allowed: 1, 3, 4"):
        load(tmp_path, images=np.zeros((4, 3, 3, 2), np.uint8), labels=np.arange(4) % 2)


@pytest.mark.parametrize("names", [("x_train", "y_train", "x_test", "y_test"),
                                   ("X_train", "Y_train", "X_test", "Y_test"),
                                   ("train_images", "train_labels", "test_images", "test_labels"),
                                   ("train_x", "train_y", "test_x", "test_y")])
@pytest.mark.parametrize("wide", [False, True])
def test_names_of_keras_and_labels_in_a_column(tmp_path, names, wide):
    arrays = {name: array[:, None] if wide and array.ndim == 1 else array
              for name, array in zip(names, IN_TWO.values(), strict=True)}
    source = load(tmp_path, **arrays)
    np.testing.assert_array_equal(source.images, np.concatenate(
        [IN_TWO["train_images"], IN_TWO["test_images"]]))
    assert source.labels.tolist() == [0, 1, 0, 1, 0, 1, 0, 2]
    assert source.parts.tolist() == ["train"] * 5 + ["test"] * 3


def test_a_validation_part_is_read_and_other_arrays_are_named(tmp_path, capsys):
    source = load(tmp_path, **IN_TWO, val_images=picture(3, (2, 3, 4, 3)),
                  val_labels=np.array([[0], [1]]), extra=np.arange(3))
    assert source.parts.tolist() == ["train"] * 5 + ["validation"] * 2 + ["test"] * 3
    said = capsys.readouterr().err
    assert "d.npz: has arrays that are not read: extra" in said and "val" not in said.split(":")[-1]
