"""Tiny-ImageNet in its original folder layout."""

import functools
import pathlib
import re

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source, make_source
from rum_jax.data.cache import cached
from rum_jax.data.decoding import decode
from rum_jax.data.image_folder import check_names, existing, images_in, say_left_out
from rum_jax.data.statistics import statistics
from rum_jax.runtime.progress import listed, say

# File, id, part and label of an image.
Entry = tuple[pathlib.Path, str, str, int]


def load(path: str, detail: str) -> Source:
    """All images, as RGB uint8[N,64,64,3]; label = place of the WordNet id among all, sorted.

    The official validation images of each class, in the order of their numbers: the first half
    is the part "validation", the rest "test". The reference does so too (25 + 25 images in the
    order of the directory listing), but also drops the last image of each folder, which is not
    done here (docs/parity.md#q20). Ids are `train/<file name>` and `val/<file name>`.

    Args:
      path: the folder that has `wnids.txt`, `train`, `val` and, for the names of classes,
        `words.txt`; or the one around it.
      detail: unused, empty; for the signature that all data sets share.

    Raises:
      InputError: no such folder, a file that is missing or cannot be read, fewer than two classes,
        names that cannot be ids.
    """
    del detail
    root = existing(path, "tiny_imagenet")
    if not (root / "wnids.txt").is_file() and (root / "tiny-imagenet-200").is_dir():
        root = root / "tiny-imagenet-200"
    wnids = sorted(set(_lines(root / "wnids.txt")))
    if len(wnids) < 2:
        raise InputError(f"{root / 'wnids.txt'}: names {len(wnids)} class(es); allowed: at least "
                         "two, with one WordNet id per line")
    words = root / "words.txt"
    lines = _lines(words) if words.is_file() else []
    names = {wnid: name for wnid, _, name in (line.partition("\t") for line in lines) if name}
    entries = _training(root, wnids) + _validation(root, wnids)
    check_names(root, [file for file, *_ in entries])
    _say_unused(root, wnids, [file for file, *_ in entries])
    classes = tuple(names.get(wnid, wnid) for wnid in wnids)
    texts = [root / "wnids.txt", root / "val/val_annotations.txt"]
    key = {"reader": "tiny_imagenet", "classes": classes}
    return cached(key, root, texts + [file for file, *_ in entries],
                  functools.partial(_read, str(root), classes, entries))


def _lines(file: pathlib.Path) -> list[str]:
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; allowed for config.data.path: the "
                         "unpacked folder of Tiny-ImageNet, with wnids.txt, train and val")
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _say_unused(root: pathlib.Path, wnids: list[str], files: list[pathlib.Path]) -> None:
    """Names images and class folders that neither wnids.txt nor the annotations name."""
    others = [entry.name for entry in sorted((root / "train").iterdir())
              if entry.is_dir() and not entry.name.startswith(".") and entry.name not in wnids]
    if others:
        say(f"{root / 'train'}: {len(others)} folder(s) are not used, as wnids.txt does not name "
            f"them: {listed(others)}")
    named = set(files)
    images = [file.name for file in sorted((root / "val/images").iterdir())
              if file not in named and not file.name.startswith(".")]
    if images:
        say(f"{root / 'val/images'}: {len(images)} file(s) are not used, as val_annotations.txt "
            f"does not name them: {listed(images)}")
    say_left_out(root, [root / "train" / wnid / "images" for wnid in wnids], files)


def _training(root: pathlib.Path, wnids: list[str]) -> list[Entry]:
    entries = []
    for label, wnid in enumerate(wnids):
        folder = root / "train" / wnid / "images"
        images = images_in(folder) if folder.is_dir() else []
        if not images:
            raise InputError(f"{folder}: has no images, though wnids.txt names the class {wnid}")
        entries += [(image, f"train/{image.name}", "train", label) for image in images]
    return entries


def _validation(root: pathlib.Path, wnids: list[str]) -> list[Entry]:
    """The official validation images, halved class by class."""
    annotations, number = root / "val/val_annotations.txt", {w: i for i, w in enumerate(wnids)}
    members: dict[str, list[str]] = {wnid: [] for wnid in wnids}
    for line in _lines(annotations):
        name, _, rest = line.partition("\t")
        wnid = rest.split("\t")[0]
        if wnid not in members:
            raise InputError(f"{annotations}: {name} is of class {wnid!r}, which wnids.txt lacks")
        members[wnid].append(name)
    entries = []
    for wnid, names in members.items():
        for place, name in enumerate(sorted(names, key=_number)):
            part = "validation" if place < len(names) // 2 else "test"
            entries.append((root / "val/images" / name, f"val/{name}", part, number[wnid]))
    return entries


def _number(name: str) -> tuple[int, str]:
    digits = re.search(r"\d+", name)
    return (int(digits[0]) if digits else 0, name)


def _read(title: str, classes: tuple[str, ...], entries: list[Entry]) -> Source:
    named = [(str(file), file) for file, *_ in entries]
    images = decode("decoding Tiny-ImageNet", named, len(named), 3)
    _, ids, parts, labels = (np.array(column) for column in zip(*entries, strict=True))
    mean, std = statistics("tiny_imagenet", images, parts == "train")
    return make_source(title, Source(images, labels.astype(np.int32), ids, parts, classes, 255.0,
                                     mean, std))
