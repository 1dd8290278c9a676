import importlib

import numpy as np
import pytest
from toy import ROOT

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.memorization.members import Campaign, subset
from rum_jax.runtime.progress import silent

CHOSEN = np.array([3, 30, 77])


@pytest.fixture(scope="module")
def models():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "benchmarks")
        yield importlib.import_module("leave_one_out_models")


@pytest.fixture
def setup(models, dataset, task, recipe, tmp_path):
    """The tiny network on a hundred digits."""
    campaign = Campaign(0, 0.7, recipe, dataset.train[:100], dataset.positions["test"])
    return models.Setup(dataset, task, campaign, {"name": "toy"}, tmp_path / "cache", 4)


def test_sets_are_whole_or_drawn_as_members_are_and_lack_who_is_left_out(models, setup):
    campaign = setup.campaign
    whole = models.included(campaign, models.Run(models.WHOLE, 5, 30))
    assert np.flatnonzero(~whole).tolist() == [30]
    with_all = models.included(campaign, models.Run(models.SAME_SIZE, 5))
    assert with_all.sum() == 70
    place = int(np.flatnonzero(with_all)[11])
    without = models.included(campaign, models.Run(models.SAME_SIZE, 5, place))
    assert np.flatnonzero(with_all != without).tolist() == [place]
    sets = [models.included(campaign, models.Run(setting, k)) for k in range(20)
            for setting in (models.PILOT, models.SAME_SIZE)]
    members = [subset(campaign, k) for k in range(20)]
    assert len(np.unique(sets + members, axis=0)) == 60


def test_no_two_models_have_one_address_and_none_is_a_members(models):
    runs = [models.Run(setting, number, left_out) for setting in models.SETTINGS
            for number in (0, 1, 2, models.MOST_SEEDS - 1) for left_out in (-1, 0, 1, 98, 99)]
    numbers = [models.address(run, 100) for run in runs]
    assert len(set(numbers)) == len(runs) == 60
    assert min(numbers) == 1_000_000 and models.address(runs[-1], 50_000) < 2**32


def test_every_example_gets_as_many_sets_that_have_it(models, setup):
    sets = models.sets_with(setup.campaign, models.SAME_SIZE, CHOSEN, 6)
    for place, numbers in zip(CHOSEN, sets, strict=True):
        has = [bool(models.included(setup.campaign, models.Run(models.SAME_SIZE, k))[place])
               for k in range(max(numbers) + 1)]
        assert numbers == np.flatnonzero(has).tolist() and len(numbers) == 6
    assert models.sets_with(setup.campaign, models.WHOLE, CHOSEN, 2) == [[0, 1]] * 3
    shared = models.with_all(models.SAME_SIZE, sets)
    assert [run.number for run in shared] == sorted({k for numbers in sets for k in numbers})
    left_out = models.with_one_left_out(models.WHOLE, CHOSEN, [[0], [1, 2], []])
    assert left_out == [("whole", 0, 3), ("whole", 1, 30), ("whole", 2, 30)]


def test_models_depend_on_their_own_number_alone(models, setup):
    runs = [models.Run(models.SAME_SIZE, k) for k in range(3)]
    places = np.arange(100)
    together = models.train_runs(setup, places, runs, silent)
    alone = models.train_runs(setup, places, runs[2:], silent)
    assert together.shape == (3, 100) and together.mean() > 0.1
    assert (together[2] != alone[0]).mean() <= 0.02 < (together[1] != alone[0]).mean()


@pytest.fixture
def pretended(models, monkeypatch):
    """Models that are right on everyone, but for those left out of a set with an odd number."""
    trained = []

    def train_runs(setup, places, runs, progress):
        trained.extend(runs)
        progress(1.0)
        return np.array([[run.left_out != place or run.number % 2 == 0 for place in places]
                         for run in runs])

    monkeypatch.setattr(models, "train_runs", train_runs)
    return trained


def test_hits_are_those_of_the_examples_own_models(models, setup, pretended):
    command = importlib.import_module("leave_one_out")
    counts = command.leave_one_out(setup, CHOSEN, {"same_size": (6, 6), "whole": (9, 5)})
    sets = models.sets_with(setup.campaign, "same_size", CHOSEN, 6)
    assert counts["same_size"].hits_in.tolist() == counts["same_size"].times_in.tolist() == [6] * 3
    assert counts["same_size"].hits_out.tolist() == [
        sum(k % 2 == 0 for k in numbers) for numbers in sets]
    assert [values.tolist() for values in counts["whole"]] == [[9] * 3, [9] * 3, [3] * 3, [5] * 3]
    sizes = len({k for numbers in sets for k in numbers}) + 3 * 6 + 9 + 3 * 5
    assert len(pretended) == len(set(pretended)) == sizes


def test_groups_are_kept_and_only_missing_ones_are_trained(models, setup, pretended):
    runs = [models.with_all(models.WHOLE, [list(range(10))])]
    first = models.outcomes(setup, CHOSEN, runs, "title")
    assert len(pretended) == 10 and len(list(setup.cache.iterdir())) == 3
    next(setup.cache.glob("*.npz")).unlink()
    again = models.outcomes(setup, CHOSEN, runs, "title")
    assert 12 <= len(pretended) <= 14 and first.keys() == again.keys()
    models.outcomes(setup._replace(identity={"name": "other"}), CHOSEN, runs, "title")
    assert len(pretended) >= 22, "another recipe has other outcomes"


def test_a_folder_without_a_finished_campaign_is_refused(models, tmp_path):
    command = importlib.import_module("leave_one_out")
    with pytest.raises(InputError, match="has no config.json; needed: the folder of a finished"):
        command.read_campaign(tmp_path)
    records.write_json(tmp_path / "config.json", {"model": {"widths": [4, 8]}})
    with pytest.raises(InputError, match="has no memorization.npz"):
        command.read_campaign(tmp_path)
    records.write_arrays(tmp_path / "memorization.npz", ids=np.array(["a"]))
    config, stored = command.read_campaign(tmp_path)
    assert config.model.widths == (4, 8) and stored["ids"].tolist() == ["a"]


def test_estimates_of_other_data_are_refused(models, setup):
    command = importlib.import_module("leave_one_out")
    train = setup.dataset.train
    stored = {"ids": setup.dataset.ids[train], "labels": setup.dataset.labels[train]}
    command.check_same(setup, {"a": stored})
    other = stored | {"labels": (stored["labels"] + 1) % 10}
    with pytest.raises(InputError, match="memorization.npz of b: labels are not those"):
        command.check_same(setup, {"a": stored, "b": other})
