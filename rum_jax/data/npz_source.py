"""A data set of the user's own in one .npz file."""

import pathlib

import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.core.numpy_file import Unreadable, first_of, read_npz
from rum_jax.data.arrays import PARTS, Source, make_source
from rum_jax.data.statistics import statistics
from rum_jax.runtime.progress import listed, say

MOST_CLASSES = 1_000_000
CHANNELS = (1, 3, 4)
_LAYOUTS = ("`images` and `labels` (and `ids`, `parts`), or `train_images`, `train_labels`, "
            "`test_images` and `test_labels` (and `train_ids`, `test_ids`, and the same of a part "
            "val), also as `x_train`, `y_train`, `x_test`, `y_test`; and `classes`")
_PARTS = {"train": ("train",), "validation": ("val", "valid", "validation"), "test": ("test",)}
# How images, labels and ids of a part are called, in lower case.
_NAMES = {"images": ("{}_images", "x_{}", "{}_x"), "labels": ("{}_labels", "y_{}", "{}_y"),
          "ids": ("{}_ids", "ids_{}")}
_WHOLE = {"images": ("images", "x"), "labels": ("labels", "y"), "ids": ("ids",),
          "parts": ("parts",)}


def load(path: str, detail: str) -> Source:
    """Reads a data set from the arrays of an .npz file, in one of two layouts.

    All examples together: `images` and `labels`; optional are `ids` and `parts`, each "train",
    "validation" or "test" (without `parts` all examples are "train").

    One array for each part: `train_images`, `train_labels`, `test_images` and `test_labels`;
    optional are `train_ids` and `test_ids`, and the same three of `val`, with or in place of those
    of `test`. Keras' names `x_train`, `y_train`, `x_test` and `y_test` are read, too.

    Images are uint8[N,H,W] or uint8[N,H,W,C] in 0..255, with C in CHANNELS; labels are integers[N]
    or integers[N,1] from 0; ids and parts are text[N]. Names of these arrays may be in upper or
    lower case. An optional `classes` has the names of the classes. Other arrays are ignored and
    listed on stderr.

    Args:
      path: the file.
      detail: unused, empty; for the signature that all data sets share.

    Raises:
      InputError: no such file, or arrays that are missing, of another type, of different
        lengths, or contradict each other.
    """
    del detail
    file = pathlib.Path(path)
    if not path or not file.is_file():
        raise InputError(f"config.data.path: is {path!r}; allowed for npz: an existing .npz file")
    arrays = _arrays(file)
    whole = _array_names(arrays, _WHOLE)
    parts = {part: names for part, words in _PARTS.items() for word in words
             if {"images", "labels"} <= (names := _array_names(arrays, _NAMES, word)).keys()}
    if {"images", "labels"} <= whole.keys():
        used, (images, labels, ids, of_part) = whole.values(), _whole(file, arrays, whole)
    elif {"train", "test"} <= parts.keys() or {"train", "validation"} <= parts.keys():
        used = [name for names in parts.values() for name in names.values()]
        images, labels, ids, of_part = _in_parts(file, arrays, parts)
    else:
        raise InputError(f"{file}: has {', '.join(arrays) or 'no arrays'}; allowed: {_LAYOUTS}")
    unused = sorted(arrays.keys() - set(used) - {"classes"})
    if unused:
        say(f"{file}: has arrays that are not read: {listed(unused)}")
    classes = _classes(file, arrays, labels)
    mean, std = statistics("", images, of_part == "train")
    return make_source(str(file), Source(images, labels, ids, of_part, classes, 255.0, mean, std))


