"""Tug-of-war: how close a model is to the retrained one (spec section 7; arXiv 2406.01257).

    ToW     = (1 - |dA_F|) (1 - |dA_R|) (1 - |dA_T|)
    ToW-MIA = (1 - |dMIA|) (1 - |dA_R|) (1 - |dA_T|)

with d the difference to the model retrained without the forget set, A accuracies in [0,1] on
forget, retain and test set, MIA the forget efficacy of the membership attack.
"""

import math

Metrics = dict[str, float]


def _closeness(metrics: Metrics, oracle: Metrics, names: tuple[str, ...]) -> float:
    return math.prod(1 - abs(metrics[name] - oracle[name]) for name in names)


def tow(metrics: Metrics, oracle: Metrics) -> float:
    """ToW in [0,1]; 1 is the oracle itself."""
    return _closeness(metrics, oracle, ("forget_accuracy", "retain_accuracy", "test_accuracy"))


def tow_mia(metrics: Metrics, oracle: Metrics) -> float:
    """ToW-MIA in [0,1]."""
    return _closeness(metrics, oracle, ("mia", "retain_accuracy", "test_accuracy"))


def validation_tow(metrics: Metrics, oracle: Metrics) -> float:
    """ToW with the validation set for the test set: what hyper-parameters are chosen by."""
    return _closeness(metrics, oracle,
                      ("forget_accuracy", "retain_accuracy", "validation_accuracy"))
