import numpy as np
import pytest

from rum_jax.core.errors import InputError
from rum_jax.memorization.group import Group, decode, encode, margins, members_of, name_of


def random_group(first=3, m=2, n=11, t=5):
    rng = np.random.default_rng(0)
    return Group(np.arange(first, first + m), rng.random((m, n)) < 0.7, rng.random((m, n)) < 0.8,
                 rng.random((m, t)) < 0.5, rng.integers(-9999, 9999, (m, n), np.int16),
                 rng.integers(-9999, 9999, (m, t), np.int16),
                 rng.random((m, 4)).astype(np.float32))


def test_a_file_holds_the_group():
    group, about = decode(encode(random_group(), {"worker": "w"}), "x/00003-00004.npz")
    for ours, theirs in zip(random_group(), group, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert about == {"worker": "w"}


def test_subsets_and_outcomes_take_a_bit_each():
    many = encode(random_group(0, 16, 8000, 800)._replace(
        margin_train=np.zeros((16, 8000), np.int16), margin_test=np.zeros((16, 800), np.int16)),
        {})
    assert len(many) < 16 * (8000 + 8000 + 800) / 8 * 1.05


def test_margins_are_log_odds_without_rounding_to_certainty():
    probability = np.array([[0.2, 0.7, 0.1], [1 / 3] * 3])
    log_odds = margins(np.log(probability), np.array([1, 0]))
    expected = [round(256 * np.log(0.7 / 0.3)), round(256 * np.log(1 / 2))]
    assert log_odds.tolist() == expected and log_odds.dtype == np.int16
    sure = margins(np.array([[[40.0, 0.0, 0.0], [0.0, 900.0, 0.0]]], np.float32),
                   np.array([0, 0]))
    assert sure.tolist() == [[round(256 * (40 - np.log(2))), -2**15]]


def test_names():
    assert name_of(0, 15) == "00000-00015.npz" and members_of("00000-00015.npz") == range(16)
    assert members_of(name_of(99990, 100005)) == range(99990, 100006)
    assert members_of("notes.txt") is None and members_of("00000-00015.npz.partial") is None


@pytest.mark.parametrize("damage", [
    lambda content: content[:-100], lambda content: content[:300] + b"xx" + content[302:],
    lambda content: b"", lambda content: b"not a group"])
def test_damage_is_found_and_named(damage):
    with pytest.raises(InputError, match="w/00003-00004.npz: is damaged .*; delete it and run"):
        decode(damage(encode(random_group(), {})), "w/00003-00004.npz")


def test_a_group_under_another_name_is_refused():
    with pytest.raises(InputError, match="models that its name says"):
        decode(encode(random_group(), {}), "00004-00005.npz")
