import numpy as np
import pytest

from forget.made import known
from rum_jax.errors import InputError
from rum_jax.forget import FAMILIES, choose, fault, overlap_faults
from rum_jax.proxies import PROXIES

SCORES = {"memorization": [0.9, 0.1, 0.5, 0.45, 0.0, 1.0], "confidence": [3, 2, 1, 6, 5, 4.0]}


@pytest.mark.parametrize("name, expected", [
    ("memorization:high", [0, 5]), ("memorization:low", [1, 4]), ("memorization:mid", [2, 3]),
    ("confidence:high", [3, 4]), ("confidence:low", [1, 2]),
    ("confidence:mid", [0, 5])])  # the median of a proxy is 3.5
def test_by_score(name, expected):
    assert choose(name, known(SCORES), 2).tolist() == expected


def test_every_proxy_is_a_family():
    assert set(PROXIES) < set(FAMILIES)
    assert {"random", "class", "noise", "file", "memorization", "entanglement",
            "entanglement_score"} < set(FAMILIES)


@pytest.mark.parametrize("name, message", [
    ("memorisation:high", "is 'memorisation:high'; known: accuracy, class"),
    ("memorization:highest", "whose argument is 'highest'; known: high, low, mid, mix"),
    ("memorization", "whose argument is ''; known: high"),
    ("entanglement:15of15", "whose argument is '15of15'; known: high"),
    ("entanglement_score:-3", "whose argument is '-3'; allowed: a number above 0"),
    ("entanglement_score:nan", "whose argument is 'nan'; allowed"),
    ("class:a", "whose argument is 'a'; allowed: a class number, or several as 3+5"),
    ("random:3", "whose argument is '3'; allowed: nothing after the name"),
    ("file:not_there.txt", "whose argument is 'not_there.txt'; there is no file not_there.txt in"),
    (3, "is 3; known: ")])
def test_faulty_names(name, message):
    assert message in fault(name)


@pytest.mark.parametrize("name", ["memorization:mix", "entanglement:low", "entanglement:3of15",
                                  "entanglement_score:12.5", "class:3", "class:3+5", "random",
                                  "noise", "loss_curvature:high"])
def test_sound_names(name):
    assert fault(name) is None


def test_size_0_is_for_sets_that_have_one():
    with pytest.raises(InputError, match="config.forget.size: is 0; allowed with memorization:low"):
        choose("memorization:low", known(SCORES), 0)
    noisy = np.array([False, True, False, True, False, False])
    assert choose("noise", known(SCORES, noisy=noisy), 0).tolist() == [1, 3]


def test_levels_of_one_score_have_nothing_in_common():
    sets = {"memorization:mid": np.array([1, 2, 3]), "memorization:high": np.array([3, 4, 5]),
            "confidence:high": np.array([3, 4, 5]), "memorization:mix": np.array([1, 4, 9]),
            "memorization:low": np.array([7, 8, 9])}
    assert overlap_faults(sets) == [
        "config.forget.size: is 3; memorization:mid and memorization:high have 1 example(s) in "
        "common; allowed: a size with which they have none"]
    assert overlap_faults({name: sets[name] for name in list(sets)[2:]}) == []
