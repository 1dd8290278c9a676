import numpy as np
import pytest

from rum_jax.memorization.group import Group
from rum_jax.memorization.members import Campaign, subset, train_members
from rum_jax.train.engine import make_engine


@pytest.fixture(scope="module")
def campaign(dataset, recipe):
    return Campaign(0, 0.7, recipe, dataset.train, dataset.positions["test"])


@pytest.fixture(scope="module")
def outcomes(task, campaign):
    return train_members(task, campaign, range(16))


def test_subsets_are_random_of_fixed_size_and_addressed(campaign):
    sets = np.stack([subset(campaign, k) for k in range(50)])
    assert (sets.sum(1) == round(0.7 * len(campaign.train))).all()
    assert abs(sets.mean(0) - 0.7).max() < 0.35 and len(np.unique(sets, axis=0)) == 50
    np.testing.assert_array_equal(subset(campaign, 7), sets[7])


def test_outcomes(outcomes, campaign, dataset):
    assert outcomes.included.shape == outcomes.correct_train.shape == (16, len(dataset.train))
    assert outcomes.correct_test.shape == (16, len(dataset.positions["test"]))
    assert outcomes.members.tolist() == list(range(16)) and outcomes.losses.shape == (16, 2)
    assert (outcomes.losses[:, 1] < outcomes.losses[:, 0]).all()
    assert outcomes.correct_test.mean() > 0.25, "far above guessing"
    assert outcomes.margin_test.shape == outcomes.correct_test.shape
    assert outcomes.correct_train[outcomes.margin_train > 0].all(), "p above a half wins"
    assert not outcomes.correct_train[outcomes.margin_train < -3 * 256].any(), "p below 0.05"


@pytest.mark.parametrize("devices, group", [
    (1, 16), (8, 16), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((2, 4), (8, 4)))])
def test_devices_and_groups_change_nothing(task, campaign, outcomes, devices, group):
    """Rounding may differ; no more than one outcome in a thousand does."""
    other = task._replace(engine=make_engine(devices, "series", 16))
    parts = [train_members(other, campaign, range(first, first + group))
             for first in range(0, 16, group)]
    merged = Group(*map(np.concatenate, zip(*parts, strict=True)))
    np.testing.assert_array_equal(merged.included, outcomes.included)
    np.testing.assert_allclose(merged.losses, outcomes.losses, atol=1e-4)
    close = np.abs(merged.margin_train.astype(int) - outcomes.margin_train) <= 8
    assert close.mean() > 0.999
    assert (merged.correct_train != outcomes.correct_train).mean() <= 1e-3
    assert (merged.correct_test != outcomes.correct_test).mean() <= 1e-3
