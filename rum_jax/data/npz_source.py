"""A data set of the user's own in one .npz file."""

import pathlib

import numpy as np

from rum_jax.data.arrays import PARTS, Source, make_source
from rum_jax.data.statistics import statistics
from rum_jax.errors import InputError

MOST_CLASSES = 1_000_000
CHANNELS = (1, 3, 4)
_LAYOUTS = ("`images` and `labels` (and `ids`, `parts`), or `train_images`, `train_labels`, "
            "`test_images` and `test_labels` (and `train_ids`, `test_ids`); and `classes`")


def load(path: str, detail: str) -> Source:
    """The arrays of an .npz file.

    It has either `images`, `labels` and, if it likes, `ids` and `parts` ("train", "validation",
    "test"; all "train" without), or `train_images`, `train_labels`, `test_images`, `test_labels`
    and, if it likes, `train_ids` and `test_ids`. Images are uint8[N,H,W] or [N,H,W,C] of
    0..255, labels integers from 0 on, ids and parts texts; `classes` may hold the classes' names.

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
    if {"images", "labels"} <= arrays.keys():
        images, labels, ids, parts = _whole(file, arrays)
    elif {"train_images", "train_labels", "test_images", "test_labels"} <= arrays.keys():
        images, labels, ids, parts = _in_two(file, arrays)
    else:
        raise InputError(f"{file}: has {', '.join(arrays) or 'no arrays'}; allowed: {_LAYOUTS}")
    classes = _classes(file, arrays, labels)
    mean, std = statistics("", images, parts == "train")
    return make_source(str(file), Source(images, labels, ids, parts, classes, 255.0, mean, std))


def _arrays(file: pathlib.Path) -> dict[str, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return dict(arrays)
    except Exception as error:  # zip, zlib and numpy raise errors of many kinds
        raise InputError(f"{file}: cannot be read as an .npz file: {error}") from error


def _whole(file: pathlib.Path, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    images, labels = _examples(file, arrays, "")
    ids = _texts(file, arrays, "ids", len(images), "image")
    parts = _texts(file, arrays, "parts", len(images)) if "parts" in arrays else np.full(
        len(images), "train")
    unknown = sorted(set(parts.tolist()) - set(PARTS))
    if unknown:
        raise InputError(f"{file}: parts has {unknown[0]!r}; allowed: {', '.join(PARTS)}")
    return images, labels, ids, parts


def _in_two(file: pathlib.Path, arrays: dict[str, np.ndarray]) -> tuple[np.ndarray, ...]:
    made = []
    for part in ("train", "test"):
        images, labels = _examples(file, arrays, f"{part}_")
        ids = _texts(file, arrays, f"{part}_ids", len(images), part)
        made.append((images, labels, ids, np.full(len(images), part)))
    shapes = [images.shape[1:] for images, *_ in made]
    if shapes[0] != shapes[1]:
        raise InputError(f"{file}: train_images are of shape {shapes[0]}, test_images of "
                         f"{shapes[1]}; allowed: one shape for both")
    return tuple(np.concatenate(column) for column in zip(*made, strict=True))


def _examples(file: pathlib.Path, arrays: dict, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """uint8[N,H,W,C] and int32[N]."""
    images, labels = arrays[f"{prefix}images"], arrays[f"{prefix}labels"]
    if images.dtype != np.uint8 or images.ndim not in (3, 4) or 0 in images.shape:
        raise InputError(f"{file}: {prefix}images is {images.dtype}{list(images.shape)}; allowed: "
                         "uint8[N,H,W] or uint8[N,H,W,C], not empty")
    if images.ndim == 4 and images.shape[3] not in CHANNELS:
        raise InputError(f"{file}: {prefix}images has {images.shape[3]} channels; allowed: "
                         f"{', '.join(map(str, CHANNELS))}")
    if labels.dtype.kind not in "iu" or labels.shape != images.shape[:1]:
        raise InputError(f"{file}: {prefix}labels is {labels.dtype}{list(labels.shape)}; allowed: "
                         f"integers[{len(images)}], one for each image")
    if labels.min() < 0 or labels.max() > MOST_CLASSES:
        worst = labels.min() if labels.min() < 0 else labels.max()
        raise InputError(f"{file}: {prefix}labels has {worst}; allowed: 0 to {MOST_CLASSES}")
    return images[..., None] if images.ndim == 3 else images, labels.astype(np.int32)


def _texts(file: pathlib.Path, arrays: dict, name: str, count: int, stem: str = "") -> np.ndarray:
    """str[count]: an array of texts, or `<stem>_<number>` where the file has none."""
    if name not in arrays:
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
