import os

import numpy as np
import pytest

from data.small_files import picture, save
from rum_jax import data
from rum_jax.core.errors import InputError
from rum_jax.data import tiny_imagenet

SPLIT = (0.0, 0.0, 0.0, 1)


@pytest.fixture
def root(tmp_path):
    """Two classes, n2 before n1 in wnids.txt; five validation images of n1, four of n2."""
    folder = tmp_path / "tiny-imagenet-200"
    for wnid in ("n1", "n2"):
        for number in range(3):
            save(folder / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", picture(number))
    owners = ["n1", "n2", "n1", "n1", "n2", "n2", "n1", "n2", "n1"]
    numbers = [10, 3, 2, 100, 1, 20, 0, 7, 9]
    for number in numbers:
        save(folder / "val" / "images" / f"val_{number}.JPEG", picture(number, (4, 5)))
    lines = [f"val_{n}.JPEG\t{w}\t0\t0\t9\t9\n" for n, w in zip(numbers, owners, strict=True)]
    (folder / "val" / "val_annotations.txt").write_text("".join(lines))
    (folder / "wnids.txt").write_text("n2\nn1\n")
    (folder / "words.txt").write_text("n1\tgoldfish, fish\nn2\tfrog\nn3\tcow\n")
    return folder


def load(root):
    return tiny_imagenet.load(str(root), "")


def test_the_original_layout(root):
    source = load(root)
    assert source.classes == ("goldfish, fish", "frog")
    assert source.images.shape == (15, 4, 5, 3) and source.mean == (0.485, 0.456, 0.406)
    part_labels = {part: dict(zip(source.ids[source.parts == part].tolist(),
                                  source.labels[source.parts == part].tolist(), strict=True))
                   for part in ("train", "validation", "test")}
    assert part_labels["train"] == {f"train/n{k}_{i}.JPEG": k - 1 for k in (1, 2) for i in range(3)}
    assert part_labels["validation"] == {"val/val_0.JPEG": 0, "val/val_2.JPEG": 0,
                                         "val/val_1.JPEG": 1, "val/val_3.JPEG": 1}
    assert part_labels["test"] == {"val/val_9.JPEG": 0, "val/val_10.JPEG": 0, "val/val_100.JPEG": 0,
                                   "val/val_7.JPEG": 1, "val/val_20.JPEG": 1}
    gray = source.images[source.parts != "train"]
    assert (gray == gray[..., :1]).all()


def test_the_folder_around_it_and_names_may_be_missing(root):
    (root / "words.txt").unlink()
    assert load(root.parent).classes == ("n1", "n2")


def test_names_of_classes_are_not_needed_to_be_whole(root):
    (root / "words.txt").write_text("n1\n")
    assert load(root).classes == load(root).classes
    (root / "words.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="words.txt: cannot be read"):
        load(root)


def test_what_is_missing(root, tmp_path):
    (tmp_path / "tiny.zip").write_bytes(b"PK")
    with pytest.raises(InputError, match=r"tiny.zip', a file; allowed for tiny_imagenet: a folder "
                                         r"\(unpack"):
        load(tmp_path / "tiny.zip")
    with pytest.raises(InputError, match="config.data.path: is ''; allowed for tiny_imagenet: an"):
        tiny_imagenet.load("", "")
    (root / "val/images/val_7.JPEG").unlink()
    with pytest.raises(InputError, match="val_7.JPEG: cannot be read"):
        load(root)
    annotations = root / "val/val_annotations.txt"
    annotations.write_text("val_1.JPEG\tn9\t0\t0\t9\t9\n")
    with pytest.raises(InputError, match="val_1.JPEG is of class 'n9', which wnids.txt lacks"):
        load(root)
    annotations.unlink()
    with pytest.raises(InputError, match="val_annotations.txt: there is no such file"):
        load(root)
    (root / "wnids.txt").write_text("n1\nn7\n")
    with pytest.raises(InputError, match="train/n7/images: has no images, though wnids.txt names"):
        load(root)
    (root / "wnids.txt").unlink()
    with pytest.raises(InputError, match="wnids.txt: there is no such file"):
        load(root)


def test_images_and_classes_that_are_not_used_are_named(root, capsys):
    save(root / "val/images/val_999.JPEG", picture(0))
    save(root / "train/n9/images/n9_0.JPEG", picture(0))
    (root / "train/n1/images/notes.txt").write_text("no image")
    assert len(load(root).ids) == 15
    said = capsys.readouterr().err
    assert "images: 1 file(s) are not used, as val_annotations.txt does not name them: val" in said
    assert "train: 1 folder(s) are not used, as wnids.txt does not name them: n9" in said
    assert "are no images that Pillow reads: train/n1/images/notes.txt" in said


def test_the_real_one():
    path = os.environ.get("RUM_JAX_TINY_IMAGENET")
    if not path:
        pytest.skip("RUM_JAX_TINY_IMAGENET does not name the folder of Tiny-ImageNet")
    dataset = data.load("tiny_imagenet", *SPLIT, path=path)
    classes = dataset.spec.classes
    assert dataset.spec.shape == (64, 64, 3) and (
        dataset.train_size == len(dataset.train) == 500 * classes)
    for part in ("validation", "test"):
        assert np.bincount(dataset.labels[dataset.positions[part]]).tolist() == [25] * classes
    gray = (dataset.images == dataset.images[..., :1]).all((1, 2, 3)).sum()
    assert classes != 20 or gray >= 45
    assert (np.diff(dataset.labels[dataset.train]) >= 0).all()


@pytest.mark.parametrize("content, count", [("", 0), ("\n", 0), ("n1\n", 1), ("n1\nn1\n", 1)])
def test_fewer_than_two_classes(root, content, count):
    (root / "wnids.txt").write_text(content)
    with pytest.raises(InputError, match=rf"wnids.txt: names {count} class\(es\); allowed: at "
                                         "least two, with one WordNet id per line"):
        load(root)


def test_byte_order_marks_are_left_out(root):
    expected = load(root)
    for name in ("wnids.txt", "words.txt", "val/val_annotations.txt"):
        (root / name).write_bytes(b"\xef\xbb\xbf" + (root / name).read_bytes())
    source = load(root)
    assert source.classes == expected.classes == ("goldfish, fish", "frog")
    assert source.ids.tolist() == expected.ids.tolist()


def test_an_image_whose_name_is_not_utf8(root):
    images = root / "train/n1/images"
    os.rename(images / "n1_0.JPEG", os.fsencode(images) + b"/\xff.JPEG")
    with pytest.raises(InputError, match=r"the name of the image 'train/n1/images/\\udcff.JPEG'"):
        load(root)
