"""Memorization results in the layouts of other people's files; each can be read back by
`rum_jax.memorization.published`."""

import pathlib
import tempfile
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap

from rum_jax.core.errors import InputError
from rum_jax.memorization import streamed
from rum_jax.memorization.group import MARGIN_UNIT, Group

NO_LABEL = -1  # of published training examples that are not in the training set


class Results(NamedTuple):
    """What there is to export, of n training and t test examples and M members.

    Attributes:
      ids: str[n], of the training examples.
      labels, test_labels: int32[n], int32[t], not negative.
      memorization: float64[n]; NaN where it is unknown.
      influence: gives the rows of the matrix float32[t,n] in order, as pairs of the first test
        row of a block and the block float32[b,n].
      train_index: int64[n], row of each training example among all published ones.
      train_size: number of all published training examples.
      members: M.
      groups: gives the members' outcomes, in ascending members.
    """

    ids: np.ndarray
    labels: np.ndarray
    test_labels: np.ndarray
    memorization: np.ndarray
    influence: Callable[[], Iterator[tuple[int, np.ndarray]]]
    train_index: np.ndarray
    train_size: int
    members: int
    groups: Callable[[], Iterator[Group]]


def feldman_zhang(results: Results, path: pathlib.Path) -> None:
    """The layout of `cifar100_infl_matrix.npz` (pluskid.github.io/influence-memorization).

    `tr_labels` int32[N], `tr_mem` float64[N], `tt_labels` int32[t]; and for each class C the rows
    of its training and test examples in these, `tr_classidx_C` int64[a], `tt_classidx_C`
    int64[b], and the influence of the former on the latter, `infl_matrix_classC` float32[a,b].
    As in their file there is no influence between examples of different classes.

    N are ALL published training examples in their order. Those that are not in the training set
    (validation, classes left out) have NaN in `tr_mem` and -1 in `tr_labels`, and are in no
    `tr_classidx_C`. Labels are as trained on. Test examples are the t given ones.

    The array names are those that public code reads from their file; its dtypes are not known.

    Raises:
      InputError: results that contradict each other, or a path that cannot be written.
    """
    _check(results)
    classes = range(1 + int(max(results.labels.max(), results.test_labels.max())))
    columns = [np.flatnonzero(results.labels == number) for number in classes]
    with (streamed.archive(path) as file, tempfile.TemporaryDirectory(
            prefix=f"{path.name}.", dir=path.parent) as scratch):
        streamed.add(file, "tr_labels", _spread(results.labels, results, NO_LABEL))
        streamed.add(file, "tt_labels", results.test_labels)
        streamed.add(file, "tr_mem", _spread(results.memorization, results, np.nan))
        _append_by_class(results, columns, pathlib.Path(scratch))
        for number in classes:
            rows = np.flatnonzero(results.test_labels == number)
            streamed.add(file, f"tr_classidx_{number}", results.train_index[columns[number]])
            streamed.add(file, f"tt_classidx_{number}", rows)
            streamed.add_columns(file, f"infl_matrix_class{number}",
                                 (len(columns[number]), len(rows)), np.float32,
                                 pathlib.Path(scratch, str(number)))


def rum(results: Results, path: pathlib.Path) -> None:
    """The layout of the RUM code's own estimate, which is that of Feldman and Zhang's example.

    `memorization` float64[N], `influence` float32[t,N] (names of mnist_infl_mem.py in
    google-research/heldout-influence-estimation), and the members they come from:
    `trainset_mask` bool[M,N], `trainset_correctness` bool[M,N], `testset_correctness` bool[M,t].
    That code has memorization in float32; float64 keeps the scores as they are.

    N are ALL published training examples in their order. Those that are not in
    the training set have NaN in `memorization` and `influence`, and False in the masks.

    Raises:
      InputError: as for `feldman_zhang`.
    """
    _check(results)
    wide = (results.members, results.train_size)
    tests = len(results.test_labels)
    with streamed.archive(path) as file:
        streamed.add(file, "memorization", _spread(results.memorization, results, np.nan))
        streamed.add_rows(file, "trainset_mask", wide, bool, (
            _spread(group.included, results, False) for group in _groups(results)))
        streamed.add_rows(file, "trainset_correctness", wide, bool, (
            _spread(group.correct_train, results, False) for group in _groups(results)))
        streamed.add_rows(file, "testset_correctness", (results.members, tests), bool, (
            group.correct_test for group in _groups(results)))
        streamed.add_rows(file, "influence", (tests, results.train_size), np.float32, (
            _spread(block, results, np.nan) for block in _influence(results)))


