import numpy as np

from rum_jax.data.splits import inject_label_noise, published, stratified

LABELS = np.repeat(np.arange(4), [100, 50, 30, 20]).astype(np.int32)


def test_splits_are_a_stratified_partition_fixed_by_the_seed():
    parts = stratified(LABELS, 0.1, 0.2, seed=3)
    assert np.sort(np.concatenate(list(parts.values()))).tolist() == list(range(200))
    assert np.bincount(LABELS[parts["validation"]]).tolist() == [10, 5, 3, 2]
    assert np.bincount(LABELS[parts["test"]]).tolist() == [20, 10, 6, 4]
    assert all((np.diff(part) > 0).all() for part in parts.values())
    again, other = stratified(LABELS, 0.1, 0.2, seed=3), stratified(LABELS, 0.1, 0.2, seed=4)
    assert all(np.array_equal(parts[name], again[name]) for name in parts)
    assert not np.array_equal(parts["test"], other["test"])


def test_noise_changes_that_many_candidates_to_another_class():
    candidates = np.arange(0, 200, 2)
    noisy = inject_label_noise(LABELS, candidates, 0.25, 4, seed=0)
    changed = np.flatnonzero(noisy != LABELS)
    assert len(changed) == 25 and np.isin(changed, candidates).all()
    assert noisy.min() >= 0 and noisy.max() < 4
    assert (np.repeat(np.arange(4), [100, 50, 30, 20]) == LABELS).all(), "the input is left alone"


def test_the_data_set_has_noise_in_training_only(dataset):
    noisy = np.flatnonzero(dataset.noisy)
    assert len(noisy) == round(0.05 * len(dataset.train)) and np.isin(noisy, dataset.train).all()


def test_the_validation_draw_is_the_references():
    """Spec section 1: one RandomState(1), class by class, members in ascending order."""
    labels = np.random.default_rng(5).integers(0, 10, 3000)
    state, expected = np.random.RandomState(1), []
    for label in range(10):
        members = [i for i in range(len(labels)) if labels[i] == label]
        expected += state.choice(members, round(0.1 * len(members)), replace=False).tolist()
    parts = np.repeat(["train", "test"], [3000, 40])
    split = published(np.append(labels, np.arange(40) % 10), parts, 0.1, seed=1)
    assert split["validation"].tolist() == sorted(expected)
    assert split["train"].tolist() == sorted(set(range(3000)) - set(expected))
    assert split["test"].tolist() == list(range(3000, 3040))
    assert all(part.dtype == np.int32 for part in split.values())


def test_without_a_fraction_the_published_parts_stay():
    parts = np.repeat(["train", "validation", "test"], [4, 2, 3])
    split = published(np.arange(9) % 2, parts, 0.0, seed=1)
    assert {name: part.tolist() for name, part in split.items()} == {
        "train": [0, 1, 2, 3], "validation": [4, 5], "test": [6, 7, 8]}
    assert published(np.arange(4) % 2, parts[:4], 0.0, 1)["validation"].tolist() == []
