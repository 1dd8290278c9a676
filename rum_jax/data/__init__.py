"""Data sets by name, with fixed splits, stable ids, label noise and pixel noise."""

import functools
import os
from collections.abc import Callable, Sequence

import numpy as np

from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.data import (
    digits,
    image_folder,
    npz_source,
    pixel_noise,
    selection,
    splits,
    tfds_folder,
    tfds_source,
    tiny_imagenet,
)
from rum_jax.data.arrays import Dataset, ImageSpec, Source

# Name -> function (path, detail) -> Source; the detail is what follows a colon in the name.
DATASETS: dict[str, Callable[[str, str], Source]] = {
    "digits": digits.load,
    "image_folder": image_folder.load,
    "npz": npz_source.load,
    "tfds": tfds_source.load,
    "tiny_imagenet": tiny_imagenet.load,
}


def check_name(value: object) -> str | None:
    """Checks the name of a data set: a key of DATASETS, or `tfds:<name>`; not that it exists.

    Like the checks of `rum_jax.core.checks`: fault text, or None if fine.
    """
    kind, colon, detail = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind == "tfds" and tfds_folder.is_name(detail):
        return None
    if kind in DATASETS and kind != "tfds" and not colon:
        return None
    known = sorted(set(DATASETS) - {"tfds"})
    near = similar(value, known)
    if kind and not colon and not near and tfds_folder.is_name(kind) and kind not in DATASETS:
        near = f"; data sets of TFDS are written tfds:{kind}" if len(kind) < 40 else ""
    return (f"is {shortened(value)}; known: {', '.join(known)}, tfds:<name of a TFDS image data "
            f"set>{near}")


def load(name: str, validation_fraction: float, test_fraction: float,
         label_noise_fraction: float, seed: int, path: str = "", classes: Sequence[int] = (),
         train_per_class: int = 0, test_per_class: int = 0, pixel_noise: float = 0.0) -> Dataset:
    """The data set of that name, split and with label noise injected into its training set.

    The result is kept for the next call with the same arguments; its arrays are read-only.

    Args:
      name: see `check_name`.
      validation_fraction: of each class; 0 where the data set has a validation part of its own.
      test_fraction: of each class; 0 where the data set has a test part of its own.
      label_noise_fraction: of the training set.
      seed: address of split and both kinds of noise; other seeds of a study do not change them.
      path: folder or file of the data; "" for digits, and for TFDS' own choice of a folder.
      classes: published numbers of the classes to keep, numbered anew from 0 in this order; ()
        keeps all that have examples.
      train_per_class: of each class keep the first so many, by id, of the training part; 0 keeps
        all. This and `classes` come before the split.
      test_per_class: the same for the validation and test parts; 0 for a data set without.
      pixel_noise: standard deviation of the noise of every image, in units of the pixel range
        (`rum_jax.data.pixel_noise`). The mean and standard deviation of `spec` stay those of the
        published images.

    Raises:
      InputError: names the field or the file.
    """
    if fault := check_name(name):
        raise InputError(f"config.data.name: {fault}")
    return _load(name, float(validation_fraction), float(test_fraction),
                 float(label_noise_fraction), int(seed), _place(name, path), tuple(classes),
                 int(train_per_class), int(test_per_class), float(pixel_noise))


def _place(name: str, path: str) -> str:
    """The absolute path that is meant, so that it identifies the data."""
    if not path and name.startswith("tfds:"):
        path = tfds_folder.default_root()
    return os.path.abspath(os.path.expanduser(path)) if path else ""


@functools.lru_cache(maxsize=2)
def _source(name: str, place: str) -> Source:
    kind, _, detail = name.partition(":")
    try:
        source = DATASETS[kind](place, detail)
    except OSError as error:
        raise InputError(f"config.data.path: {error.filename or place}: cannot be read "
                         f"({error.strerror})") from error
    for array in (source.images, source.labels, source.ids, source.parts):
        array.flags.writeable = False
    return source


@functools.lru_cache(maxsize=4)
def _load(name: str, validation_fraction: float, test_fraction: float, noise_fraction: float,
          seed: int, place: str, classes: tuple[int, ...], train_per_class: int,
          test_per_class: int, noise_of_pixels: float) -> Dataset:
    source = _source(name, place)
    _check_parts(name, source, validation_fraction, test_fraction, test_per_class)
    numbers = selection.check_classes(classes, source)
    new_labels = selection.renumbered(source.labels, numbers)
    kept = selection.kept(new_labels, source.parts, len(numbers), train_per_class, test_per_class)
    labels, parts = new_labels[kept], source.parts[kept]
    positions = (splits.published(labels, parts, validation_fraction, seed) if source.has("test")
                 else splits.stratified(labels, validation_fraction, test_fraction, seed))
    selection.check_examples(labels, positions, numbers)
    noisy = splits.inject_label_noise(labels, positions["train"], noise_fraction, len(numbers),
                                     seed)
    selection.report_classes_lost_to_noise(noisy[positions["train"]], numbers)
    images = source.images if len(kept) == len(source.images) else source.images[kept]
    images = pixel_noise.with_noise(images, source.ids[kept], source.pixel_max, noise_of_pixels,
                                    seed)
    spec = ImageSpec(images.shape[1:], len(numbers), source.pixel_max, source.mean, source.std)
    dataset = Dataset(images, noisy, labels, source.ids[kept], positions, spec,
                      _places_in_part(source.parts)[kept], int((source.parts == "train").sum()),
                      numbers, tuple(source.classes[number] for number in numbers))
    for array in (dataset.images, noisy, labels, dataset.ids, dataset.source_index,
                  *positions.values()):
        array.flags.writeable = False
    return dataset


def _places_in_part(parts: np.ndarray) -> np.ndarray:
    """int32[N]: how many examples of its own part come before each."""
    _, part, counts = np.unique(parts, return_inverse=True, return_counts=True)
    order = np.argsort(part, kind="stable")
    places = np.empty(len(parts), np.int32)
    places[order] = np.arange(len(parts)) - (np.cumsum(counts) - counts)[part[order]]
    return places


def _check_parts(name: str, source: Source, validation_fraction: float, test_fraction: float,
                 test_per_class: int) -> None:
    """Raises InputError for fractions and sizes that the published parts do not allow."""
    if source.has("test"):
        given = {"test": test_fraction, "validation": validation_fraction}
        for part, fraction in given.items():
            if source.has(part) and fraction:
                raise InputError(f"config.data.{part}_fraction: is {fraction:g}; allowed for "
                                 f"{name}: 0, as it has a {part} set of its own")
        return
    if not test_fraction:
        raise InputError(f"config.data.test_fraction: is 0; allowed for {name}: more than 0, as it "
                         "has no test set of its own")
    if test_per_class:
        raise InputError(f"config.data.test_per_class: is {test_per_class}; allowed for {name}: 0, "
                         "as it has no test set of its own")
