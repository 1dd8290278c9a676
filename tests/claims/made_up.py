"""Made-up contrasts and effects."""

import numpy as np

from rum_jax.claims.contrast import Contrast, Effect


def contrast(name="first", family="rum", test="superiority", direction="greater", margin=0.02):
    """A contrast of stratified ToW."""
    return Contrast(name, "1: RUM against the best one-shot row", family, "tow_stratified", test,
                    direction, margin)


def effect(per_replicate, **fields):
    """An effect of a single model seed in each replicate."""
    return Effect(contrast(**fields), np.asarray(per_replicate, np.float64)[:, None])


def spread(mean, sd, replicates=16):
    """float64[R] of exactly that mean and standard deviation (n - 1)."""
    values = np.random.default_rng(0).normal(size=replicates)
    return mean + sd * (values - values.mean()) / values.std(ddof=1)
