"""Memorization scores that others have computed, aligned with a training set."""

import pathlib

import numpy as np

from rum_jax.data.arrays import Dataset
from rum_jax.errors import InputError

_FIELD = "config.memorization.scores"
_SCORES = ("memorization", "tr_mem", "scores")
_LABELS = ("labels", "tr_labels")
_ALLOWED = ("an .npz file with `memorization`, `tr_mem` or `scores`, and with `ids` unless the "
            "scores are those of all published training examples in their order")


def published_scores(path: str | pathlib.Path, dataset: Dataset) -> np.ndarray:
    """Scores of the training set, float64[n], one for each of `dataset.train`.

    The file holds the scores as `memorization`, `tr_mem` (Feldman and Zhang's name) or `scores`.
    With `ids`, each belongs to the example of that id; there may be more examples than those of
    the training set. Without, they are those of ALL examples of the published training part in
    the order of ids (CIFAR: 50,000 in the publisher's order), whatever was taken out of it since
    for validation or by selecting classes and examples. `labels` or `tr_labels`, where the file
    has them, must be the published ones (or those of selected classes, numbered anew), or those
    that the data set trains on, planted noise included.

    Args:
      path: the file; other arrays in it are not read.
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
    wanted = scores[rows].astype(np.float64)
    unknown = np.flatnonzero(~np.isfinite(wanted))
    if unknown.size:
        first = dataset.ids[dataset.train[unknown[0]]]
        raise InputError(f"{where}: {unknown.size} score(s) of the training set are not finite, "
                         f"the first of {first}; allowed: finite numbers")
    if np.abs(wanted).max() > 1:
        first = int(np.abs(wanted).argmax())
        raise InputError(f"{where}: {dataset.ids[dataset.train[first]]} has {wanted[first]:g}; "
                         "allowed: numbers in [-1, 1], as memorization is a difference of shares")
    return wanted


def _read(path: pathlib.Path) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Scores float[m], and labels int[m] and ids str[m] or None."""
    where = f"{_FIELD}: {path}"
    if not path.is_file():
        raise InputError(f"{_FIELD}: is {str(path)!r}, and there is no such file; allowed: "
                         f"{_ALLOWED}")
    try:
        with np.load(path, allow_pickle=False) as file:
            names = list(file)
            found = {kind: next((name for name in known if name in names), None)
                     for kind, known in (("scores", _SCORES), ("labels", _LABELS),
                                         ("ids", ("ids",)))}
            arrays = {kind: file[name] for kind, name in found.items() if name}
    except Exception as error:  # zip, zlib and numpy raise errors of many kinds
        raise InputError(f"{where}: cannot be read as an .npz file: {error}") from error
    if "scores" not in arrays or (found["scores"] == "scores" and "ids" not in arrays):
        raise InputError(f"{where}: has {', '.join(names) or 'no arrays'}; allowed: {_ALLOWED}")
    _check_arrays(where, arrays)
    return arrays["scores"], arrays.get("labels"), arrays.get("ids")


def _check_arrays(where: str, arrays: dict[str, np.ndarray]) -> None:
    kinds = {"scores": ("fiu", "numbers"), "labels": ("iu", "integers"), "ids": ("US", "texts")}
    size = arrays["scores"].size
    for name, array in arrays.items():
        letters, allowed = kinds[name]
        if array.dtype.kind not in letters or array.shape != (size,):
            raise InputError(f"{where}: its {name} are {array.dtype}{list(array.shape)}; allowed: "
                             f"{allowed}[n], as many as scores")


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
    wanted = dataset.ids[dataset.train].tolist()
    missing = [identifier for identifier in wanted if identifier not in rows]
    if missing:
        raise InputError(f"{where}: lacks {len(missing)} of the {len(wanted)} training examples, "
                         f"the first is {missing[0]}; allowed: a score for all of them")
    return np.array([rows[identifier] for identifier in wanted], np.int64)


def _check_labels(where: str, given: np.ndarray, dataset: Dataset) -> None:
    """Raises InputError unless labels int[n] of the training set are the published ones."""
    own = dataset.clean_labels[dataset.train]
    published = np.array(dataset.class_numbers)[own]
    trained_on = dataset.labels[dataset.train]  # what a study with planted noise writes
    wrong = min((np.flatnonzero(given != known) for known in (published, own, trained_on)),
                key=len)
    if wrong.size:
        first = wrong[0]
        raise InputError(f"{where}: {wrong.size} of {len(own)} labels contradict the data set's, "
                         f"the first of {dataset.ids[dataset.train[first]]}: {given[first]}, not "
                         f"{published[first]}; allowed: scores of the same examples")
