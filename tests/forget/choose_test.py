import numpy as np
import pytest

from forget.small_context import known
from rum_jax.core.errors import InputError
from rum_jax.forget import FAMILIES, choose, fault, overlap_faults, same_faults
from rum_jax.forget.remaining import choose_left
from rum_jax.proxies import PROXIES

SCORES = {"memorization": [0.9, 0.1, 0.5, 0.45, 0.0, 1.0], "confidence": [3, 2, 1, 6, 5, 4.0]}


@pytest.mark.parametrize("name, expected", [
    ("memorization:high", [0, 5]), ("memorization:low", [1, 4]), ("memorization:mid", [2, 3]),
    ("confidence:high", [3, 4]), ("confidence:low", [1, 2]),
    ("confidence:mid", [0, 5])])  # the median of a proxy is 3.5
def test_by_score(name, expected):
    assert choose(name, known(SCORES), 2).tolist() == expected


def drawn(examples, seed=0, **fields):
    """Training examples whose scores are all alike, or as given, with a drawn order of ties."""
    orders = {name: np.random.default_rng([seed, *name.encode()]).permutation(examples)
              for name in ("memorization", "confidence", "entanglement")}
    scores = {"memorization": np.zeros(examples), "confidence": np.ones(examples),
              "entanglement": np.zeros(examples)}
    return known({**scores, **fields}, ties=lambda name: orders[name])


@pytest.mark.parametrize("name", [
    "memorization:low", "memorization:mid", "memorization:high", "confidence:low",
    "confidence:high", "entanglement:high", "entanglement:mix", "entanglement:0of15"])
def test_ties_are_broken_by_a_draw(name):
    """All of 900 examples tie, so that places in the data tell nothing of who is chosen."""
    chosen = choose(name, drawn(900), 30)
    assert chosen.tolist() == choose(name, drawn(900), 30).tolist()
    assert set(chosen) != set(choose(name, drawn(900, seed=1), 30))
    assert 300 < chosen.mean() < 600 and np.ptp(chosen) > 600


def test_only_ties_are_drawn_and_low_and_high_are_apart():
    scores = np.r_[np.ones(10), np.zeros(80), np.full(10, 0.5)]
    those = drawn(100, memorization=scores)
    assert choose("memorization:high", those, 10).tolist() == list(range(10))
    assert choose("memorization:mid", those, 10).tolist() == list(range(90, 100))
    low, mix = choose("memorization:low", those, 10), choose("memorization:mix", those, 30)
    assert set(low) < set(range(10, 90)) and np.ptp(low) > 40
    assert mix.tolist() == sorted([*range(10), *low, *range(90, 100)])
    alike = drawn(100)
    assert not set(choose("memorization:low", alike, 40)) & set(
        choose("memorization:high", alike, 40))


def test_ties_of_what_is_left_are_in_the_same_order():
    whole, left = drawn(200), np.arange(0, 200, 2)
    ranks = whole.tie_order("memorization")
    chosen = choose_left("memorization:high", whole, left, 20)
    assert chosen.tolist() == sorted(left[np.argsort(ranks[left])[:20]])


def test_entanglement_that_is_not_known_is_refused():
    scores = {"entanglement": np.array([0.1, np.nan, 0.3, np.nan])}
    with pytest.raises(InputError, match=r"entanglement:0of2: is not known \(NaN\) of 2 of 4"):
        choose("entanglement:0of2", known(scores), 1)


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
    ("class:0+3+00", "whose argument is '0+3+00'; allowed: class 0 once"),
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


def test_one_set_under_two_names_is_refused():
    sets = {name: choose(name, known(labels=[0, 1, 2, 0, 1, 2]), 2)
            for name in ("class:2+5", "class:7", "class:5+2", "class:07")}
    assert same_faults(sets) == [
        f"config.forget.sets: {first} and {second} are the same 2 example(s); allowed: different "
        "sets; leave one of them out"
        for first, second in (("class:2+5", "class:5+2"), ("class:7", "class:07"))]
    assert same_faults({name: sets[name] for name in list(sets)[:2]}) == []
