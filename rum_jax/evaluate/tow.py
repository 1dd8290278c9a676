"""Tug-of-war: how close a model is to the retrained one (docs/parity.md#metrics; arXiv 2406.01257).

    ToW     = (1 - |dA_F|) (1 - |dA_R|) (1 - |dA_T|)
    ToW-MIA = (1 - |dMIA|) (1 - |dA_R|) (1 - |dA_T|)

    stratified: in place of |dA_F| (or |dMIA|) its mean over strata of the forget set

with d the difference to the model retrained without the forget set, A accuracies in [0,1] on
forget, retain and test set, MIA the forget efficacy of the membership attack. In a mixed forget
set examples that are forgotten too much make up for others that are forgotten too little; in the
stratified forms, of strata that are forgotten differently, they do so within a stratum only.
"""

import math

import numpy as np

Metrics = dict[str, float]
STRATA = "_strata"  # forget_accuracy_strata, mia_strata: float[s], the metric of each stratum


def _closeness(metrics: Metrics, oracle: Metrics, names: tuple[str, ...]) -> float:
    return math.prod(1 - abs(metrics[name] - oracle[name]) for name in names)


def tow(metrics: Metrics, oracle: Metrics) -> float:
    """ToW in [0,1]; 1 is the oracle itself."""
    return _closeness(metrics, oracle, ("forget_accuracy", "retain_accuracy", "test_accuracy"))


def tow_mia(metrics: Metrics, oracle: Metrics) -> float:
    """ToW-MIA in [0,1]."""
    return _closeness(metrics, oracle, ("mia", "retain_accuracy", "test_accuracy"))


def _stratified(metrics: Metrics, oracle: Metrics, name: str) -> float:
    apart = np.abs(np.subtract(metrics[name + STRATA], oracle[name + STRATA]))
    return float(1 - apart.mean()) * _closeness(metrics, oracle,
                                                ("retain_accuracy", "test_accuracy"))


def tow_stratified(metrics: Metrics, oracle: Metrics) -> float:
    """ToW in [0,1] with the mean over strata of |difference| in forget accuracy."""
    return _stratified(metrics, oracle, "forget_accuracy")


def tow_mia_stratified(metrics: Metrics, oracle: Metrics) -> float:
    """ToW-MIA in [0,1] with the mean over strata of |difference| in forget efficacy."""
    return _stratified(metrics, oracle, "mia")


def validation_tow(metrics: Metrics, oracle: Metrics) -> float:
    """ToW with the validation set for the test set: what hyper-parameters are chosen by."""
    return _closeness(metrics, oracle,
                      ("forget_accuracy", "retain_accuracy", "validation_accuracy"))
