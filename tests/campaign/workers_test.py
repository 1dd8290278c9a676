import json
import re
import threading
import uuid

import numpy as np
import pytest

import rum_jax
from campaign.random_campaign import directory, make_up
from rum_jax.campaign import merge, shards, workers
from rum_jax.core.errors import InputError


@pytest.fixture
def trained(monkeypatch):
    return make_up(monkeypatch)


@pytest.fixture
def workdir():
    return f"memory://{uuid.uuid4().hex}/run"


def scores(campaign):
    return merge.scores(campaign.dataset, merge.merged(campaign).tally)


@pytest.fixture
def expected(trained, dataset, task, tmp_path):
    """Scores of a campaign that one worker did without a break."""
    unbroken = directory(tmp_path / "unbroken", dataset, task)
    workers.ensure_trained(unbroken)
    trained.clear()
    return scores(unbroken)


def same(arrays, expected):
    for name, values in expected.items():
        np.testing.assert_array_equal(arrays[name], values, name)


def test_every_model_once_in_groups(trained, dataset, task, tmp_path):
    ours = directory(tmp_path, dataset, task)
    workers.ensure_trained(ours)
    assert trained == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert shards.names(ours) == ["00000-00003.npz", "00004-00007.npz", "00008-00009.npz"]
    assert ours.folder.names("leases") == []
    workers.ensure_trained(ours)
    assert len(trained) == 3, "what is there is not done again"


@pytest.mark.parametrize("size", [1, 3, 10])
def test_group_size_changes_half_way_and_more_models_are_added(
        trained, dataset, task, workdir, expected, size):
    workers.ensure_trained(directory(workdir, dataset, task, campaign__models=6))
    trained.clear()
    ours = directory(workdir, dataset, task, campaign__group_size=size)
    workers.ensure_trained(ours)
    assert sorted(k for group in trained for k in group) == [6, 7, 8, 9]
    same(scores(ours), expected)
    fewer = merge.merged(directory(workdir, dataset, task, campaign__models=6))
    assert fewer.tally.members.sum() == 6, "those of the first six models alone"


def test_workers_share_and_help_each_other(trained, dataset, task, workdir, expected):
    shards = [directory(workdir, dataset, task, index, 3, campaign__group_size=2)
              for index in range(3)]
    threads = [threading.Thread(target=workers.ensure_trained, args=(shard,)) for shard in shards]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(k for group in trained for k in group) == list(range(10))
    same(scores(shards[0]), expected)


def test_a_worker_begins_with_its_own_share(trained, dataset, task, workdir):
    workers.ensure_trained(directory(workdir, dataset, task, 1, 2, campaign__group_size=2))
    assert trained == [[2, 3], [6, 7], [0, 1], [4, 5], [8, 9]]


def test_what_another_took_over_is_not_written_twice(monkeypatch, dataset, task, workdir,
                                                     expected):
    """A worker that was stopped while it trained, for longer than the lease."""
    slow = directory(workdir, dataset, task, campaign__lease_seconds=1.0)
    original = workers.train_members
    trained = []

    def interrupted(task, campaign, members, *rest):
        if not trained:  # meanwhile another one takes models 2 and 3 over, and finishes them
            trained.append(members)
            for member in (2, 3):
                slow.folder.create(f"leases/{member:05d}.0001", b"another")
            other = original(task, campaign, [2, 3], *rest)
            shards.save(slow, shards.files(slow, other, {
                "worker": "another", "seconds_per_model": 1.0, "devices": []}))
        return original(task, campaign, members, *rest)

    monkeypatch.setattr(workers, "train_members", interrupted)
    workers.ensure_trained(slow)
    assert shards.names(slow)[:2] == ["00000-00001.npz", "00002-00003.npz"]
    same(scores(slow), expected)
    assert merge.merged(slow).makers["another"] == 2


