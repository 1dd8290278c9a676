import numpy as np

from rum_jax.data.splits import plant_label_noise, stratified

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
    noisy = plant_label_noise(LABELS, candidates, 0.25, 4, seed=0)
    changed = np.flatnonzero(noisy != LABELS)
    assert len(changed) == 25 and np.isin(changed, candidates).all()
    assert noisy.min() >= 0 and noisy.max() < 4
    assert (np.repeat(np.arange(4), [100, 50, 30, 20]) == LABELS).all(), "the input is left alone"


def test_the_data_set_has_noise_in_training_only(dataset):
    noisy = np.flatnonzero(dataset.noisy)
    assert len(noisy) == round(0.05 * len(dataset.train)) and np.isin(noisy, dataset.train).all()
