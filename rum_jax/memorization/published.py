"""Memorization scores that others have computed, aligned with a training set."""

import pathlib

import numpy as np

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.numpy_file import Unreadable, names_in, read_npz
from rum_jax.data.arrays import Dataset
from rum_jax.memorization import estimate, lira
from rum_jax.runtime.progress import listed

_FIELD = "config.memorization.scores"
_SCORES = ("memorization", "tr_mem", "scores")
_LABELS = ("labels", "tr_labels")
_MEMBERS = ("trainset_mask", "trainset_correctness")
_KINDS = {"scores": ("fiu", "numbers"), "labels": ("iu", "integers"), "ids": ("US", "texts")}
_ALLOWED = ("an .npz file with `memorization`, `tr_mem` or `scores`, and with `ids` unless the "
            "scores are those of all published training examples in their order; or a folder "
            "with LiRA's keep.npy and scores.npy, of all models or one in each of its folders")


def published_scores(path: str | pathlib.Path, dataset: Dataset) -> np.ndarray:
    """Scores of the training set, float64[n], one for each of `dataset.train`.

    From a folder of LiRA's files, examples that all or none of its models were trained on have the
    score NaN; they must be less than half of the training set.

    An .npz file holds them as `memorization`, `tr_mem` (Feldman and Zhang's name) or `scores`.
    Where it also has `trainset_mask` and `trainset_correctness` bool[M,m], as the RUM code's
    estimate, the scores may be left out, and are then estimated from these; an example that was
    in all members or in none has no score, though that code takes the missing share for 0.
    A folder holds LiRA's keep.npy and scores.npy, or a folder with them for each model (see
    `rum_jax.memorization.lira`), and may hold ids.npy and labels.npy. What follows is the same
    for both.

    With `ids`, each belongs to the example of that id; there may be more examples than those of
    the training set. Without, they are those of ALL examples of the published training part in
    the order of ids (CIFAR: 50,000 in the publisher's order), whatever was taken out of it since
    for validation or by selecting classes and examples. `labels` or `tr_labels`, where the file
    has them, must be the published ones (or those of selected classes, numbered anew), or those
    that the data set trains on, injected noise included.

    Args:
      path: the file or folder; other arrays in it are not read.
      dataset: the data set whose training set the scores are for.

    Raises:
      InputError: no such file or arrays, repeated ids, a wrong number of scores, scores that are
        not finite, labels that contradict, or training examples without a score.
    """
    scores, labels, ids = _read(pathlib.Path(path))
    where = f"{_FIELD}: {path}"
    rows = _by_place(where, len(scores), dataset) if ids is None else _by_id(where, ids, dataset)
    if labels is not None:
        _check_labels(where, labels[rows], dataset)
    expected = scores[rows].astype(np.float64)
    unknown = np.flatnonzero(~np.isfinite(expected))
    if unknown.size and not (pathlib.Path(path).is_dir() and 2 * unknown.size < len(expected)):
        first = dataset.ids[dataset.train[unknown[0]]]
        raise InputError(f"{where}: {unknown.size} score(s) of the training set are not finite, "
                         f"the first of {first}; allowed: finite numbers (of members, some "
                         "trained with each example and some without it)")
    if np.nanmax(np.abs(expected)) > 1:
        first = int(np.nanargmax(np.abs(expected)))
        raise InputError(f"{where}: {dataset.ids[dataset.train[first]]} has {expected[first]:g}; "
                         "allowed: numbers in [-1, 1], as memorization is a difference of shares")
    return expected


def digest(path: str | pathlib.Path) -> str:
    """Hexadecimal SHA-256 of what is read: a file, or the names and contents of LiRA's files."""
    path = pathlib.Path(path)
    if not path.is_dir():
        return records.sha256(path)
    return records.digest({file.relative_to(path).as_posix(): records.sha256(file)
                           for file in lira.files(path)})