def test_a_lost_group_is_trained_anew(trained, dataset, task, workdir, expected):
    ours = directory(workdir, dataset, task)
    workers.ensure_trained(ours)
    ours.folder.remove("members/00004-00007.npz")
    with pytest.raises(InputError, match="lacks 4 of 10 models, the first is 4; rum_jax.main"):
        scores(ours)
    workers.ensure_trained(ours)
    assert trained[-1] == [4, 5, 6, 7]
    same(scores(ours), expected)


def test_a_damaged_group_is_named_and_can_be_made_anew(trained, dataset, task, workdir, expected):
    ours = directory(workdir, dataset, task)
    workers.ensure_trained(ours)
    content = ours.folder.get("members/00004-00007.npz")
    ours.folder.put("members/00004-00007.npz", content[:len(content) // 2])
    with pytest.raises(InputError, match="campaign/members/00004-00007.npz: is damaged"):
        scores(ours)
    ours.folder.remove("members/00004-00007.npz")
    workers.ensure_trained(ours)
    same(scores(ours), expected)


def test_foreign_and_overlapping_groups_are_refused(trained, dataset, task, workdir, tmp_path):
    ours, foreign = (directory(path, dataset, task, **fields) for path, fields in (
        (workdir, {}), (tmp_path, {"memorization__seed": 1})))
    for campaigns in (ours, foreign):
        workers.ensure_trained(campaigns)
    content = foreign.folder.get("members/00004-00007.npz")
    our_group = ours.folder.get("members/00004-00007.npz")
    ours.folder.put("members/00004-00007.npz", content)
    with pytest.raises(InputError, match="00004-00007.npz: is of another campaign, its manifest"):
        scores(ours)
    ours.folder.put("members/00004-00007.npz", our_group)
    ours.folder.put("members/00006-00009.npz", our_group)
    with pytest.raises(InputError, match="00004-00007.npz and 00006-00009.npz: have models 6 to 7 "
                                         "in common; delete one"):
        scores(ours)


def test_a_campaign_of_version_0_1_is_refused_with_both_versions(dataset, task, workdir):
    ours = directory(workdir, dataset, task)
    stored = json.loads(ours.folder.get("manifest.json"))
    ours.folder.put("manifest.json", json.dumps({**stored, "version": 1}).encode())
    with pytest.raises(InputError, match="of rum_jax 0.1; this is rum_jax "
                                         f"{re.escape(rum_jax.__version__)}, and converts"):
        directory(workdir, dataset, task)


def test_a_manifest_that_is_another_file_is_refused(dataset, task, workdir):
    ours = directory(workdir, dataset, task)
    ours.folder.put("manifest.json", b'{"made_from": {}, "seconds": 1, "version": 2}')
    with pytest.raises(InputError, match="campaign/manifest.json: is no manifest, which has "
                                         "config, data, computed_in, version; restore it"):
        directory(workdir, dataset, task)


def test_another_config_is_refused_and_what_differs_is_named(dataset, task, workdir):
    directory(workdir, dataset, task)
    directory(workdir, dataset, task, campaign__models=99, engine__devices=1)
    with pytest.raises(InputError, match="(?s)config.memorization.epochs: there 2, here 3.*"
                                         "config.train.learning_rate: there 0.1, here 0.2"):
        directory(workdir, dataset, task, memorization__epochs=3, train__learning_rate=0.2)


def test_a_full_disk_keeps_what_is_done(trained, monkeypatch, dataset, task, tmp_path, expected):
    ours = directory(tmp_path, dataset, task)
    create = type(ours.folder).create

    def full(self, name, content):
        if name == "members/00004-00007.npz":
            raise OSError(28, "No space left on device")
        return create(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(type(ours.folder), "create", full)
        with pytest.raises(OSError, match="No space left"):
            workers.ensure_trained(ours)
    assert shards.names(ours) == ["00000-00003.npz"]
    workers.ensure_trained(ours)
    same(scores(ours), expected)
