"""Do two measurements of memorization agree? Choice of examples, errors, tests; pure functions."""

from typing import NamedTuple

import numpy as np
from scipy.stats import chi2, pearsonr, spearmanr

from rum_jax.core.errors import InputError
from rum_jax.memorization.estimate import plus_four

NORMAL = {1: 0.6827, 2: 0.9545, 3: 0.9973}  # share of a normal distribution within 1, 2, 3
TOLERANCE = 1e-7                            # of stored estimates and their errors, added


class Counts(NamedTuple):
    """Outcomes of models on k examples, each int64[k].

    Attributes:
      hits_in, times_in: models trained with the example: right on it, and all.
      hits_out, times_out: likewise, trained without it.
    """

    hits_in: np.ndarray
    times_in: np.ndarray
    hits_out: np.ndarray
    times_out: np.ndarray

    def memorization(self) -> np.ndarray:
        """float64[k], share right with the example minus share right without."""
        return self.hits_in / self.times_in - self.hits_out / self.times_out

    def error(self) -> np.ndarray:
        """float64[k], plus-four standard error of `memorization`; see `estimate.plus_four`.

        It is too large near shares of 0 and 1, and by a factor of up to 1 + 1/times too small
        near a half. Models are taken as independent.
        """
        return plus_four((self.times_in, self.times_out), (self.hits_in, self.hits_out))[1]


def counts_of(memorization: np.ndarray, standard_error: np.ndarray, times_in: np.ndarray,
              times_out: np.ndarray) -> Counts:
    """The whole numbers behind the stored estimates of k examples, each an array [k].

    Of several that give the same estimate and error, as none and all right with and without the
    example, those with the most hits.

    Raises:
      InputError: no whole numbers give an estimate and its standard error.
    """
    hits = [_hits(*values) for values in zip(memorization, standard_error, times_in, times_out,
                                             strict=True)]
    hits_in, hits_out = np.array(hits, np.int64).reshape(-1, 2).T
    return Counts(hits_in, np.asarray(times_in), hits_out, np.asarray(times_out))


def _hits(memorization: float, error: float, times_in: int, times_out: int) -> tuple[int, int]:
    if min(times_in, times_out) < 1:
        raise InputError(f"memorization.npz: count_in, count_out are {times_in}, {times_out}; "
                         "needed: 1 or more of both, an estimate from trained models")
    inside, outside = np.arange(times_in + 1)[:, None], np.arange(times_out + 1)[None, :]
    errors = plus_four((times_in, times_out), (inside, outside))[1]
    fault = (abs(inside / times_in - outside / times_out - memorization)
             + abs(errors - error))
    fits = np.argwhere(fault <= TOLERANCE)
    if not len(fits):
        raise InputError(f"memorization.npz: memorization {memorization} with standard_error "
                         f"{error} is no difference of shares of {times_in} and {times_out} "
                         "models; needed: the file as a study writes it")
    return tuple(fits[-1])


def choose(scores: np.ndarray, least: float, count: int, rng: np.random.Generator) -> np.ndarray:
    """int64[count] places of examples, evenly over the ranks of their scores, lowest first.

    Those with a score of `least` or more are ranked (ties in random order) and cut into `count`
    parts, as equal as can be; one of each part is drawn.

    Args:
      scores: float[n]; NaN is never chosen.
      least: the smallest score of a candidate.
      count: how many to choose.
      rng: draws within the parts.

    Raises:
      InputError: there are fewer candidates.
    """
    candidates = rng.permutation(np.flatnonzero(scores >= least))
    if len(candidates) < count:
        raise InputError(f"--examples: is {count}; allowed: at most {len(candidates)}, as so many "
                         f"have an estimate of {least:g} or more")
    ranked = candidates[np.argsort(scores[candidates], kind="stable")]
    return np.array([rng.choice(part) for part in np.array_split(ranked, count)])


def compare(first: Counts, second: Counts) -> dict:
    """How far two measurements of the same k examples agree, `first` minus `second`.

    Returns:
      z: float[k], difference / sqrt(error1^2 + error2^2).
      within: {"1", "2", "3"}: how many have an absolute z of at most 1, 2, 3.
      chi_square, p_value: sum of z^2, and how likely one as large is if both measure the same,
        with k degrees of freedom.
      mean_difference, mean_difference_error: and its standard error, from the spread over the
        examples.
      rms_difference, rms_expected: root mean square of the differences, and of their errors.
      pearson, spearman: correlations; None where one of the measurements is constant.
    """
    difference = first.memorization() - second.memorization()
    error = np.hypot(first.error(), second.error())
    z = difference / error
    chi_square, examples = float((z ** 2).sum()), len(z)
    return {"examples": examples, "z": z.tolist(),
            "within": {str(most): int((abs(z) <= most).sum()) for most in NORMAL},
            "chi_square": chi_square, "p_value": float(chi2.sf(chi_square, examples)),
            "mean_difference": float(difference.mean()),
            "mean_difference_error": float(difference.std(ddof=1) / np.sqrt(examples)),
            "rms_difference": float(np.sqrt((difference ** 2).mean())),
            "rms_expected": float(np.sqrt((error ** 2).mean())),
            **_correlations(first.memorization(), second.memorization())}


def _correlations(first: np.ndarray, second: np.ndarray) -> dict[str, float | None]:
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return {"pearson": None, "spearman": None}
    return {"pearson": float(pearsonr(first, second).statistic),
            "spearman": float(spearmanr(first, second).statistic)}
