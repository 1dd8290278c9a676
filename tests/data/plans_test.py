import numpy as np

from rum_jax.data import plans


def test_batches_keep_a_short_last_one():
    cut = plans.batches(np.array([5, 3, 1, 4, 2], np.int32), 2)
    assert cut.tolist() == [[5, 3], [1, 4], [2, plans.PADDING]]


def test_every_epoch_is_a_reshuffled_pass():
    generators = [np.random.default_rng(e) for e in range(3)]
    order = plans.shuffled_epochs(np.arange(10, 17), 3, generators).reshape(3, -1)
    for epoch in order:
        assert sorted(epoch[epoch != plans.PADDING]) == list(range(10, 17))
    assert len({tuple(epoch) for epoch in order}) == 3


def test_streams_carry_labels():
    stream = plans.stream(np.array([[2, plans.PADDING]]), np.array([7, 8, 9], np.int32))
    assert stream.label.tolist() == [[9, 0]]


def test_schedules():
    np.testing.assert_allclose(plans.cosine(4, 4), [1, 0.853553391, 0.5, 0.146446609])
    np.testing.assert_allclose(plans.cosine(2, 4), plans.cosine(4, 4)[:2])
    assert plans.multistep(5, (3, 1), 0.5).tolist() == [1, 0.5, 0.5, 0.25, 0.25]
    assert plans.multistep(2, (), 0.1).tolist() == [1, 1]
    assert plans.per_epoch(np.array([[1, 2]]), 3).tolist() == [[1, 1, 1, 2, 2, 2]]
