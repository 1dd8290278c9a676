"""Forget sets by the levels of one score, chosen for several seeds."""

from types import SimpleNamespace

import numpy as np
import pytest
from forget.small_context import known

from rum_jax.core.errors import InputError
from rum_jax.study.forget_sets import _chosen

SETS = ("confidence:low", "confidence:mid", "confidence:high", "random")


def chosen(size, seeds=(0, 1)):
    scores = [np.random.default_rng(seed).permutation(60) for seed in seeds]
    scores[1] = np.minimum(scores[1], 40)  # the middle of this one is nearer to its end
    config = SimpleNamespace(seeds=seeds, forget=SimpleNamespace(sets=SETS, size=size))
    return _chosen(SimpleNamespace(
        study=SimpleNamespace(config=config),
        of_seed=lambda m: known({"confidence": scores[m]})))


def test_levels_that_overlap_are_refused_with_the_largest_size_that_fits():
    assert chosen(5).shape == (4, 2, 5)
    with pytest.raises(InputError, match="config.forget.size: is 25; .* example.s. in common; al"
                                         "lowed: at most [0-9]+, with which") as error:
        chosen(25)
    largest = int(str(error.value).partition("at most ")[2].partition(",")[0])
    assert 5 <= largest < 25 and chosen(largest).shape == (4, 2, largest)
    with pytest.raises(InputError, match=f"is {largest + 1}; "):
        chosen(largest + 1)
