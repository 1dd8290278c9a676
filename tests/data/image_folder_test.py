import os

import numpy as np
import pytest
from PIL import Image

from data.small_files import picture, save
from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.data import image_folder


@pytest.fixture
def flat(tmp_path):
    root = tmp_path / "flat"
    for number in range(3):
        save(root / "dog" / f"{number}.png", picture(number))
        save(root / "cat" / f"{number}.PNG", picture(10 + number))
    (root / "cat" / "notes.txt").write_text("not an image")
    (root / ".hidden").mkdir()
    return root


@pytest.fixture
def split(tmp_path):
    root = tmp_path / "split"
    for part, count in (("train", 4), ("test", 2), ("valid", 1)):
        for label, name in enumerate(("a", "b")):
            for number in range(count):
                save(root / part / name / f"{number}.bmp", picture(label * 10 + number))
    return root


def load(root):
    return image_folder.load(str(root), "")


def test_class_folders(flat):
    source = load(flat)
    assert source.classes == ("cat", "dog") and set(source.parts) == {"train"}
    assert source.ids.tolist() == ["cat/0.PNG", "cat/1.PNG", "cat/2.PNG", "dog/0.png", "dog/1.png",
                                   "dog/2.png"]
    assert source.labels.tolist() == [0, 0, 0, 1, 1, 1]
    expected = np.stack([picture(seed) for seed in (10, 11, 12, 0, 1, 2)])
    np.testing.assert_array_equal(source.images, expected)
    np.testing.assert_allclose(source.mean, expected.mean((0, 1, 2)) / 255)
    np.testing.assert_allclose(source.std, (expected / 255).std((0, 1, 2)))


def test_split_folders(split):
    source = load(split)
    assert source.ids[:5].tolist() == ["train/a/0.bmp", "train/a/1.bmp", "train/a/2.bmp",
                                       "train/a/3.bmp", "train/b/0.bmp"]
    assert source.parts.tolist() == ["train"] * 8 + ["validation"] * 2 + ["test"] * 4
    np.testing.assert_allclose(source.mean, source.images[:8].mean((0, 1, 2)) / 255)
    dataset = data.load("image_folder", 0.0, 0.0, 0.0, 1, path=str(split))
    assert {name: len(part) for name, part in dataset.positions.items()} == {
        "train": 8, "validation": 2, "test": 4}


def test_a_lone_validation_folder_is_the_test_set(split):
    for name in ("0", "1"):
        for file in (split / "test").rglob(f"{name}.bmp"):
            file.unlink()
    for folder in ("a", "b"):
        (split / "test" / folder).rmdir()
    (split / "test").rmdir()
    assert load(split).parts.tolist() == ["train"] * 8 + ["test"] * 2


def test_a_class_may_be_called_train(tmp_path):
    for name in ("train", "ship"):
        save(tmp_path / name / "0.png", picture(0))
    assert load(tmp_path).classes == ("ship", "train")


