"""Checks of what users give: one message that names the argument, the value and what is allowed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rum_jax.api.recipe import Recipe
from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError

MOST_SEEDS, LARGEST_SEED = 10_000, 2**32 - 1


def recipe(given: Recipe | None) -> Recipe:
    """The recipe, or the default one."""
    if given is None:
        return Recipe()
    if not isinstance(given, Recipe):
        raise InputError(f"recipe: is {shortened(given)}; allowed: rum.Recipe(epochs=..., ...)")
    return given


def examples(name: str, pair: Any, like: tuple[np.ndarray, np.ndarray] | None = None,
             ) -> tuple[np.ndarray, np.ndarray]:
    """(images [n,...], labels int32[n]), as given for one part.

    Args:
      name: of the part, for messages; "" for the training set.
      pair: (images, labels).
      like: those of the training set, whose shape and type they must have.

    Raises:
      InputError: names the argument.
    """
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InputError(f"{name}: is {shortened(type(pair).__name__)}; allowed: a pair (images, "
                         "labels)")
    prefix = f"{name} " if name else ""
    images, labels = images_of(f"{prefix}images", pair[0]), labels_of(f"{prefix}labels", pair[1])
    if len(images) != len(labels):
        raise InputError(f"{prefix}labels: are {len(labels)} for {len(images)} {prefix}images; "
                         "allowed: one for each")
    if like is not None:
        same_kind(f"{prefix}images", images, like[0])
    return images, labels


def same_kind(name: str, images: np.ndarray, like: np.ndarray) -> None:
    """Raises InputError where examples have another shape or type than those of training."""
    if images.shape[1:] != like.shape[1:] or images.dtype != like.dtype:
        raise InputError(f"{name}: are {images.dtype}{list(images.shape[1:])}; allowed: "
                         f"{like.dtype}{list(like.shape[1:])}, as the training images")


def images_of(name: str, given: Any) -> np.ndarray:
    """uint8 or float32 [n,...]."""
    try:
        images = np.asarray(given)
    except ValueError:  # of different shapes
        raise InputError(f"{name}: are examples of different shapes; allowed: an array "
                         "(n, ...)") from None
    if images.dtype.name == "bfloat16":
        images = images.astype(np.float32)
    if images.ndim < 2 or not len(images):
        raise InputError(f"{name}: have shape {images.shape}; allowed: (n, ...), at least one "
                         "example of at least one number")
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating):
        raise InputError(f"{name}: are {images.dtype}; allowed: uint8 of 0 to 255, or floats")
    bad = np.flatnonzero(~np.isfinite(images).reshape(len(images), -1).all(1))
    if len(bad):
        raise InputError(f"{name}: row {bad[0]} has a NaN or infinite value, as {len(bad)} of "
                         f"{len(images)} rows; allowed: finite numbers")
    return images.astype(np.float32)


def labels_of(name: str, given: Any) -> np.ndarray:
    """int32[n]."""
    labels = np.asarray(given)
    if labels.ndim == 2 and labels.shape[1] > 1:
        raise InputError(f"{name}: have shape {labels.shape}, as one-hot vectors have; allowed: "
                         "(n,) numbers of classes, as labels.argmax(1)")
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise InputError(f"{name}: are {labels.dtype}{list(labels.shape)}; allowed: integers (n,), "
                         "the number of each example's class")
    if len(labels) and labels.min() < 0:
        raise InputError(f"{name}: row {int(labels.argmin())} is {labels.min()}; allowed: at least "
                         "0")
    return labels.astype(np.int32)


def label_range(labels: np.ndarray, classes: int, train: int) -> None:
    """Raises InputError where a label is not among the model's classes; `train`: examples of it."""
    bad = np.flatnonzero(labels >= classes)
    if len(bad):
        where = "labels" if bad[0] < train else "test or validation labels"
        raise InputError(f"{where}: are up to {labels.max()}, and the model has {classes} outputs; "
                         f"allowed: 0 to {classes - 1}")


def ids(given: Any, examples: int) -> np.ndarray:
    """Names of the training examples: int[n] row numbers, or the strings that are given."""
    if given is None:
        return np.arange(examples)
    names = _texts(given)
    if names.shape != (examples,) or names.dtype.kind not in "UT":
        raise InputError(f"ids: are {names.dtype}{list(names.shape)}; allowed: {examples} strings, "
                         "one for each training example")
    unique, counts = np.unique(names, return_counts=True)
    if len(unique) < len(names):
        raise InputError(f"ids: {str(unique[counts.argmax()])!r} occurs {counts.max()} times; "
                         "allowed: once")
    return names


def forget(given: Any, ids: np.ndarray, named: bool) -> np.ndarray:
    """int32[k] ascending rows of the examples to forget.

    Args:
      given: row numbers, ids, or bool[n].
      ids: of the training examples.
      named: whether the ids are the user's own.
    """
    chosen = _texts(given)
    if chosen.dtype == bool:
        if chosen.shape != ids.shape:
            raise InputError(f"forget: is a mask of shape {chosen.shape}; allowed: {ids.shape}")
        rows = np.flatnonzero(chosen)
    else:
        rows = _rows(chosen, ids, named)
    if not 0 < len(rows) < len(ids):
        raise InputError(f"forget: has {len(rows)} of {len(ids)} training examples; allowed: at "
                         "least one, and fewer than all")
    return np.sort(rows).astype(np.int32)


def _texts(given: Any) -> np.ndarray:
    """An array, of texts where its objects are texts."""
    array = np.asarray(given)
    is_text = array.dtype == object and all(isinstance(entry, str) for entry in array.ravel())
    return array.astype(str) if is_text else array


def _rows(chosen: np.ndarray, ids: np.ndarray, named: bool) -> np.ndarray:
    kinds, what = ("UT", "strings of ids") if named else ("iu", f"row numbers 0 to {len(ids) - 1}")
    if chosen.ndim != 1 or len(chosen) and chosen.dtype.kind not in kinds:
        raise InputError(f"forget: is {chosen.dtype}{list(chosen.shape)}; allowed: {what}, or "
                         f"bool[{len(ids)}]")
    unique, counts = np.unique(chosen, return_counts=True)
    if len(unique) < len(chosen):
        raise InputError(f"forget: has {unique[counts.argmax()].item()!r} {counts.max()} times; "
                         "allowed: once")
    unknown = chosen[~np.isin(chosen, ids)]
    if len(unknown):
        raise InputError(f"forget: has {unknown[0].item()!r}, as {len(unknown)} of {len(chosen)}, "
                         f"which no training example is called; allowed: {what}")
    order = np.argsort(ids)
    return order[np.searchsorted(ids[order], chosen)]


def seeds(given: Sequence[int] | int | None, models: int) -> tuple[int, ...]:
    """The seed of each model: 0, 1, ... if there are none; so many for a number."""
    if given is None:
        return tuple(range(models))
    numbers = range(given) if isinstance(given, int) and not isinstance(given, bool) else given
    chosen = tuple(numbers) if isinstance(numbers, Sequence | range | np.ndarray) else ()
    if not 0 < len(chosen) <= MOST_SEEDS or any(
            isinstance(seed, bool) or not isinstance(seed, int | np.integer)
            or not 0 <= seed <= LARGEST_SEED
            for seed in chosen) or len(set(chosen)) < len(chosen):
        raise InputError(f"seeds: is {shortened(given)}; allowed: a number of seeds, or different "
                         f"integers from 0 to {LARGEST_SEED}")
    if models not in (1, len(chosen)):
        raise InputError(f"seeds: are {len(chosen)} for {models} models; allowed: one for each")
    return tuple(int(seed) for seed in chosen)
