import numpy as np

from rum_jax.memorization import estimate, tally
from rum_jax.memorization.group import Group


def outcomes(m=40, n=30, t=7):
    rng = np.random.default_rng(1)
    return Group(np.arange(m), rng.random((m, n)) < 0.7, rng.random((m, n)) < 0.6,
                 rng.random((m, t)) < 0.5, rng.integers(-2**15, 2**15, (m, n)).astype(np.int16),
                 np.zeros((m, t), np.int16), np.zeros((m, 1), np.float32))


def added(parts, n=30, t=7):
    total = tally.empty(n, t)
    for part in parts:
        total = tally.added(total, part)
    return total


def test_sums_are_exact_and_the_same_in_any_order_and_grouping():
    group = outcomes()
    whole = added([group])
    rng = np.random.default_rng(2)
    parts = [group.take(rows) for rows in np.split(rng.permutation(40), [3, 4, 17])]
    for ours, theirs in zip(added(parts), whole, strict=True):
        assert ours.dtype == np.int64
        np.testing.assert_array_equal(ours, theirs)


def test_counts_are_those_of_the_outcomes():
    group, total = outcomes(), added([outcomes()])
    assert total.members.tolist() == [20, 20]
    np.testing.assert_array_equal(total.times_in[1], group.included[1::2].sum(0))
    np.testing.assert_array_equal(total.hits_out[0],
                                  (~group.included & group.correct_train)[::2].sum(0))
    np.testing.assert_array_equal(total.hits_test, group.correct_test.sum(0))
    np.testing.assert_array_equal(
        total.margin_in, (group.margin_train.astype(int) * group.included).sum(0))


def test_the_estimate_is_that_of_all_outcomes_at_once():
    group, total = outcomes(), added([outcomes()])
    expected = estimate.memorization(group.included, group.correct_train)
    for ours, theirs in zip(estimate.of_tally(total), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_soft_memorization_is_a_difference_of_mean_confidences():
    group, total = outcomes(), added([outcomes()])
    confidence = 1 / (1 + np.exp(-group.margin_train / 256))
    soft = estimate.soft_of_tally(total)
    for k in range(30):
        inside, outside = (confidence[rows, k] for rows in (group.included[:, k],
                                                            ~group.included[:, k]))
        np.testing.assert_allclose(soft.memorization[k], inside.mean() - outside.mean(),
                                   atol=1e-5)
        np.testing.assert_allclose(
            soft.standard_error[k],
            np.sqrt(sum(np.var([*values, 0, 1]) / (len(values) + 2)
                        for values in (inside, outside))), atol=1e-5)


def test_margin_memorization_is_a_difference_of_mean_log_odds():
    group, total = outcomes(), added([outcomes()])
    nats = group.margin_train / 256
    expected = [nats[group.included[:, k], k].mean() - nats[~group.included[:, k], k].mean()
                for k in range(30)]
    np.testing.assert_allclose(estimate.margin_of_tally(total, 1 / 256), expected)


def test_an_example_that_was_never_out_is_not_known():
    group = outcomes()
    group.included[:, 4], group.included[:, 5] = True, False
    total = added([group])
    for values in (estimate.of_tally(total).memorization, estimate.margin_of_tally(total, 1.0),
                   estimate.soft_of_tally(total).standard_error):
        assert np.isnan(values[4:6]).all() and np.isfinite(values[6:]).all()
    assert estimate.of_tally(total).times_out[4] == 0
