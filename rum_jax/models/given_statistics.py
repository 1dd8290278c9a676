"""Pixel mean and std of models from files (`train.from_files`), for all models of the study."""

import dataclasses
import functools
from collections.abc import Mapping

import numpy as np

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import user_path
from rum_jax.data.arrays import Dataset, ImageSpec
from rum_jax.models.torch_file import read
from rum_jax.runtime.progress import say

NAMES = ("mean", "std")
_TOLERANCE = 1e-3  # within which those of a file are the data set's


def with_given(dataset: Dataset, train: Mapping) -> Dataset:
    """The data set with the mean and std that given models were trained with.

    They are those of the config; without, those of buffers `normalize.mean` and `normalize.std`
    in the files, where they have some; without, the data set's own.

    Args:
      dataset: as it is loaded.
      train: the config's section, with `from_files`, and `from_files_mean` and `from_files_std`,
        one value for each channel or one for all, of pixels in [0,1], or ().

    Raises:
      InputError: a mean or std alone, another number of values, no given models, or files that
        contradict each other.
    """
    given = {name: tuple(train[f"from_files_{name}"]) for name in NAMES}
    if not any(given.values()):
        return _with_those_of_files(dataset, tuple(train["from_files"]))
    channels, statistics = dataset.spec.shape[-1], {}
    for name, values in given.items():
        field = f"config.train.from_files_{name}"
        if len(values) not in (1, channels):
            allowed = "1 value" if channels == 1 else f"1 value or {channels}, one a channel"
            raise InputError(f"{field}: has {len(values)} value(s); allowed: {allowed}, and of "
                             "from_files_mean and from_files_std both or none")
        if not train["from_files"]:
            raise InputError(f"{field}: is {values}; allowed without config.train.from_files: ()")
        statistics[name] = tuple(map(float, values * channels if len(values) == 1 else values))
    return dataclasses.replace(dataset, spec=dataclasses.replace(dataset.spec, **statistics))


def _with_those_of_files(dataset: Dataset, paths: tuple[str, ...]) -> Dataset:
    buffers = {path: stored for path in paths if (stored := _buffers(path, _content(path)))}
    pairs = sorted(set(buffers.values()))
    if not pairs or all(_is_near(pair, dataset.spec) for pair in pairs):
        return dataset
    if len(pairs) > 1 or len(buffers) < len(paths):
        first, other = paths[0], next(path for path in paths
                                      if buffers.get(path) != buffers.get(paths[0]))
        raise InputError(f"config.train.from_files: {first} has the mean and std "
                         f"{buffers.get(first, 'of the data set')}, {other} "
                         f"{buffers.get(other, 'of the data set')}; allowed: one for all")
    if any(len(values) != dataset.spec.shape[-1] for values in pairs[0]):
        return dataset  # load_variables says what is wrong
    say(f"config.train.from_files: all models of this study are normalized as the files say: mean "
        f"{pairs[0][0]}, std {pairs[0][1]}")
    return dataclasses.replace(dataset, spec=dataclasses.replace(
        dataset.spec, **dict(zip(NAMES, pairs[0], strict=True))))


def _is_near(given: tuple[tuple[float, ...], ...], spec: ImageSpec) -> bool:
    return all(len(theirs) == len(ours) and np.allclose(theirs, ours, 0, _TOLERANCE)
               for theirs, ours in zip(given, (spec.mean, spec.std), strict=True))


def _content(path: str) -> str:
    """SHA-256 of a file; "" where it cannot be read. Times of files are too coarse to tell."""
    try:
        return records.sha256(user_path(path))
    except OSError:
        return ""


@functools.lru_cache(maxsize=64)
def _buffers(path: str, content: str) -> tuple[tuple[float, ...], ...] | None:
    """(mean, std) of a file; None where it has none, or cannot be read, which is said elsewhere."""
    del content  # of the file, so that another content is another entry of the cache
    try:
        arrays = read(user_path(path))
    except InputError:
        return None
    values = tuple(tuple(round(float(value), 6) for value in arrays[f"normalize.{name}"].ravel())
                   for name in NAMES if f"normalize.{name}" in arrays)
    sound = len(values) == 2 and np.isfinite(np.concatenate(values)).all() and min(values[1]) > 0
    return values if sound else None