def test_all_images_become_rgb(tmp_path):
    root = tmp_path / "images"
    color, gray = picture(0), picture(1, (4, 5))
    save(root / "a" / "color.png", color)
    save(root / "a" / "gray.png", gray)
    save(root / "b" / "alpha.png", np.dstack([color, gray]))
    save(root / "b" / "palette.png", (color // 128) * 255, "P")
    source = load(root)
    images = dict(zip(source.ids.tolist(), source.images, strict=True))
    np.testing.assert_array_equal(images["a/color.png"], color)
    np.testing.assert_array_equal(images["a/gray.png"], np.dstack([gray] * 3))
    np.testing.assert_array_equal(images["b/alpha.png"], color)
    assert images["b/palette.png"].shape == (4, 5, 3)
    save(root / "b" / "deep.png", np.full((4, 5), 300, np.uint16))
    with pytest.raises(InputError, match="deep.png: has pixels of mode I;16; allowed: 8 bits"):
        load(root)


def test_a_changed_image_is_read_again(flat):
    before = load(flat)
    save(flat / "dog" / "1.png", picture(99))
    after = load(flat)
    assert [i for i in range(6) if (before.images[i] != after.images[i]).any()] == [4]


def test_a_moved_folder_is_the_same_data_set(flat, monkeypatch, tmp_path):
    before = load(flat)
    flat.rename(tmp_path / "elsewhere")
    monkeypatch.setattr(image_folder, "decode", None)
    np.testing.assert_array_equal(load(tmp_path / "elsewhere").images, before.images)


def test_images_that_cannot_be_used(flat):
    save(flat / "dog" / "1.png", picture(0, (6, 5, 3)))
    with pytest.raises(InputError, match=r"dog/1.png: is 6x5x3, while .*cat/0.PNG is 4x5x3; allow"):
        load(flat)
    content = (flat / "dog" / "0.png").read_bytes()
    for broken in (b"", b"no image", content[:len(content) // 2]):
        (flat / "dog" / "1.png").write_bytes(broken)
        with pytest.raises(InputError, match="dog/1.png: cannot be read as an image"):
            load(flat)


def test_folders_that_cannot_be_used(flat, split, tmp_path):
    (flat / "empty").mkdir()
    with pytest.raises(InputError, match="flat/empty: has no images; allowed: <class>/<image>"):
        load(flat)
    save(split / "test" / "c" / "0.png", picture(0))
    with pytest.raises(InputError, match="test/c: is a class that the training images lack; "
                                         "allowed: a, b"):
        load(split)
    (split / "val").mkdir()
    with pytest.raises(InputError, match="allowed: one of val, valid and validation"):
        load(split)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="nothing: has no images in class folders; allowed: <cla"):
        load(tmp_path / "nothing")
    for path in ("", tmp_path / "none"):
        with pytest.raises(InputError, match="config.data.path: is '.*'; allowed for image_folder"):
            image_folder.load(str(path), "")


def test_the_training_folder_alone_has_ids_of_its_own(split):
    assert load(split).ids[0] == "train/a/0.bmp"
    assert load(split / "train").ids[0] == "a/0.bmp"


def test_nothing_beside_the_training_folder_is_left_out_without_a_word(split):
    save(split / "Val" / "a" / "0.bmp", picture(0))
    with pytest.raises(InputError, match="has Val beside train; allowed: train, test, val"):
        load(split)
    (split / "Val").rename(split / ".Val")
    save(split / "test" / "0.bmp", picture(0))
    with pytest.raises(InputError, match="test: has no class folders, or images beside them"):
        load(split)


def test_whatever_pillow_reads_is_read_and_the_rest_is_named(tmp_path, capsys):
    for label, name in enumerate(("a", "b")):
        for suffix in ("png", "tif", "tiff", "gif", "bmp", "pgm", "tga", "jfif", "ico", "webp"):
            save(tmp_path / name / f"{suffix}.{suffix}", picture(label, (8, 8, 3)))
    (tmp_path / "a/png.png").rename(tmp_path / "a/without")
    (tmp_path / "b/png.png").rename(tmp_path / "b/wrong.dat")
    (tmp_path / "b/tif.tif").rename(tmp_path / "b/.hidden.tif")
    (tmp_path / "a/notes.txt").write_text("no image")
    save(tmp_path / "b/more/0.png", picture(0, (8, 8, 3)))
    source = load(tmp_path)
    assert len(source.ids) == 19 and {"a/without", "b/wrong.dat"} <= set(source.ids)
    np.testing.assert_array_equal(source.images[source.ids == "a/tif.tif"][0],
                                  picture(0, (8, 8, 3)))
    said = capsys.readouterr().err
    assert "2 file(s) or folder(s) in class folders are not used" in said
    assert "a/notes.txt, b/more/" in said and "hidden" not in said


def test_the_first_frame_is_used_and_said(tmp_path, capsys):
    frames = [Image.fromarray(np.full((4, 5), value, np.uint8)) for value in (10, 200)]
    for name in ("a", "b"):
        save(tmp_path / name / "0.png", picture(0))
    frames[0].save(tmp_path / "a" / "two.tif", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "a" / "two.gif", save_all=True, append_images=frames[1:])
    source = load(tmp_path)
    assert (source.images[1:3] == 10).all()
    said = capsys.readouterr().err
    assert "2 image(s) have several frames, of which the first is used: " in said
    assert "two.gif" in said and "two.tif" in said


def test_images_beside_class_folders_are_refused(flat, split):
    save(flat / "stray.tif", picture(0))
    with pytest.raises(InputError, match="has 1 image.s. beside its folders, such as stray.tif"):
        load(flat)
    save(split / "train" / "stray.png", picture(0))
    with pytest.raises(InputError, match="train: has no class folders, or images beside them"):
        load(split)


def test_a_class_that_a_test_folder_lacks_is_named(split, capsys):
    for file in (split / "test" / "b").iterdir():
        file.unlink()
    (split / "test" / "b").rmdir()
    data.load("image_folder", 0.0, 0.0, 0.0, 1, path=str(split))
    assert "class(es) 1 have no test example (training examples: 4)" in capsys.readouterr().err


@pytest.mark.parametrize("name, shown", [
    (b"dog/\xff\xfe.png", r"'dog/\\udcff\\udcfe.png' has characters"),
    (b"d\xff/0.png", r"'d\\udcff/0.png' has characters"),
    (b"dog/a\nb.png", r"'dog/a\\nb.png' has characters"),
    (b" dog/0.png", "' dog/0.png' has spaces at its ends"),
    (b"\xef\xbb\xbfdog/0.png", r"'\\ufeffdog/0.png' has characters")])
def test_names_that_cannot_be_ids_are_refused(flat, name, shown):
    place = os.fsdecode(bytes(flat) + b"/" + name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    os.rename(flat / "dog" / "2.png", place)
    with pytest.raises(InputError, match=f"flat: the name of the image {shown}.*; allowed: names "
                                         "in UTF-8 without line breaks"):
        load(flat)


def test_names_as_people_have_them_are_ids(flat):
    names = ["Screenshot 1.00\u202fPM.png", "caf\u00e9 #2, b.png", "\U0001f468\u200d\U0001f467.png"]
    for number, name in enumerate(names):
        (flat / "dog" / f"{number}.png").rename(flat / "dog" / name)
    assert {f"dog/{name}" for name in names} <= set(load(flat).ids.tolist())


def test_what_is_no_file_is_not_opened(flat, capsys):
    os.mkfifo(flat / "dog" / "pipe.png")
    os.mkfifo(flat / "dog" / "pipe")
    assert len(load(flat).ids) == 6
    assert "reads: cat/notes.txt, dog/pipe, dog/pipe.png" in capsys.readouterr().err
    (flat / "dog" / "3.png").symlink_to("nowhere.png")
    with pytest.raises(InputError, match="dog/3.png: cannot be read: No such file"):
        load(flat)
