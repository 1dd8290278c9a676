import re

import jax
import numpy as np
import pytest

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.data.plans import shuffled_epochs, stream
from rum_jax.train import memory
from rum_jax.train.engine import make_engine
from rum_jax.train.memory import Memory


@pytest.mark.parametrize("name, widths, lowering, batch_size", [
    ("resnet", (8, 16), "patches", 64),
    ("resnet", (8, 16), "native", 64), ("vgg", (8, 16), "native", 256),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("resnet", (8, 16), "patches", 256), ("resnet", (8, 16), "native", 256),
        ("resnet", (8, 16), "blocked", 64), ("resnet", (8, 16), "blocked", 256),
        ("resnet_bottleneck", (4, 8), "native", 64), ("resnet_bottleneck", (4, 8), "native", 256),
        ("vgg", (8, 16), "native", 64)))])
def test_the_bound_from_shapes_is_above_the_compilers_figure_and_near_it(
        task, dataset, name, widths, lowering, batch_size):
    task = task._replace(model=models.build(name, dataset.spec, widths, (1, 1), lowering))
    compiled = memory.compiled_step_bytes(task, 1, batch_size)
    assert 0.9 * compiled < memory.predicted(task, 1, batch_size).step < 3 * compiled


def test_the_parts_are_those_of_the_shapes(task, dataset):
    task = task._replace(engine=make_engine(2, "series", 4))
    bound = memory.predicted(task, 5, 64)
    count = models.parameter_count(task.model)
    stats = sum(leaf.size for leaf in jax.tree.leaves(
        jax.eval_shape(task.model.init, jax.random.key(0))[1]))
    assert bound.examples == 2 * dataset.images.nbytes
    assert bound.states == 3 * 4 * (2 * count + stats + 1), "three of five models, one int32 step"
    assert bound.total == sum(bound)


def test_models_in_lockstep_need_a_step_each(task, monkeypatch):
    series, vmap = (memory.predicted(task._replace(engine=make_engine(2, strategy, 4)), 6, 64)
                    for strategy in ("series", "vmap"))
    assert vmap.step == 3 * series.step and vmap.states == series.states
    monkeypatch.setattr(memory, "available_bytes", lambda *_: series.total)
    with pytest.raises(InputError, match="config.engine.strategy=series, fewer seeds"):
        memory.check(task._replace(engine=make_engine(2, "vmap", 4)), "it", 6, 64, "fewer seeds")


def test_devices_that_share_a_batch_need_less(task):
    full, part = (memory.predicted(task._replace(engine=make_engine(4, "series", 4, share)), 1, 64)
                  for share in (1, 4))
    assert part.step < 0.5 * full.step and part.states == full.states


def test_what_does_not_fit_is_refused_with_its_parts(task, two_stages, monkeypatch, capsys):
    task = task._replace(model=two_stages)
    memory.check(task, "two models", 2, 64, "a smaller batch")
    assert re.search(r"two models: [\d.]+ MiB a device at most", capsys.readouterr().err)
    exact = memory.compiled_step_bytes(task, 2, 64)
    bound = memory.predicted(task, 2, 64)
    between = bound._replace(step=exact).total + 1
    monkeypatch.setattr(memory, "available_bytes", lambda *_: between)
    memory.check(task, "two models", 2, 64, "a smaller batch")  # the compiler knows better
    monkeypatch.setattr(memory, "available_bytes", lambda *_: between - 2)
    with pytest.raises(InputError, match=r"two models: [\d.]+ MiB a device \(.*\) are needed, "
                                         r"[\d.]+ MiB available; allowed: less, by a smaller"):
        memory.check(task, "two models", 2, 64, "a smaller batch")


def test_text_has_every_part():
    assert str(Memory(2**30, 2**29, 2**31)) == (
        "3.50 GiB a device at most (examples 1.00 GiB, models 512.0 MiB, a step 2.00 GiB)")


def test_the_memory_of_a_plan_is_above_that_of_its_arrays():
    positions, models, epochs = np.arange(1000, dtype=np.int32), 3, 7
    index = np.stack([shuffled_epochs(positions, 64, [np.random.default_rng(0)] * epochs)] * models)
    arrays = sum(part.nbytes for part in stream(index, np.zeros(1000, np.int32)))
    assert 2 * arrays < memory.plan_bytes(models, epochs, 1000, 64) < 2.2 * arrays
    memory.check_plan("it", models, epochs, 1000, 64)
    with pytest.raises(InputError, match="it: 1e[+]09 epochs of 1000 examples for 3 models are a "
                                         "plan of [0-9.]+ GiB"):
        memory.check_plan("it", models, 10**9, 1000, 64)
