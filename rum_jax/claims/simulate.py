"""Calibration of the verdicts: studies without any effect, and with an effect that was planted.

A simulated study draws replicates with replacement from those that were measured. In each of them
every row gets seeds that are drawn with replacement from the residuals of that replicate: what the
model seeds of all rows differ by from the mean of their row, times sqrt(S / (S - 1)), which
restores the variance that subtracting the mean of S seeds takes away.

What that assumes, and how it bears on error rates:

- Rows are exchangeable, as all draw from one pool, so that every effect, whose weights of rows
  have the sum 0, has mean 0, whatever the measured effects are; it is symmetric where for each
  weight another row has the opposite one. Rows that do not vary by seed dilute the pool, and are
  best left out.
- Effects of the R replicates are independent and have the same distribution: seeds are drawn anew
  for a replicate that is drawn twice. It is a mixture over replicates, with longer tails than a
  normal distribution where replicates differ in variance; for symmetric long tails the t-test
  rejects too rarely rather than too often (Cressie 1980, Biometrical Journal 22:143-153).
- Measured replicates split the same data, so that their effects may be correlated. That is not
  simulated; the corrected resampled t-test of a decision allows for it.
- Rows get seeds independently, although measured rows share an original model in each replicate,
  and effects do not vary between replicates by more than seeds do. What is found of a planted
  effect is therefore the best that can be hoped for; `power.attained` takes the variance that was
  measured.
- Draws are from a finite set, of rows * S residuals for each replicate; with a few tied values,
  p-values are discrete, and a study in which effects do not vary has no test.
"""

from collections.abc import Sequence

import numpy as np
import scipy  # pyright: ignore[reportMissingTypeStubs]

from rum_jax.claims.contrast import SUPERIORITY, Contrast, Effect
from rum_jax.claims.verdict import REFUTED, SUPPORTED, decide
from rum_jax.core.errors import InputError

# A contrast, and what its effect multiplies each row by: float64[rows], whose sum is 0.
Weighted = tuple[Contrast, np.ndarray]
Study = list[Effect]


def null_studies(values: np.ndarray, contrasts: Sequence[Weighted], studies: int,
                 rng: np.random.Generator) -> list[Study]:
    """Studies whose rows differ by seeds only.

    Args:
      values: float64[rows, R, S] of one metric, by row, replicate and model seed; S >= 2.
      contrasts: each with its weights of the rows.
      studies: how many studies.
      rng: where draws come from.

    Returns:
      For each study the effects float64[R, S] of all contrasts, in their order.

    Raises:
      InputError: values are not finite, of fewer than two seeds, or in another shape.
    """
    pool = _residuals(values)
    return [_study(pool, np.shape(values), contrasts, rng) for _ in range(studies)]


def planted(values: np.ndarray, contrasts: Sequence[Weighted], studies: int,
            rng: np.random.Generator, effect: float = 0.03) -> list[Study]:
    """Studies as `null_studies` draws them, with a constant added to the effects of contrasts.

    It is added to each contrast apart, with the sign of the stated direction, so that a row that
    is first in one contrast and second in another takes nothing away. As all contrasts have an
    effect, Holm's method asks less of the last ones than it would if only one had.

    Args:
      values: see `null_studies`, and so for the other arguments and errors.
      effect: the constant, in the unit of the metric.
    """
    return [[Effect(drawn.contrast, drawn.values + drawn.contrast.sign * effect)
             for drawn in study] for study in null_studies(values, contrasts, studies, rng)]


def family_errors(studies: Sequence[Study], family: str) -> int:
    """How many null studies call any superiority contrast of a family supported or refuted.

    Without an effect, "equivalent" and "undecided" are no errors.
    """
    return sum(any(decision.word in (SUPPORTED, REFUTED)
                   for decision in decide(_superiority(study, family), None, mixed_models=False))
               for study in studies)


def found(studies: Sequence[Study], name: str) -> int:
    """How many studies support the contrast of that name, corrected in its family.

    Raises:
      InputError: no study has such a contrast.
    """
    return sum(decision.word == SUPPORTED for study in studies
               for decision in decide(_relatives(study, name), None, mixed_models=False)
               if decision.contrast.name == name)


def limit(studies: int, rate: float) -> int:
    """The most errors that are compatible with an error rate, at the 95% level.

    The 95% quantile of a binomial distribution: more errors have a probability of at most 5%.
    """
    return int(scipy.stats.binom.ppf(0.95, studies, rate))


def _residuals(values: np.ndarray) -> np.ndarray:
    """float64[R, rows * S], what seeds of each replicate differ by."""
    array = np.asarray(values, np.float64)
    if array.ndim != 3 or array.shape[2] < 2 or not np.isfinite(array).all():
        raise InputError(f"values to simulate from: have shape {array.shape}, and finite numbers "
                         f"only: {bool(np.isfinite(array).all())}; allowed: finite float64[rows, "
                         "R, S] with at least 2 model seeds")
    seeds = array.shape[2]
    residuals = (array - array.mean(axis=2, keepdims=True)) * np.sqrt(seeds / (seeds - 1))
    return residuals.transpose(1, 0, 2).reshape(array.shape[1], -1)


def _study(pool: np.ndarray, shape: tuple[int, ...], contrasts: Sequence[Weighted],
           rng: np.random.Generator) -> Study:
    """The effects of one study; the mean of a replicate cancels in them, and is not added."""
    replicates = rng.integers(shape[1], size=shape[1])
    rows = pool[replicates[None, :, None], rng.integers(pool.shape[1], size=shape)]
    return [Effect(contrast._replace(only_if=""), np.tensordot(weights, rows, axes=1))
            for contrast, weights in contrasts]


def _superiority(study: Study, family: str) -> Study:
    members = [effect for effect in study if effect.contrast.family == family
               and effect.contrast.test == SUPERIORITY]
    if not members:
        raise InputError(f"family {family}: has no contrast of superiority in a simulated study")
    return members


def _relatives(study: Study, name: str) -> Study:
    """The effects of the family of a contrast."""
    families = [effect.contrast.family for effect in study if effect.contrast.name == name]
    if not families:
        raise InputError(f"contrast {name}: is not in a simulated study")
    return [effect for effect in study if effect.contrast.family == families[0]]
