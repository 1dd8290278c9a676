"""Shadow members are drawn in each class, whatever order the data are in."""

import pathlib
import zipfile

import numpy as np
import pytest

from rum_jax import data
from rum_jax.core.randomness import generator
from rum_jax.evaluate import metric
from rum_jax.evaluate.mia import shadow
from rum_jax.evaluate.shadow import shadow_members, shadow_non_members
from rum_jax.evaluate.subset_measures import SubsetMeasures
from rum_jax.evaluate.view import SHADOW_MEMBERS, SHADOW_NON_MEMBERS, View

CLASSES, TRAIN, TEST = 20, 100, 10
TINY_IMAGENET = (pathlib.Path(__file__).parents[2].parent / "shared" / "data"
                 / "tiny-imagenet-200-20classes.zip")


def in_order(seed, first=False):
    """The view of a model that has unlearned nothing, on data in the order of their classes.

    Confidence in the label is that of a member, less certain from class to class, for training
    examples, the forget set included, and lower for the test set.
    """
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.repeat(np.arange(CLASSES), each) for each in (TRAIN, TEST)])
    size = CLASSES * TRAIN
    hardness = labels / (CLASSES - 1)
    member = np.arange(len(labels)) < size
    confidence = np.where(member, 0.99 - 0.19 * hardness, 0.97 - 0.57 * hardness)
    confidence = np.clip(confidence + rng.normal(0, 0.02, len(labels)), 0.02, 0.999)
    p = np.repeat((1 - confidence)[:, None] / (CLASSES - 1), CLASSES, axis=1)
    p[np.arange(len(labels)), labels] = confidence
    forget = np.sort(rng.choice(size, 150, replace=False))
    retain, test = np.setdiff1d(np.arange(size), forget), np.arange(size, len(labels))
    how = None if first else generator(seed, "shadow", 0)
    return View(np.log(p), labels, {
        "forget": forget, "retain": retain, "validation": test, "test": test,
        SHADOW_MEMBERS: shadow_members(retain, labels, test, how), SHADOW_NON_MEMBERS: test})


@pytest.mark.parametrize("name, most, of_first", [
    ("mia", 0.05, 0.5), ("threshold_confidence", 0.2, 0.7)])
def test_nothing_unlearned_looks_like_it(name, most, of_first):
    """With the first retain examples, of a few classes, it looks as if most were unlearned."""
    drawn = [metric(name)(view, view).value for view in map(in_order, range(5))]
    assert np.mean(drawn) < most
    assert metric(name)(in_order(0, first=True), None).value > of_first


def test_a_view_without_members_has_them_drawn():
    view = in_order(0)
    del view.parts[SHADOW_MEMBERS]
    assert metric("mia")(view, view).value < 0.05


def test_an_attack_on_one_part_is_fitted_on_all_classes():
    view = in_order(1)
    layers = SubsetMeasures(view, view, np.full(len(view.labels), np.nan))
    assert layers.called_member(view.parts["forget"]) > 0.95
    members = np.setdiff1d(view.parts["retain"], layers.unseen_retain)
    assert np.bincount(view.labels[members]).tolist() == [TEST] * CLASSES


def small(retain, test):
    """The view of a model that is sure of 98% of its training set and half of the test set."""
    rng = np.random.default_rng(0)
    labels = np.arange(2 * retain + test) % 5
    known = rng.random(len(labels)) < np.where(np.arange(len(labels)) < 2 * retain, 0.98, 0.5)
    confidence = rng.uniform(np.where(known, 0.95, 0), np.where(known, 1, 0.5))
    p = np.repeat((1 - confidence)[:, None] / 4, 5, axis=1)
    p[np.arange(len(labels)), labels] = confidence
    positions = np.arange(len(labels))
    return View(np.log(p), labels, {
        "forget": positions[:retain], "retain": positions[retain:2 * retain],
        "validation": positions[2 * retain:], "test": positions[2 * retain:]})


