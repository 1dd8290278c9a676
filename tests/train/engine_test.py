
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax.train import engine as engines
from rum_jax.train import placement


def double(shared, x):
    return {"y": shared * x}


@pytest.mark.parametrize("strategy", list(engines.STRATEGIES))
@pytest.mark.parametrize("devices, models", [(1, 3), (2, 3), (8, 3), (2, 4)])
def test_any_number_of_models_on_any_number_of_devices(strategy, devices, models):
    engine = engines.make_engine(devices, strategy, 4).for_models(models)
    run = engines.over_models(engine, double, shared=1)
    x = np.arange(models * 2, dtype=np.float32).reshape(models, 2)
    out = placement.get(run(jnp.float32(2), placement.put(engine, x, models)), models)
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
        return placement.get(run(np.float32(2), placement.put(engine, x, models)), models)["y"]

    assert doubled(2).tolist() == [0, 2]
    with jax.no_tracing(True):
        assert doubled(5).tolist() == [0, 2, 4, 6, 8]


def test_too_many_devices():
    with pytest.raises(ValueError, match="99 devices asked for, 8 exist"):
        engines.make_engine(99, "map", 4)
