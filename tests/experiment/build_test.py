import pytest

from rum_jax.core.errors import InputError
from rum_jax.experiment import build
from rum_jax.runtime import xla

SECTION = {"devices": 0, "data_devices": 0, "strategy": "auto", "convolution": "auto",
           "steps_per_call": 8}


def test_automatic_choices_on_a_cpu():
    engine = build.engine_of(SECTION, (64, 96))
    assert engine.rows == min(xla.cpu_cores(), 8) and engine.strategy == "series"
    assert engine.data_devices == 1 and engine.batch_divisor == 32
    assert build.convolution_of(SECTION) == "patches"
    assert build.convolution_of(SECTION, long=True) == "blocked"


def test_explicit_choices():
    engine = build.engine_of({**SECTION, "devices": 3, "strategy": "vmap"}, (64,))
    assert engine.rows == 3 and engine.strategy == "vmap" and engine.steps_per_call == 8
    assert build.convolution_of({**SECTION, "convolution": "native"}) == "native"


def test_more_devices_than_there_are():
    with pytest.raises(InputError, match=r"config.engine.devices: is 9; allowed: 0..8, the cpu"):
        build.engine_of({**SECTION, "devices": 9}, (64,))


def test_devices_that_share_batches():
    engine = build.engine_of({**SECTION, "devices": 6, "data_devices": 2}, (64,))
    assert dict(engine.mesh.shape) == {"models": 3, "data": 2}
    with pytest.raises(InputError, match=r"config.engine.data_devices: is 4; allowed: a divisor "
                                         "of the 6 devices"):
        build.engine_of({**SECTION, "devices": 6, "data_devices": 4}, (64,))


def test_the_type_that_a_model_computes_in():
    assert build.dtype_of("auto") == "float32", "on a CPU"
    assert build.dtype_of("bfloat16") == "bfloat16"
