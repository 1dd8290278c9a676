import numpy as np
import pytest

from rum_jax.report.strata import membership, overlaps, starts

SIZE, MEMORIZATION = 40, np.concatenate([np.zeros(100), np.linspace(0.01, 1, 50)])


def overlaps_of(values, memorization=MEMORIZATION, size=SIZE):
    return overlaps(np.stack([values, values]), memorization, size)


def means(values, memorization=MEMORIZATION, size=SIZE):
    return {level: overlap["mean"]
            for level, overlap in overlaps_of(values, memorization, size).items()}


ALL = {"low": pytest.approx(1), "mid": pytest.approx(1), "high": pytest.approx(1)}


@pytest.mark.parametrize("values", [
    MEMORIZATION, np.exp(5 * MEMORIZATION), np.where(MEMORIZATION > 0, MEMORIZATION, -np.arange(
        len(MEMORIZATION)))], ids=["same", "other scale", "ties are ordered"])
def test_a_perfect_proxy_has_all_of_each_stratum(values):
    """Whatever its scale, as its own middle does not matter, and whatever it does to ties."""
    assert means(values) == ALL


def test_a_proxy_without_any_order_has_the_overlap_of_chance():
    chance = SIZE / len(MEMORIZATION)
    # low is 40 of 100 that tie, of which a random proxy's 40 have 40 * 100 / 150
    expected = {"low": pytest.approx(100 / 150), "mid": pytest.approx(chance),
                "high": pytest.approx(chance)}
    assert means(np.zeros(len(MEMORIZATION))) == expected
    assert {level: overlap["chance"] for level, overlap in overlaps_of(MEMORIZATION).items()
            } == expected


def test_random_proxies_have_the_overlap_of_chance():
    rng = np.random.default_rng(0)
    distinct = np.arange(90.0) / 89
    random_overlaps = overlaps(rng.permuted(np.tile(distinct, (400, 1)), axis=1), distinct, 30)
    for overlap in random_overlaps.values():
        assert overlap["mean"] == pytest.approx(1 / 3, abs=4 * np.std(overlap["per_seed"]) / 20)


def test_strata_of_memorization_are_ranks():
    memorization = np.array([0.0, 0.0, 0.0, 0.1, 0.45, 0.6, 0.9, 1.0])
    assert starts(memorization, 2) == {"low": 0, "mid": 4, "high": 6}
    assert membership(memorization, 0, 2) == pytest.approx([2 / 3] * 3 + [0] * 5)
    assert membership(memorization, 4, 2).tolist() == [0, 0, 0, 0, 1, 1, 0, 0]


def test_unknown_examples_and_sizes_that_do_not_fit_are_left_out():
    unknown = np.where(np.arange(len(MEMORIZATION)) % 2, np.nan, MEMORIZATION)
    assert means(MEMORIZATION, unknown) == ALL
    assert means(MEMORIZATION, unknown, 100) == {}
