"""Memorization from the files of LiRA, the likelihood ratio attack (Carlini et al. 2022).

Their models are members: each is trained on a random half of the data, and each example is given
the logit of the probability of its label. The mean of that probability over the models that were
trained with an example, minus the mean over the others, is Feldman and Zhang's memorization with
a confidence in place of a correct answer.
"""

import pathlib

import numpy as np
from scipy.special import expit

from rum_jax.errors import InputError

FILES = ("keep.npy", "scores.npy")
OPTIONAL = ("ids.npy", "labels.npy")


def read(folder: pathlib.Path, where: str) -> dict[str, np.ndarray]:
    """`scores` float64[N], and `ids` and `labels` [N] where the folder has these files.

    Args:
      folder: with keep.npy bool[M,N] and scores.npy float[M,N], or float[M,N,A] for A augmented
        views of each example (arXiv 2112.03570); both are read member by member.
      where: what messages begin with.

    Raises:
      InputError: a file is missing, cannot be read, or is not of that shape and type.
    """
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise InputError(f"{where}: has no {' and no '.join(missing)}; allowed: a folder with "
                         f"{' and '.join(FILES)}, or an .npz file")
    keep, scores = (_array(folder / name, where) for name in FILES)
    if keep.dtype != bool or keep.ndim != 2:
        raise InputError(f"{where}: keep.npy is {_shown(keep)}; allowed: bool[M, N]")
    if scores.dtype.kind != "f" or scores.ndim not in (2, 3) or scores.shape[:2] != keep.shape:
        members, examples = keep.shape
        raise InputError(f"{where}: scores.npy is {_shown(scores)}; allowed: floats"
                         f"[{members}, {examples}], as keep.npy, or [{members}, {examples}, A]")
    found = {"scores": soft_memorization(keep, scores)}
    return found | {name.removesuffix(".npy"): np.array(_array(folder / name, where))
                    for name in OPTIONAL if (folder / name).is_file()}


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
        confidence = expit(np.asarray(row, np.float64))
        if confidence.ndim == 2:
            confidence = confidence.mean(-1)
        for side, chosen in enumerate((kept, ~kept)):
            np.add(sums[side], confidence, out=sums[side], where=chosen)
            times[side] += chosen
    with np.errstate(invalid="ignore"):
        return sums[0] / times[0] - sums[1] / times[1]


def _array(path: pathlib.Path, where: str) -> np.ndarray:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # numpy raises errors of many kinds
        raise InputError(f"{where}: {path.name} cannot be read as an .npy file: {error}") from error


def _shown(array: np.ndarray) -> str:
    return f"{array.dtype}{list(array.shape)}"
