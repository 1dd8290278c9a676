"""Memorization from the files of LiRA, the likelihood ratio attack (Carlini et al. 2022).

Their models are members: each is trained on a random half of the data, and each example is given
the logit of the probability of its label. The mean of that probability over the models that were
trained with an example, minus the mean over the others, is Feldman and Zhang's memorization with
a confidence in place of a correct answer.
"""

import pathlib
import re

import numpy as np
import scipy

from rum_jax.core.errors import InputError
from rum_jax.core.numpy_file import Unreadable, read_npy
from rum_jax.runtime.progress import listed

FILES = ("keep.npy", "scores.npy")
OPTIONAL = ("ids.npy", "labels.npy")


def read(folder: pathlib.Path, where: str) -> dict[str, np.ndarray]:
    """`scores` float64[N], and `ids` and `labels` [N] where the folder has these files.

    Args:
      folder: with keep.npy bool[M,N] and scores.npy float[M,N], or float[M,N,A] for A augmented
        views of each example (arXiv 2112.03570); both are read member by member. Or with a folder
        for each member, as LiRA's code writes them: with keep.npy bool[N], and float[N] or
        float[N,A] in scores.npy or, of several epochs the last, in scores/<epoch>.npy.
      where: what messages begin with.

    Raises:
      InputError: a file is missing, cannot be read, or is not of that shape and type.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    members = _members(folder) if len(missing) == len(FILES) else []
    if members:
        keep, scores = _of_members(members, where)
    elif missing:
        raise InputError(f"{where}: has no {' and no '.join(missing)}; allowed: a folder with "
                         f"{' and '.join(FILES)}, one with such a folder for each model, or an "
                         ".npz file")
    else:
        keep, scores = (_array(folder, folder / name, where) for name in FILES)
    if keep.dtype != bool or keep.ndim != 2:
        raise InputError(f"{where}: keep.npy is {_shown(keep)}; allowed: bool[M, N]")
    if scores.dtype.kind != "f" or scores.ndim not in (2, 3) or scores.shape[:2] != keep.shape:
        models, examples = keep.shape
        raise InputError(f"{where}: scores.npy is {_shown(scores)}; allowed: floats"
                         f"[{models}, {examples}], as keep.npy, or [{models}, {examples}, A]")
    arrays = {"scores": soft_memorization(keep, scores)}
    return arrays | {name.removesuffix(".npy"): np.array(_array(folder, folder / name, where))
                     for name in OPTIONAL if (folder / name).is_file()}


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    """All files that `read` reads."""
    paths = [folder / name for name in FILES + OPTIONAL if (folder / name).is_file()]
    if not any((folder / name).is_file() for name in FILES):
        paths += [file for member in _members(folder) for file in
                  (member / FILES[0], _scores_of(member)) if file and file.is_file()]
    return paths


def _members(folder: pathlib.Path) -> list[pathlib.Path]:
    """Folders of one model each, in the order of their names' numbers."""
    return sorted((entry for entry in folder.iterdir() if entry.is_dir() and (
        (entry / FILES[0]).is_file() or _scores_of(entry))), key=_number)


def _scores_of(member: pathlib.Path) -> pathlib.Path | None:
    """The file of a member's scores, of several epochs the last."""
    if (member / FILES[1]).is_file():
        return member / FILES[1]
    return max((member / "scores").glob("*.npy"), key=_number, default=None)


def _number(path: pathlib.Path) -> tuple[int, str]:
    digits = re.findall(r"\d+", path.name)
    return int(digits[-1]) if digits else -1, path.name


def _of_members(members: list[pathlib.Path], where: str) -> tuple[np.ndarray, np.ndarray]:
    """keep [M,N] and scores [M,N] or [M,N,A] of M folders."""
    complete = {member: (member / FILES[0], scores) for member in members
                if (member / FILES[0]).is_file() and (scores := _scores_of(member))}
    incomplete = [member.name for member in members if member not in complete]
    if incomplete:
        raise InputError(f"{where}: the folder(s) {listed(incomplete)} have no keep.npy or no "
                         "scores; allowed: both in the folder of each model")
    columns = []
    for number, arrays in enumerate(zip(*((_array(member.parent, file, where) for file in pair)
                                        for member, pair in complete.items()), strict=True)):
        shapes = sorted({_shown(array) for array in arrays})
        if len(shapes) > 1:
            raise InputError(f"{where}: the models' {FILES[number]} are {listed(shapes)}; allowed: "
                             "one type and shape for all")
        columns.append(np.stack(arrays))
    return columns[0], columns[1]


def soft_memorization(keep: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """float64[N]: mean confidence of the members with an example minus of those without it.

    Args:
      keep: bool[M,N], which members were trained on which examples.
      scores: float[M,N] or float[M,N,A], logits log(p_y / (1 - p_y)) in nats; of A views the mean
        of the probabilities counts.

    Returns:
      NaN for an example that no member, or every member, was trained on, or with a score that is
      NaN.
    """
    sums, times = np.zeros((2, keep.shape[1])), np.zeros((2, keep.shape[1]))
    for kept, row in zip(keep, scores, strict=True):
        confidence = scipy.special.expit(np.asarray(row, np.float64))
        if confidence.ndim == 2:
            confidence = confidence.mean(-1)
        for side, chosen in enumerate((kept, ~kept)):
            np.add(sums[side], confidence, out=sums[side], where=chosen)
            times[side] += chosen
    with np.errstate(invalid="ignore"):
        return sums[0] / times[0] - sums[1] / times[1]


def _array(folder: pathlib.Path, path: pathlib.Path, where: str) -> np.ndarray:
    try:
        return read_npy(path, mapped=True)
    except Unreadable as error:
        raise InputError(f"{where}: {path.relative_to(folder).as_posix()} cannot be read as an "
                         f".npy file: {error}") from error


def _shown(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"
