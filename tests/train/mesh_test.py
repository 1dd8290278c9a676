import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax import models
from rum_jax.core.randomness import ROLES, key_data
from rum_jax.data.plans import stream
from rum_jax.models.own_linen import OwnLinen
from rum_jax.train import placement
from rum_jax.train.engine import make_engine
from rum_jax.train.fit import Plan, _runner, fit
from rum_jax.train.mesh import best_share, split_batch
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, contexts, initial_states
from rum_jax.unlearn import ALGORITHMS
from rum_jax.unlearn.apply import apply

# Float32 sums over a batch in another order, through BatchNorm and six steps.
TOLERANCE = 1e-4
STEPS, BATCH = 6, 32


@pytest.mark.parametrize("devices, models, divisor, share", [
    (8, 1, 64, 8), (8, 3, 64, 8), (8, 4, 64, 2), (8, 8, 64, 1), (8, 64, 64, 1), (8, 1, 12, 4),
    (8, 1, 9, 1), (6, 4, 64, 1), (6, 3, 64, 2), (1, 5, 64, 1)])
def test_no_device_is_idle_and_little_is_padded(devices, models, divisor, share):
    assert best_share(devices, models, divisor) == share


def test_a_mesh_is_derived_for_each_number_of_models():
    engine = make_engine(8, "series", 4, data_devices=0, batch_divisor=64)
    shapes = {models: engine.for_models(models).mesh.devices.shape for models in (1, 4, 16)}
    assert shapes == {1: (1, 8), 4: (4, 2), 16: (8, 1)}
    given = make_engine(8, "series", 4, data_devices=2)
    assert given.for_models(3).mesh.devices.shape == (3, 2), "idle rows are left out"
    with pytest.raises(ValueError, match="8 devices cannot be cut into rows of 3"):
        make_engine(8, "series", 4, data_devices=3)


@pytest.fixture(scope="module")
def small(task, dataset):
    """A network that compiles quickly."""
    return task._replace(model=models.build("resnet", dataset.spec, (4,), (1,), "patches"))


def trained(task, dataset, devices, share, strategy="series", augmentation="crop", groups=1):
    """Parameters and statistics of two models after a few steps, and their losses."""
    module = task.model.network.module.clone(batch_norm_groups=groups)
    task = task._replace(engine=make_engine(devices, strategy, 4, share),
                         model=dataclasses.replace(task.model, network=OwnLinen(module)))
    states = initial_states(task.model, [(0, ROLES["init"], 0), (1, ROLES["init"], 0)])
    rng = np.random.default_rng(0)
    index = rng.permutation(dataset.train)[:2 * STEPS * BATCH].reshape(2, STEPS, BATCH)
    index[:, -1, 20:] = -1  # a short last batch
    epoch = [[key_data(np.random.default_rng(m))] * STEPS for m in range(2)]
    plan = Plan({"examples": stream(index, dataset.labels)}, np.full((2, STEPS), 0.02),
                augmentation={augmentation: np.array(epoch)})
    return fit(task, cross_entropy, states, plan, contexts(2, Optimizer(BATCH, 0.9, 5e-4)),
               ["a", "b"])


def assert_close(fitted, other):
    np.testing.assert_allclose(fitted.losses, other.losses, rtol=0, atol=TOLERANCE)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE),
                 fitted.states, other.states)


@pytest.mark.slow
@pytest.mark.parametrize("devices, share, strategy", [
    (1, 1, "series"), (4, 2, "series"), (4, 2, "vmap")])
def test_blocked_convolutions_give_the_same_on_any_mesh(small, dataset, devices, share, strategy):
    module = small.model.network.module.clone(lowering="blocked", widths=(4, 6), blocks=(1, 1))
    plain = small.model.network.module.clone(widths=(4, 6), blocks=(1, 1))
    blocked, expected = (
        small._replace(model=dataclasses.replace(small.model, network=OwnLinen(variant)))
        for variant in (module, plain))
    assert_close(trained(blocked, dataset, devices, share, strategy),
                 trained(expected, dataset, 1, 1))


@pytest.mark.parametrize("devices, share, strategy", [
    (2, 2, "series"), (4, 2, "vmap"),
    *(pytest.param(*mesh, marks=pytest.mark.slow) for mesh in (
        (4, 2, "map"), (4, 4, "series"), (8, 4, "series"), (8, 8, "series")))])
def test_results_do_not_depend_on_the_mesh(small, dataset, devices, share, strategy):
    """BatchNorm statistics are those of the whole batch, padding and augmentation included."""
    assert_close(trained(small, dataset, devices, share, strategy),
                 trained(small, dataset, 1, 1))


@pytest.mark.slow
def test_batch_norm_of_each_device_alone(small, dataset):
    alone = trained(small, dataset, 8, 4, groups=4)
    assert_close(alone, trained(small, dataset, 1, 1, groups=4))
    assert np.abs(alone.losses - trained(small, dataset, 1, 1).losses).max() > 1e-3


def test_images_are_not_gathered_and_gradients_are_summed_once(small, dataset):
    """The data axis costs the reductions of BatchNorm and gradients, nothing else."""
    engine = make_engine(4, "series", 4, 4).for_models(1)
    run = _runner(small.model, cross_entropy)
    index = np.tile(dataset.train[:4 * BATCH].reshape(1, 4, BATCH), (1, 1, 1))
    plan = Plan({"examples": stream(index, dataset.labels)}, np.full((1, 4), 0.1))
    args = [placement.put(engine, part, 1)[0] for part in (
        initial_states(small.model, [(0, ROLES["init"], 0)]), plan,
        contexts(1, Optimizer(BATCH, 0.9, 0.0)))]
    sharded = jax.shard_map(
        lambda images, *parts: jax.tree.map(lambda leaf: leaf[None], run(
            images, jnp.int32(4), *jax.tree.map(lambda leaf: leaf[0], parts))),
        mesh=engine.mesh, in_specs=(jax.P(), jax.P("models"), jax.P("models"), jax.P("models")),
        out_specs=jax.P("models"), axis_names={"models"}, check_vma=False)
    images = placement.replicate(engine, small.images)
    text = jax.jit(sharded).lower(images, *args).compile().as_text()
    assert text.count(" all-reduce(") > 0
    assert text.count(" all-gather(") == text.count(" all-to-all(") == 0


def test_batches_that_do_not_divide_are_left_whole(task, original):
    shared = task._replace(engine=make_engine(6, "series", 4, 3))  # batches of 256 and 3 devices
    np.testing.assert_allclose(predict(shared, original), predict(task, original), atol=1e-5)
    assert split_batch(jnp.arange(5)).tolist() == [0, 1, 2, 3, 4], "outside a mesh, too"


HPARAMS = {
    "neggrad_plus": {"epochs": 1}, "salun": {"epochs": 1}, "boundary_shrink": {"epochs": 1},
    "scrub": {"epochs": 1, "learning_rate": 5e-3},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HPARAMS)
def test_algorithms_do_not_depend_on_the_mesh(problem, small, name):
    states = initial_states(small.model, [(0, ROLES["init"], 0), (1, ROLES["init"], 0)])
    hparams, params = {**ALGORITHMS[name].hparams(), **HPARAMS[name]}, []
    for devices, share in ((1, 1), (4, 2)):
        task = small._replace(engine=make_engine(devices, "series", 16, share))
        on_mesh = problem._replace(task=task, retain=problem.retain[:, :256])
        params.append(apply(ALGORITHMS[name], on_mesh, states, hparams)[0].params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=2e-4), *params)
    moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), params[0], states.params)
    assert max(jax.tree.leaves(moved)) > 2e-3, "else any mesh would do"
