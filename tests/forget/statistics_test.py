import numpy as np
import pytest

from rum_jax.entanglement import disentanglement, entanglement_score, squared_mmd
from rum_jax.forget import statistics


def test_entanglement_in_every_form():
    features, forget = np.random.default_rng(0).normal(size=(40, 3)), np.array([3, 5, 8])
    retain, inside = np.delete(features, forget, 0), features[forget]
    made = statistics.in_embedding(features, forget, np.random.default_rng(0))
    assert made == pytest.approx({
        "entanglement_score": entanglement_score(retain, inside),
        "entanglement_global": entanglement_score(retain, inside, "global"),
        "disentanglement": disentanglement(retain, inside),
        "mmd": squared_mmd(retain, inside) ** 0.5})


def test_large_sets_are_sampled_for_mmd_alone(monkeypatch):
    monkeypatch.setattr(statistics, "SAMPLE", 10)
    features, forget = np.random.default_rng(0).normal(size=(40, 3)), np.arange(15)
    made = [statistics.in_embedding(features, forget, np.random.default_rng(seed))
            for seed in (0, 1)]
    assert made[0]["mmd"] != made[1]["mmd"]
    assert made[0]["entanglement_score"] == made[1]["entanglement_score"]


def test_classes_and_overlaps():
    assert statistics.class_histogram(np.array([0, 2, 2, 1]), np.array([1, 2]), 4) == [0, 0, 2, 0]
    made = statistics.overlaps({"a": np.array([1, 2, 3]), "b": np.array([3, 4])})
    assert made == {"a": {"a": 1, "b": 0.25}, "b": {"a": 0.25, "b": 1}}
