import types

import numpy as np

from report.figures_test import HOSTILE, texts
from rum_jax.report import gallery


def test_ties_are_drawn_at_random_and_counted():
    scores = np.r_[np.zeros(900), 0.5, 0.6, 1.0, np.nan]
    chosen = gallery.extremes(scores, seed=0, count=4)
    assert chosen["highest"][:3].tolist() == [902, 901, 900]
    lowest = chosen["lowest"]
    assert len(set(lowest.tolist())) == 4 and lowest.max() < 900
    assert lowest.tolist() not in ([0, 1, 2, 3], [899, 898, 897, 896])
    np.testing.assert_array_equal(lowest, gallery.extremes(scores, 0, 4)["lowest"])
    assert lowest.tolist() != gallery.extremes(scores, 1, 4)["lowest"].tolist()
    assert gallery.caption(scores, lowest) == "4 drawn at random of the 900 that tie at 0.00"
    assert gallery.caption(scores, chosen["highest"][:3]) == ""


def test_hostile_class_names_are_shown():
    count = len(HOSTILE)
    labels = np.arange(count)
    dataset = types.SimpleNamespace(
        images=np.zeros((count, 2, 2, 1), np.uint8), train=labels, noisy=labels == 3,
        labels=labels, clean_labels=labels, class_names=tuple(HOSTILE),
        spec=types.SimpleNamespace(pixel_max=255.0))
    drawn = texts(gallery.memorization_gallery(dataset, np.linspace(0, 1, count), 0))
    assert any("a$b^$" in text for text in drawn) and any("(blank)" in text for text in drawn)
