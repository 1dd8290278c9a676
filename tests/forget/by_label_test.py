import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget import choose

LABELS = [0, 1, 2, 0, 1, 2, 0, 1]  # classes 2, 5, 7


def test_classes_by_their_published_numbers():
    assert choose("class:5", known(labels=LABELS), 0).tolist() == [1, 4, 7]
    assert choose("class:2+7", known(labels=LABELS), 0).tolist() == [0, 2, 3, 5, 6]
    some = choose("class:5", known(labels=LABELS), 2)
    assert len(some) == 2 and set(some) < {1, 4, 7}


def test_draws_depend_on_the_generator_alone():
    drawn = [choose("random", known(labels=LABELS, seed=seed), 4).tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2] and len(set(drawn[0])) == 4


def test_noise():
    noisy = np.arange(8) % 2 == 1
    assert choose("noise", known(labels=LABELS, noisy=noisy), 0).tolist() == [1, 3, 5, 7]
    assert set(choose("noise", known(labels=LABELS, noisy=noisy), 3)) < {1, 3, 5, 7}


@pytest.mark.parametrize("name, size, message", [
    ("class:3", 0, "class:3 names class 3; known: 2, 5, 7"),
    ("class:5", 4, "is 4; allowed with class:5: at most 3"),
    ("noise", 0, "config.forget.sets: noise has no example in the training set; allowed"),
    ("random", 9, "is 9; allowed with random: at most 8")])
def test_what_is_not_there(name, size, message):
    with pytest.raises(InputError, match=message):
        choose(name, known(labels=LABELS), size)
