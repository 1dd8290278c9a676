import collections
import time

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.train import engine as engines


def double(shared, x):
    return {"y": shared * x}


@pytest.mark.parametrize("strategy", list(engines.STRATEGIES))
@pytest.mark.parametrize("devices, models", [(1, 3), (2, 3), (8, 3), (2, 4)])
def test_any_number_of_models_on_any_number_of_devices(strategy, devices, models):
    engine = engines.make_engine(devices, strategy, 4).for_models(models)
    run = engines.over_models(engine, double, shared=1)
    x = np.arange(models * 2, dtype=np.float32).reshape(models, 2)
    out = engines.get(run(jnp.float32(2), engines.put(engine, x, models)), models)
    np.testing.assert_array_equal(out["y"], 2 * x)


def test_idle_devices_are_left_out():
    engine = engines.make_engine(8, "map", 4)
    assert engine.for_models(3).rows == 3 and engine.for_models(9) is engine
    assert engine.for_models(3) == engine.for_models(3), "equal engines share programs"
    assert engine.padded(9) == 16


def test_a_series_is_one_program_for_any_number_of_models():
    engine = engines.make_engine(2, "series", 4)
    assert [engine.calls(models) for models in (2, 3, 9)] == [1, 2, 5]
    run = engines.over_models(engine, double, shared=1)

    def doubled(models):
        x = np.arange(models, dtype=np.float32)
        return engines.get(run(np.float32(2), engines.put(engine, x, models)), models)["y"]

    assert doubled(2).tolist() == [0, 2]
    with jax.no_tracing(True):
        assert doubled(5).tolist() == [0, 2, 4, 6, 8]


def test_too_many_devices():
    with pytest.raises(ValueError, match="99 devices asked for, 8 exist"):
        engines.make_engine(99, "map", 4)


@pytest.fixture
def nothing_resident(monkeypatch):
    kept = collections.OrderedDict()
    monkeypatch.setattr(engines, "_resident", kept)
    return kept


def test_a_data_set_is_put_on_the_devices_once(nothing_resident):
    engine, images = engines.make_engine(2, "series", 4), np.arange(12, dtype=np.uint8)
    first = engines.resident(engine, images)
    assert engines.resident(engine, images) is first
    assert engines.resident(engines.make_engine(2, "map", 8), images) is first, "the same mesh"
    np.testing.assert_array_equal(first, images)
    other = engines.resident(engine.for_models(1), images)
    assert other is not first and len(other.devices()) == 1
    with pytest.raises(ValueError, match="read-only"):
        images[0] = 7
    assert engines.resident(engine, images.copy()) is not first


def test_what_is_gone_or_long_unused_does_not_stay_on_the_devices(nothing_resident, monkeypatch):
    monkeypatch.setattr(engines, "replicate", lambda engine, images: jnp.array(images, copy=True))
    engine = engines.make_engine(1, "series", 4)
    arrays = [np.full(3, value, np.uint8) for value in range(3)]
    placed = [engines.resident(engine, array) for array in arrays]
    assert len(nothing_resident) == engines.MOST_RESIDENT == 2
    assert engines.resident(engine, arrays[2]) is placed[2]
    assert engines.resident(engine, arrays[0]) is not placed[0]
    kept = id(arrays[0])
    del arrays[2]
    assert [key[1] for key in nothing_resident] == [kept]


def test_seconds_of_a_method_are_without_those_of_the_upload(nothing_resident, monkeypatch):
    def slow(engine, images):
        time.sleep(0.3)
        return jnp.asarray(images)

    monkeypatch.setattr(engines, "replicate", slow)
    with stopwatch() as seconds:
        engines.resident(engines.make_engine(1, "series", 4), np.zeros(3, np.uint8))
        time.sleep(0.05)
        assert 0.05 <= seconds() < 0.25
