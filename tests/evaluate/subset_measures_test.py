import numpy as np
import pytest

from rum_jax.evaluate.subset_measures import MEASURES, SubsetMeasures
from rum_jax.evaluate.view import View

# 12 retain examples and a forget set of 4 of class 0, and 8 test examples of class 1.
RETAIN, FORGET, TEST = np.arange(12), np.arange(12, 16), np.arange(16, 24)
PARTS = {"forget": FORGET, "retain": RETAIN, "validation": TEST, "test": TEST}
LABELS = np.repeat([0, 0, 1], [12, 4, 8])


def view(own_logits):
    """Each example's logit of its own label; that of the other one is 0."""
    logits = np.zeros((24, 2))
    logits[np.arange(24), LABELS] = own_logits
    return View(logits, LABELS, PARTS)


@pytest.fixture
def layers():
    """Retain examples are known for sure, test ones hardly; two of the forget set are like each."""
    unlearned = np.repeat([8.0, 8.0, -0.5, 0.1], [12, 2, 2, 8])
    oracle = np.repeat([8.0, -1.0, 8.0], [12, 4, 8])
    out = np.full(24, np.nan)
    out[[12, 13, 14]] = 0.25, 0.5, 0.5
    return SubsetMeasures(view(unlearned), view(oracle), out)


def test_members_of_the_attack_are_not_judged_by_it(layers):
    assert len(layers.unseen_retain) == 6 and set(layers.unseen_retain) < set(RETAIN)  # half
    assert layers.unseen_retain.tolist() == sorted(layers.unseen_retain)


def test_the_released_way_judges_the_last_ones():
    model_view = view(np.repeat([8.0, 0.1], [16, 8]))
    model_view.parts["shadow_members"] = RETAIN[:8]
    measures = SubsetMeasures(model_view, model_view, np.full(24, np.nan))
    np.testing.assert_array_equal(measures.unseen_retain, RETAIN[6:])
    del model_view.parts["shadow_members"]


def test_each_measure_by_hand(layers):
    assert layers.accuracy(FORGET) == 0.5
    assert layers.called_member(FORGET[:2]) == 1 and layers.called_member(FORGET[2:]) == 0
    assert layers.called_member(RETAIN[6:]) == 1 and layers.called_member(TEST) == 0
    assert layers.agreement(FORGET) == 0.5  # the oracle has all of them wrong
    # (1 - 0.25) + (1 - 0.5) + (0 - 0.5), the fourth is not known
    assert layers.residual_memorization(FORGET) == pytest.approx(0.75 / 3)


def test_what_is_not_known_is_nan(layers):
    assert np.isnan(layers.residual_memorization(RETAIN))
    assert list(MEASURES) == ["accuracy", "called_member", "agreement", "residual_memorization"]
    assert MEASURES["accuracy"](layers, TEST) == 1