def lira(results: Results, folder: pathlib.Path) -> None:
    """A folder with the two matrices of LiRA's attack (arXiv 2112.03570), over the training set.

    `keep.npy` bool[M,n], which members were trained on which examples; `scores.npy` float32[M,n],
    log p_y - log(1 - p_y) in nats of the probability of the label, to 1/256 and at most 128;
    `ids.npy` str[n] and `labels.npy` int32[n]. The published attack (load_data in
    mi_lira_2021/plot.py) stacks one keep.npy and one file of scores of each model into them; it
    takes scores[..., None], as it has a third axis of augmented views.

    Raises:
      InputError: as for `feldman_zhang`, or a folder that is not empty.
    """
    _check(results)
    shape = (results.members, len(results.ids))
    with streamed.folder(folder) as partial:
        np.save(partial / "ids.npy", results.ids)
        np.save(partial / "labels.npy", results.labels)
        keep = open_memmap(partial / "keep.npy", "w+", bool, shape)
        scores = open_memmap(partial / "scores.npy", "w+", np.float32, shape)
        first = 0
        for group in _groups(results):
            rows = slice(first, first := first + len(group.members))
            keep[rows] = group.included
            scores[rows] = group.margin_train * np.float32(MARGIN_UNIT)
        keep.flush()
        scores.flush()


LAYOUTS: dict[str, Callable[[Results, pathlib.Path], None]] = {
    "feldman_zhang": feldman_zhang, "rum": rum, "lira": lira}


def _spread(values: np.ndarray, results: Results, missing: float) -> np.ndarray:
    """[...,N] of [...,n]: from training examples to all published ones."""
    wide = np.full((*values.shape[:-1], results.train_size), missing, values.dtype)
    wide[..., results.train_index] = values
    return wide


def _append_by_class(results: Results, columns: list[np.ndarray], folder: pathlib.Path) -> None:
    """Files named after classes: influence on their test examples, each float32[a] in order."""
    first = 0
    for block in _influence(results):
        labels = results.test_labels[first:first + len(block)]
        for number, positions in enumerate(columns):
            with (folder / str(number)).open("ab") as file:
                chosen = block[labels == number][:, positions]
                file.write(np.ascontiguousarray(chosen, np.float32).data)
        first += len(block)


def _influence(results: Results) -> Iterator[np.ndarray]:
    """Blocks float32[b,n] of the whole matrix in order; InputError if they are not."""
    rows, width = 0, len(results.ids)
    for first, block in results.influence():
        if first != rows or block.shape[1:] != (width,):
            raise InputError(f"influence: row {first} begins a block {list(block.shape)}; allowed: "
                             f"row {rows} and [b, {width}]")
        rows += len(block)
        yield block
    if rows != len(results.test_labels):
        raise InputError(f"influence: has {rows} rows; allowed: {len(results.test_labels)}, one "
                         "for each test example")


def _groups(results: Results) -> Iterator[Group]:
    """Groups of all members in ascending order; InputError if they are not."""
    count, last, width = 0, -1, len(results.ids)
    for group in results.groups():
        if (np.diff(group.members, prepend=last) <= 0).any():
            raise InputError(f"members: {group.members.tolist()} come after {last}; allowed: "
                             "ascending ones")
        if group.included.shape != (len(group.members), width):
            raise InputError(f"members: `included` is {list(group.included.shape)}; allowed: "
                             f"[{len(group.members)}, {width}]")
        count, last = count + len(group.members), int(group.members[-1])
        yield group
    if count != results.members:
        raise InputError(f"members: there are {count}; allowed: {results.members}, all of the "
                         "estimate")


def _check(results: Results) -> None:
    """Raises InputError unless lengths, labels and rows agree."""
    sizes = {name: len(getattr(results, name))
             for name in ("ids", "labels", "memorization", "train_index")}
    if len(set(sizes.values())) > 1:
        raise InputError(f"results: have {', '.join(f'{n} {name}' for name, n in sizes.items())}; "
                         "allowed: as many of each")
    index = results.train_index
    if (len(np.unique(index)) < len(index) or index.min() < 0
            or index.max() >= results.train_size):
        raise InputError(f"train_index: is {index.min()} to {index.max()}, {len(np.unique(index))} "
                         f"different ones of {len(index)}; allowed: each once, 0 to "
                         f"{results.train_size - 1}")
    if min(results.labels.min(), results.test_labels.min()) < 0:
        raise InputError("labels: there are negative ones; allowed: classes from 0 on")
