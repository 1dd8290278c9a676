import numpy as np
import pytest

from rum_jax.forget import statistics
from rum_jax.forget.entanglement import (
    disentanglement,
    entanglement_score,
    squared_mmd,
    unbiased_squared_mmd,
)


def test_entanglement_in_every_form():
    features, forget = np.random.default_rng(0).normal(size=(40, 3)), np.array([3, 5, 8])
    retain, inside = np.delete(features, forget, 0), features[forget]
    measures = statistics.in_embedding(features, forget, np.arange(len(features)),
                                       np.random.default_rng(0))
    assert measures == pytest.approx({
        "entanglement_score": entanglement_score(retain, inside),
        "log_entanglement_score": np.log(entanglement_score(retain, inside)),
        "entanglement_score_ratio": measures["entanglement_score_ratio"],
        "disentanglement": disentanglement(retain, inside),
        "mmd": squared_mmd(retain, inside) ** 0.5,
        "squared_mmd_median_unbiased": unbiased_squared_mmd(retain, inside)})


def test_examples_of_neither_set_do_not_count():
    features = np.random.default_rng(0).normal(size=(30, 3))
    whole = np.setdiff1d(np.arange(30), [0, 7, 29])
    among_all = statistics.in_embedding(features, np.array([3, 8, 11]), whole,
                                        np.random.default_rng(0))
    alone = statistics.in_embedding(features[whole], np.searchsorted(whole, [3, 8, 11]),
                                    np.arange(27), np.random.default_rng(0))
    assert among_all == alone


def ratios_and_discrepancies(sizes, shift=0.0):
    """Means over sets of each size whose features are moved by so much."""
    means = []
    for size in sizes:
        per_seed = []
        for seed in range(8):
            features = np.random.default_rng(seed).normal(size=(400, 6))
            features[:size, 0] += shift
            per_seed.append(statistics.in_embedding(features, np.arange(size),
                                                    np.arange(len(features)),
                                                    np.random.default_rng(seed)))
        means.append({name: np.mean([measures[name] for measures in per_seed])
                      for name in per_seed[0]})
    return means


def test_a_random_set_has_a_ratio_of_1_and_no_discrepancy_whatever_its_size():
    small, large = ratios_and_discrepancies((20, 100))
    for measures in (small, large):
        assert measures["entanglement_score_ratio"] == pytest.approx(1, abs=0.4)
        assert measures["squared_mmd_median_unbiased"] == pytest.approx(0, abs=0.004)
    # Those as released tell the size.
    assert large["entanglement_score"] > 2 * small["entanglement_score"]
    assert small["mmd"] > 1.8 * large["mmd"]
    moved, = ratios_and_discrepancies((100,), shift=2.0)
    assert moved["entanglement_score_ratio"] < 0.1
    assert moved["squared_mmd_median_unbiased"] > 0.05


def test_a_set_of_one_example():
    measures = statistics.in_embedding(np.random.default_rng(0).normal(size=(9, 2)), np.array([3]),
                                       np.arange(9), np.random.default_rng(0))
    assert measures["squared_mmd_median_unbiased"] is None and (
        measures["entanglement_score_ratio"] > 0)


def test_large_sets_are_sampled_for_mmd_alone(monkeypatch):
    monkeypatch.setattr(statistics, "SAMPLE", 10)
    features, forget = np.random.default_rng(0).normal(size=(40, 3)), np.arange(15)
    per_seed = [statistics.in_embedding(features, forget, np.arange(40),
                                        np.random.default_rng(seed)) for seed in (0, 1)]
    assert per_seed[0]["mmd"] != per_seed[1]["mmd"]
    assert per_seed[0]["entanglement_score"] == per_seed[1]["entanglement_score"]


def test_classes_and_overlaps():
    assert statistics.class_histogram(np.array([0, 2, 2, 1]), np.array([1, 2]), 4) == [0, 0, 2, 0]
    overlaps = statistics.overlaps({"a": np.array([1, 2, 3]), "b": np.array([3, 4])})
    assert overlaps == {"a": {"a": 1, "b": 0.25}, "b": {"a": 0.25, "b": 1}}
