"""A folder of class folders of images, with or without a test set of its own."""

import functools
import pathlib
from collections.abc import Iterable

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import Source, id_fault, make_source
from rum_jax.data.cache import cached
from rum_jax.data.decoding import decode, is_image
from rum_jax.data.statistics import statistics
from rum_jax.runtime.progress import listed, say

_PARTS = {"train": "train", "test": "test", "val": "validation", "valid": "validation",
          "validation": "validation"}
_LAYOUTS = ("<class>/<image>, or train/<class>/<image> with test/<class>/<image> or "
            "val/<class>/<image>, of any format that Pillow reads")


def load(path: str, detail: str) -> Source:
    """All images below a folder, as RGB uint8[N,H,W,3]; the classes are sorted by name.

    The folder has `<class>/<image>` (all of it is the part "train"), or `train/<class>/<image>`
    with `test/...` and/or one of `val/...`, `valid/...`, `validation/...`. Ids are the images'
    paths below the folder, with forward slashes. Files in class folders that are no images, and
    folders in them, are named on stderr; hidden ones are left out.

    Args:
      path: the folder.
      detail: unused, empty; for the signature that all data sets share.

    Raises:
      InputError: no such folder, no images in it or in one of its class folders, classes that
        training lacks, names that cannot be ids, images that cannot be read or differ in size.
    """
    del detail
    root = existing(path, "image_folder")
    classes, files = _listed(root)
    check_names(root, [file for file, _, _ in files])
    read = functools.partial(_read, root, classes, files)
    return cached({"reader": "image_folder", "classes": classes,
                   "parts": sorted({part for _, part, _ in files})},
                  root, [file for file, _, _ in files], read)


def existing(path: str, name: str) -> pathlib.Path:
    """The folder at `path`, for the data set `name`; raises InputError if there is none."""
    root = pathlib.Path(path)
    if not path or not root.exists():
        raise InputError(f"config.data.path: is {path!r}; allowed for {name}: an existing folder")
    if not root.is_dir():
        raise InputError(f"config.data.path: is {path!r}, a file; allowed for {name}: a folder "
                         "(unpack an archive first)")
    return root


def images_in(folder: pathlib.Path) -> list[pathlib.Path]:
    """The images that lie in a folder itself, sorted by name; hidden ones are left out.

    A link to a file that is missing is one of them, so that the message about it names it.
    """
    return sorted(file for file in folder.iterdir() if not file.name.startswith(".")
                  and (file.is_file() or not file.exists()) and is_image(file))


def check_names(root: pathlib.Path, files: Iterable[pathlib.Path]) -> None:
    """Raises InputError for a file whose path below the root cannot be an id."""
    for file in files:
        name = file.relative_to(root).as_posix()
        if fault := id_fault(name):
            raise InputError(f"{root}: the name of the image {name!r} {fault}; allowed: names in "
                             "UTF-8 without line breaks and control characters, and without "
                             "spaces at their ends")


def say_left_out(root: pathlib.Path, folders: Iterable[pathlib.Path],
                 used: Iterable[pathlib.Path]) -> None:
    """Names what lies in folders of images and is not used, but for hidden files."""
    used = set(used)
    rest = sorted(entry for folder in folders for entry in folder.iterdir()
                  if entry not in used and not entry.name.startswith("."))
    if rest:
        names = [entry.relative_to(root).as_posix() + "/" * entry.is_dir() for entry in rest]
        say(f"{root}: {len(rest)} file(s) or folder(s) in class folders are not used, as they are "
            f"no images that Pillow reads: {listed(names)}")


def _folders(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(entry for entry in folder.iterdir()
                  if entry.is_dir() and not entry.name.startswith("."))


def _listed(root: pathlib.Path) -> tuple[list[str], list[tuple[pathlib.Path, str, int]]]:
    """Classes, and (file, part, label) of each image."""
    train = root / "train"
    split = train.is_dir() and any(images_in(folder) for folder in _folders(train))
    folders = [entry for entry in _folders(root) if entry.name in _PARTS] if split else [root]
    if sum(_PARTS.get(folder.name) == "validation" for folder in folders if split) > 1:
        raise InputError(f"{root}: has {', '.join(folder.name for folder in folders)}; allowed: "
                         "one of val, valid and validation")
    if split:
        _check_others(root, folders)
    if beside := images_in(root):
        raise InputError(f"{root}: has {len(beside)} image(s) beside its folders, such as "
                         f"{beside[0].name}; allowed: {_LAYOUTS}")
    classes = [entry.name for entry in _folders(train if split else root)]
    files = [(file, _PARTS[folder.name] if split else "train", label)
             for folder in folders for file, label in _labeled(folder, classes)]
    if not files:
        raise InputError(f"{root}: has no images in class folders; allowed: {_LAYOUTS}")
    say_left_out(root, [entry for folder in folders for entry in _folders(folder)],
                 [file for file, _, _ in files])
    return classes, files


def _check_others(root: pathlib.Path, folders: list[pathlib.Path]) -> None:
    """Nothing beside train/ is left out without a word."""
    for folder in folders:
        if images_in(folder) or not _folders(folder):
            raise InputError(f"{folder}: has no class folders, or images beside them; allowed: "
                             f"{_LAYOUTS}")
    other = sorted({entry.name for entry in _folders(root)} - set(_PARTS))
    if other:
        raise InputError(f"{root}: has {', '.join(other)} beside train; allowed: "
                         f"{', '.join(_PARTS)}")


def _labeled(folder: pathlib.Path, classes: list[str]) -> list[tuple[pathlib.Path, int]]:
    examples = []
    for entry in _folders(folder):
        images = images_in(entry)
        if entry.name not in classes:
            raise InputError(f"{entry}: is a class that the training images lack; allowed: "
                             f"{', '.join(classes)}")
        if not images:
            raise InputError(f"{entry}: has no images; allowed: {_LAYOUTS}")
        examples += [(image, classes.index(entry.name)) for image in images]
    return examples


def _read(root: pathlib.Path, classes: list[str],
          files: list[tuple[pathlib.Path, str, int]]) -> Source:
    named = [(str(file), file) for file, _, _ in files]
    images = decode(f"decoding {root.name}", named, len(named), 3)
    parts = np.array([part for _, part, _ in files])
    mean, std = statistics("", images, parts == "train")
    ids = np.array([file.relative_to(root).as_posix() for file, _, _ in files])
    labels = np.array([label for _, _, label in files], np.int32)
    return make_source(str(root), Source(images, labels, ids, parts, tuple(classes), 255.0, mean,
                                         std))