def _arrays(file: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        return read_npz(file)
    except Unreadable as error:
        raise InputError(f"{file}: cannot be read as an .npz file: {error}") from error


def _array_names(arrays: dict, names: dict[str, tuple[str, ...]], part: str = "") -> dict[str, str]:
    """Kind -> name in the file, of those kinds that it has."""
    lower = {name.lower(): name for name in arrays}
    matches = {kind: first_of(lower, [name.format(part) for name in patterns])
               for kind, patterns in names.items()}
    return {kind: lower[name] for kind, name in matches.items() if name}


def _whole(file: pathlib.Path, arrays: dict, names: dict[str, str]) -> tuple[np.ndarray, ...]:
    images, labels = _examples(file, arrays, names)
    ids = _texts(file, arrays, names.get("ids"), len(images), "image")
    parts = (_texts(file, arrays, names["parts"], len(images)) if "parts" in names
             else np.full(len(images), "train"))
    unknown = sorted(set(parts.tolist()) - set(PARTS))
    if unknown:
        raise InputError(f"{file}: parts has {unknown[0]!r}; allowed: {', '.join(PARTS)}")
    return images, labels, ids, parts


def _in_parts(file: pathlib.Path, arrays: dict,
              parts: dict[str, dict[str, str]]) -> tuple[np.ndarray, ...]:
    columns, first = [], parts["train"]["images"]
    for part, names in parts.items():
        images, labels = _examples(file, arrays, names)
        ids = _texts(file, arrays, names.get("ids"), len(images), part)
        columns.append((images, labels, ids, np.full(len(images), part)))
        if images.shape[1:] != columns[0][0].shape[1:]:
            raise InputError(f"{file}: {first} are of shape {columns[0][0].shape[1:]}, "
                             f"{names['images']} of {images.shape[1:]}; allowed: one shape for "
                             "all")
    return tuple(np.concatenate(column) for column in zip(*columns, strict=True))


def _examples(file: pathlib.Path, arrays: dict,
              names: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """uint8[N,H,W,C] and int32[N]."""
    images, labels = arrays[names["images"]], arrays[names["labels"]]
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape:
        raise InputError(f"{file}: {names['images']} is {images.dtype}{list(images.shape)}; "
                         "allowed: uint8[N,H,W] or uint8[N,H,W,C], not empty")
    if images.ndim == 4 and images.shape[3] not in CHANNELS:
        raise InputError(f"{file}: {names['images']} has {images.shape[3]} channels; allowed: "
                         f"{', '.join(map(str, CHANNELS))}, as the last dimension")
    if labels.shape == (len(images), 1):
        labels = labels[:, 0]
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise InputError(f"{file}: {names['labels']} is {labels.dtype}{list(labels.shape)}; "
                         f"allowed: integers[{len(images)}], one for each image")
    if labels.min() < 0 or labels.max() > MOST_CLASSES:
        worst = labels.min() if labels.min() < 0 else labels.max()
        raise InputError(f"{file}: {names['labels']} has {worst}; allowed: 0 to {MOST_CLASSES}")
    return images[..., None] if images.ndim == 3 else images, labels.astype(np.int32)


def _texts(file: pathlib.Path, arrays: dict, name: str | None, count: int,
           stem: str = "") -> np.ndarray:
    """str[count]: an array of texts, or `<stem>_<number>` where the file has none."""
    if name is None:
        return np.array([f"{stem}_{i:0{max(5, len(str(count - 1)))}d}" for i in range(count)])
    texts = arrays[name]
    if texts.dtype.kind not in "US" or texts.shape != (count,):
        raise InputError(f"{file}: {name} is {texts.dtype}{list(texts.shape)}; allowed: "
                         f"texts[{count}], one for each image")
    return _decoded(texts)


def _classes(file: pathlib.Path, arrays: dict, labels: np.ndarray) -> tuple[str, ...]:
    count = int(labels.max()) + 1
    if "classes" not in arrays:
        return tuple(map(str, range(count)))
    names = arrays["classes"]
    if names.dtype.kind not in "US" or names.ndim != 1 or len(names) < count:
        raise InputError(f"{file}: classes is {names.dtype}{list(names.shape)}; allowed: texts, "
                         f"one for each class, here at least {count}")
    return tuple(_decoded(names).tolist())


def _decoded(texts: np.ndarray) -> np.ndarray:
    return np.char.decode(texts, "utf-8", "replace") if texts.dtype.kind == "S" else texts