def _read(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Scores float[m], and labels int[m] and ids str[m] or None."""
    where = f"{_FIELD}: {path}"
    if not path.exists():
        raise InputError(f"{_FIELD}: is {str(path)!r}, and there is no such file; allowed: "
                         f"{_ALLOWED}")
    arrays = lira.read(path, where) if path.is_dir() else _read_npz(path, where)
    size = arrays["scores"].size
    for name, array in arrays.items():
        letters, allowed = _KINDS[name]
        if array.dtype.kind not in letters or array.shape != (size,):
            raise InputError(f"{where}: its {name} are {array.dtype}{list(array.shape)}; allowed: "
                             f"{allowed}[n], as many as scores")
    return arrays["scores"], arrays.get("labels"), arrays.get("ids")


def _read_npz(path: pathlib.Path, where: str) -> dict[str, np.ndarray]:
    """Arrays named `scores`, and `labels` and `ids` where the file has them."""
    alternatives = (("scores", _SCORES), ("labels", _LABELS), ("ids", ("ids",)))
    try:
        names = names_in(path)
        name_of = {kind: next((name for name in allowed if name in names), None)
                   for kind, allowed in alternatives}
        expected = [name for name in name_of.values() if name] + list(_MEMBERS)
        stored = read_npz(path, expected)
    except Unreadable as error:
        raise InputError(f"{where}: cannot be read as an .npz file: {error}; allowed: "
                         f"{_ALLOWED}") from error
    arrays = {kind: stored[name] for kind, name in name_of.items() if name}
    members = [stored[name] for name in _MEMBERS if name in stored]
    if len(members) == 2:
        estimated = _of_members(where, *members)
        arrays["scores"] = _where_known(where, arrays.get("scores", estimated), estimated)
    if "scores" not in arrays:
        raise InputError(f"{where}: has {listed(names) or 'no arrays'}; allowed: {_ALLOWED}")
    return arrays


def _of_members(where: str, mask: np.ndarray, correct: np.ndarray) -> np.ndarray:
    """float64[m]: memorization estimated from the members, NaN where they do not tell."""
    for name, array in zip(_MEMBERS, (mask, correct), strict=True):
        if array.dtype != bool or array.ndim != 2 or array.shape != mask.shape:
            raise InputError(f"{where}: its {name} is {array.dtype}{list(array.shape)}; allowed: "
                             "bool[M, n], both of the same shape")
    return estimate.memorization(mask, correct).memorization


def _where_known(where: str, scores: np.ndarray, estimated: np.ndarray) -> np.ndarray:
    """The scores float[m], NaN where the estimate float64[m] from the same members is."""
    if scores.dtype.kind not in "fiu" or scores.shape != estimated.shape:
        raise InputError(f"{where}: its scores are {scores.dtype}{list(scores.shape)}; allowed: "
                         f"numbers[{len(estimated)}], as wide as trainset_mask")
    return np.where(np.isnan(estimated), np.nan, scores)


def _by_place(where: str, size: int, dataset: Dataset) -> np.ndarray:
    """int[n]: row of each training example among all published training examples."""
    if size != dataset.train_size:
        raise InputError(f"{where}: has {size} scores and no ids; allowed: {dataset.train_size}, "
                         "one for each published training example, or with ids")
    return dataset.source_index[dataset.train]


def _by_id(where: str, ids: np.ndarray, dataset: Dataset) -> np.ndarray:
    """int[n]: row of each training example."""
    if ids.dtype.kind == "S":
        ids = np.char.decode(ids, "utf-8", "replace")
    rows = {identifier: row for row, identifier in enumerate(ids.tolist())}
    if len(rows) < len(ids):
        unique, counts = np.unique(ids, return_counts=True)
        raise InputError(f"{where}: the id {str(unique[counts.argmax()])!r} occurs {counts.max()} "
                         "times; allowed: once")
    expected = dataset.ids[dataset.train].tolist()
    missing = [identifier for identifier in expected if identifier not in rows]
    if missing:
        raise InputError(f"{where}: lacks {len(missing)} of the {len(expected)} training examples, "
                         f"the first is {missing[0]}; allowed: a score for all of them")
    return np.array([rows[identifier] for identifier in expected], np.int64)


def _check_labels(where: str, given: np.ndarray, dataset: Dataset) -> None:
    """Raises InputError unless labels int[n] of the training set are the published ones."""
    labels = dataset.clean_labels[dataset.train]
    published = np.array(dataset.class_numbers)[labels]
    trained_on = dataset.labels[dataset.train]  # what a study with injected noise writes
    wrong = min((np.flatnonzero(given != expected) for expected in (published, labels, trained_on)),
                key=len)
    if wrong.size:
        first = wrong[0]
        raise InputError(f"{where}: {wrong.size} of {len(labels)} labels contradict the data "
                         f"set's, the first of {dataset.ids[dataset.train[first]]}: "
                         f"{given[first]}, not {published[first]}; allowed: scores of the "
                         "same examples")
