import collections
import dataclasses
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax.core.randomness import ROLES
from rum_jax.data.plans import stream
from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.train import engine as engines
from rum_jax.train import placement
from rum_jax.train.fit import Plan, fit, fit_on_devices
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, contexts, initial_states

OPTIMIZER = Optimizer(8, 0.9, 5e-4)


def equal(tree, other):
    jax.tree.map(np.testing.assert_array_equal, tree, other)


@pytest.fixture(params=["series", pytest.param("vmap", marks=pytest.mark.slow)])
def small_task(request, task):
    return task._replace(engine=dataclasses.replace(task.engine, strategy=request.param))


@pytest.fixture(scope="module")
def states(task):
    return initial_states(task.model, [(seed, ROLES["init"], 0) for seed in range(3)])


def test_two_fits_on_the_devices_are_two_fits_by_way_of_the_host(small_task, states, dataset):
    plan = Plan({"examples": stream(np.tile(dataset.train[:24].reshape(3, 8), (3, 1, 1)),
                                    dataset.labels)}, np.full((3, 3), 0.1, np.float32))
    how = plan, contexts(3, OPTIMIZER), ["a", "b", "c"]
    first = fit(small_task, cross_entropy, states, *how)
    second = fit(small_task, cross_entropy, first.states, *how)

    start = small_task.put(states)
    once, losses = fit_on_devices(small_task, cross_entropy, start, *how)
    np.testing.assert_array_equal(losses, first.losses)
    equal(once.get(), first.states)
    np.testing.assert_array_equal(predict(small_task, once), predict(small_task, first.states))
    twice, losses = fit_on_devices(small_task, cross_entropy, once, *how)
    np.testing.assert_array_equal(losses, second.losses)
    equal(twice.get(), second.states)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves((start.calls, once.calls)))


def test_a_copy_survives_a_fit_and_each_model_has_its_choice(small_task, states, dataset):
    plan = Plan({"examples": stream(np.tile(dataset.train[:8], (3, 1, 1)), dataset.labels)},
                np.full((3, 1), 0.1, np.float32))
    start = small_task.put(states)
    after, _ = fit_on_devices(small_task, cross_entropy, start.copy(), plan,
                              contexts(3, OPTIMIZER), ["a", "b", "c"])
    equal(start.get(), states)
    chosen = placement.where(np.array([True, False, True]), after, start).get()
    jax.tree.map(lambda leaf, new, old: np.testing.assert_array_equal(
        leaf, np.stack([new[0], old[1], new[2]])), chosen, after.get(), states)


def test_what_lies_for_another_engine_is_put_again(states):
    few, many = (engines.make_engine(devices, "series", 4).for_models(3) for devices in (1, 3))
    there = placement.OnDevices(few, placement.put(few, states.params, 3), 3)
    assert placement.put(few, there, 3) is there.calls
    equal(placement.get(placement.put(many, there, 3), 3), states.params)


@pytest.fixture
def nothing_resident(monkeypatch):
    kept = collections.OrderedDict()
    monkeypatch.setattr(placement, "_resident", kept)
    return kept


def test_a_data_set_is_put_on_the_devices_once(nothing_resident):
    engine, images = engines.make_engine(2, "series", 4), np.arange(12, dtype=np.uint8)
    first = placement.resident(engine, images)
    assert placement.resident(engine, images) is first
    assert placement.resident(engines.make_engine(2, "map", 8), images) is first, "the same mesh"
    np.testing.assert_array_equal(first, images)
    other = placement.resident(engine.for_models(1), images)
    assert other is not first and len(other.devices()) == 1
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 7
    assert placement.resident(engine, images.copy()) is not first


def test_what_is_gone_or_long_unused_does_not_stay_on_the_devices(nothing_resident, monkeypatch):
    monkeypatch.setattr(placement, "replicate", lambda engine, images: jnp.array(images, copy=True))
    engine = engines.make_engine(1, "series", 4)
    arrays = [np.full(3, value, np.uint8) for value in range(3)]
    placed = [placement.resident(engine, array) for array in arrays]
    assert len(nothing_resident) == placement.MOST_RESIDENT == 2
    assert placement.resident(engine, arrays[2]) is placed[2]
    assert placement.resident(engine, arrays[0]) is not placed[0]
    kept = id(arrays[0])
    del arrays[2]
    assert [key[1] for key in nothing_resident] == [kept]


def test_seconds_of_a_method_are_without_those_of_the_upload(nothing_resident, monkeypatch):
    def slow(engine, images):
        time.sleep(0.3)
        return jnp.asarray(images)

    monkeypatch.setattr(placement, "replicate", slow)
    with stopwatch() as seconds:
        placement.resident(engines.make_engine(1, "series", 4), np.zeros(3, np.uint8))
        time.sleep(0.05)
        assert 0.05 <= seconds() < 0.25
