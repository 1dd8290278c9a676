import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from campaign.random_campaign import directory, make_up
from rum_jax.campaign import merge, workers
from rum_jax.core import records
from rum_jax.memorization import estimate, influence
from rum_jax.study.memorization import COST_FILE, members_seconds
from rum_jax.study.trained_models import convolutions


@pytest.fixture
def finished(monkeypatch, dataset, task, tmp_path):
    make_up(monkeypatch)
    ours = directory(tmp_path, dataset, task, campaign__models=40, campaign__group_size=12)
    workers.ensure_trained(ours)
    return ours


@pytest.fixture
def everything(finished):
    """(included bool[40,n], correct_train bool[40,n], correct_test bool[40,t])."""
    parts = [group for group, _ in merge.groups(finished)]
    return [np.concatenate([getattr(part, name) for part in parts])
            for name in ("included", "correct_train", "correct_test")]


def test_scores_are_those_of_all_outcomes(finished, everything, dataset):
    expected = estimate.memorization(*everything[:2])
    campaign = merge.merged(finished)
    scores = merge.scores(dataset, campaign.tally)
    np.testing.assert_array_equal(scores["memorization"], expected.memorization)
    np.testing.assert_array_equal(scores["standard_error"], expected.standard_error)
    np.testing.assert_array_equal(scores["count_in"], everything[0].sum(0))
    known = np.isfinite(scores["memorization"])
    assert (scores["interval_low"] < scores["memorization"])[known].mean() > 0.9
    # Welch's quantile is above that of the normal distribution; ends are cut at -1 and 1.
    width, error = scores["interval_high"] - scores["interval_low"], scores["standard_error"]
    inside = known & (scores["interval_high"] < 1) & (scores["interval_low"] > -1)
    assert inside.mean() > 0.5
    assert (width[inside] > 2 * 1.959964 * error[inside]).all()
    assert (width[inside] < 2 * 2.78 * error[inside]).all()  # t of at least 4 degrees of freedom
    np.testing.assert_array_equal(scores["ids"], dataset.ids[dataset.train])
    assert (scores["labels"] == dataset.labels[dataset.train]).all()
    assert sum(campaign.makers.values()) == 40 and len(campaign.members) == 40
    assert campaign.members[17]["test_accuracy"] == everything[2][17].mean()


def test_reliability_is_followed_over_the_first_models(finished, everything):
    curve = merge.merged(finished).curve
    assert [point["models"] for point in curve] == [8, 16, 32, 40]
    included, correct, _ = everything
    for point in curve:
        halves = [estimate.memorization(included[k:point["models"]:2],
                                        correct[k:point["models"]:2]).memorization
                  for k in (0, 1)]
        known = np.isfinite(halves).all(0)
        assert point["split_half_pearson"] == pytest.approx(
            np.corrcoef(halves[0][known], halves[1][known])[0, 1])


def test_a_summary_says_what_is_not_known(finished, dataset):
    campaign = merge.merged(finished)
    arrays = merge.scores(dataset, campaign.tally)
    arrays["memorization"][:3] = np.nan
    summary = merge.summary(finished, campaign, arrays)
    assert summary["unknown_examples"] == 3 and summary["models"] == 40
    known = np.isfinite(arrays["memorization"])
    assert summary["injected_noise_auroc"] == pytest.approx(
        roc_auc_score(arrays["injected_noise"][known], arrays["memorization"][known]))
    assert 0 < summary["injected_noise_auroc_ci95"] < 0.5
    assert summary["injected_noise_examples"] == dataset.noisy[dataset.train].sum()
    assert summary["reliability"] == pytest.approx(
        2 * summary["split_half_pearson"] / (1 + summary["split_half_pearson"]))


@pytest.mark.parametrize("injected", [[False] * 3, [True, False, False], [True] * 3])
def test_no_area_where_a_kind_of_example_is_not_known(injected):
    scores, injected = np.array([np.nan, 0.5, 0.2]), np.array(injected)
    assert merge.injected_noise_auroc(scores, injected) is None
    assert merge.injected_noise_summary(scores, injected) == {
        "injected_noise_auroc": None, "injected_noise_auroc_ci95": None,
        "injected_noise_examples": injected.sum()}


@pytest.mark.parametrize("kind", ["top", "full"])
def test_influence(finished, everything, dataset, tmp_path, kind):
    included, _, right = everything
    whole = influence.influence(included, right)
    finished.config.campaign.influence, finished.config.campaign.influence_top = kind, 3
    merge.write_influence(finished, tmp_path / "influence.npz")
    arrays = records.read_arrays(tmp_path / "influence.npz")
    np.testing.assert_array_equal(arrays["test_ids"], dataset.ids[dataset.positions["test"]])
    np.testing.assert_array_equal(arrays["train_ids"], dataset.ids[dataset.train])
    if kind == "full":
        np.testing.assert_array_equal(arrays["influence"], whole)
        return
    assert arrays["train_positions"].shape == (len(whole), 3)
    np.testing.assert_array_equal(
        arrays["influence"], np.take_along_axis(whole, arrays["train_positions"], 1))
    np.testing.assert_array_equal(arrays["influence"], -np.sort(-whole, axis=1)[:, :3])


def test_seconds_and_convolutions_of_models_that_are_trained_outside_of_their_stage(
        finished, tmp_path):
    campaign = merge.merged(finished)
    folder = tmp_path / "stages" / "memorization"
    folder.mkdir(parents=True)
    assert members_seconds(folder) == 0.0
    records.write_json(folder / COST_FILE, merge.cost(campaign))
    cost = records.read_json(folder / COST_FILE)
    assert members_seconds(folder) == campaign.seconds > 0
    assert cost["seconds_per_model"] * 40 == pytest.approx(campaign.seconds)
    for name, lowering in (("original", "blocked"), ("unlearn/rum", "patches")):
        (folder.parent / name).mkdir(parents=True)
        records.write_json(folder.parent / name / "models.json", {"convolution": lowering})
    assert convolutions(tmp_path) == {
        "original": "blocked", "unlearn/rum": "patches",
        "memorization": finished.task.model.network.lowering}