@pytest.mark.parametrize("retain, test, most", [(400, 1000, 0.1), (60, 3000, 0.4)])
def test_in_a_larger_test_set_than_the_retain_set_members_are_found(retain, test, most):
    """Fitted on all of it, an attack calls nothing a member."""
    view = small(retain, test)
    members, others = shadow(view)
    assert len(members) == len(others) == retain and set(others) <= set(view.parts["test"])
    assert (np.diff(others) > 0).all(), "ascending, no example twice"
    assert np.bincount(view.labels[others]).tolist() == np.bincount(view.labels[members]).tolist()
    for name in ("mia", "threshold_confidence"):
        assert metric(name)(view, view).value < most
    layers = SubsetMeasures(view, view, np.full(len(view.labels), np.nan))
    assert len(layers.unseen_retain) == retain - retain // 2
    assert layers.called_member(layers.unseen_retain) > 0.9
    view.parts[SHADOW_MEMBERS], view.parts[SHADOW_NON_MEMBERS] = members, view.parts["test"]
    assert metric("mia")(view, view).value == 1.0


def test_a_test_set_that_is_not_larger_is_taken_as_it_is():
    labels, test = np.arange(40) % 4, np.arange(20, 30)
    for members in (np.arange(10), np.arange(15)):
        others = shadow_non_members(members, labels, test, np.random.default_rng(0))
        np.testing.assert_array_equal(others, test)
    np.testing.assert_array_equal(shadow_non_members(np.arange(3), labels, test, None), test)


def test_classes_are_those_of_the_test_set():
    labels = np.array([0] * 50 + [1] * 30 + [2] * 3 + [0] * 12 + [1] * 6 + [2] * 6)
    retain, test = np.arange(83), np.arange(83, 107)
    members = shadow_members(retain, labels, test, np.random.default_rng(0))
    # Six of class 2 are wanted and three are there: the others share what is missing 2 : 1.
    assert np.bincount(labels[members]).tolist() == [14, 7, 3]
    assert len(set(members)) == 24 and set(members) <= set(retain)
    assert np.bincount(labels[members[:12]]).tolist() == [7, 4, 1]   # beginnings are alike
    other = shadow_members(retain, labels, test, np.random.default_rng(1))
    assert set(other) != set(members)


@pytest.mark.parametrize("of_retain, of_test, expected", [
    ([0] * 12, [1] * 8, [8]),                 # a class that the test set does not have
    ([0] * 3 + [1] * 2, [0] * 9, [3, 2]),     # all that there are
    ([0] * 9 + [1], [0] * 2 + [1] * 2 + [2] * 2, [5, 1])])
def test_classes_that_are_not_there(of_retain, of_test, expected):
    labels = np.array(of_retain + of_test)
    retain, test = np.split(np.arange(len(labels)), [len(of_retain)])
    members = shadow_members(retain, labels, test, np.random.default_rng(0))
    assert np.bincount(labels[members]).tolist() == expected and len(set(members)) == len(members)


def test_the_released_way_takes_the_first():
    members = shadow_members(np.arange(5, 50), np.zeros(60, int), np.arange(50, 60), None)
    np.testing.assert_array_equal(members, np.arange(5, 15))


@pytest.mark.skipif(not TINY_IMAGENET.is_file(), reason=f"there is no {TINY_IMAGENET.name} in the "
                    "folder shared/data beside the checkout")
def test_members_come_from_all_classes_of_tiny_imagenet(tmp_path):
    """Its training set is in the order of classes: the first ones are of few."""
    with zipfile.ZipFile(TINY_IMAGENET) as archive:
        names = archive.namelist()
        few = [name for name in names if "/images/" not in name]
        for name in (name for name in names if "/train/" in name and "/images/" in name):
            if int(name.rpartition("_")[2].partition(".")[0]) < 12:
                few.append(name)
        few += [name for name in names if "/val/images/" in name]
        archive.extractall(tmp_path, few)
    root = next(tmp_path.rglob("wnids.txt")).parent
    dataset = data.load(name="tiny_imagenet", path=str(root), classes=(), train_per_class=12,
                        test_per_class=4, validation_fraction=0.0, test_fraction=0.0,
                        label_noise_fraction=0.0, seed=0)
    test = dataset.positions["test"]
    first, drawn = (shadow_members(dataset.train, dataset.labels, test, rng)
                    for rng in (None, generator(0, "shadow", 0)))
    assert len(set(dataset.labels[first])) < 10
    assert np.bincount(dataset.labels[drawn]).tolist() == [4] * 20
