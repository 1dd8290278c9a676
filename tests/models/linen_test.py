"""A module of any names: its outputs are its own, and it is given what it lacks."""

import dataclasses

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from foreign import Camera

from rum_jax.core.errors import InputError
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.adapt_linen import adapt
from rum_jax.models.contract import Head
from rum_jax.models.model import Model

IMAGE = ImageSpec((8, 8, 1), 0, 255.0, (0.25,), (0.5,))
X = np.random.default_rng(0).uniform(size=(6, 8, 8, 1)).astype(np.float32)
MASK = jnp.array([True, True, True, True, False, False])


@pytest.fixture(scope="module")
def camera():
    network = adapt(Camera(), IMAGE, "is_training", "print")
    model = Model(network, dataclasses.replace(IMAGE, classes=10))
    return model, *model.init(jax.random.key(3))


def own(variables, x, train, **keywords):
    return Camera().apply(variables, (x - 0.25) / 0.5, is_training=train, **keywords)


def test_what_is_found_by_looking(camera):
    network = camera[0].network
    assert network.classes == 10 and network.draws and network.mask_kwarg is None
    assert network.head == Head(("verdict", "kernel"), ("verdict", "bias"))


def test_outputs_are_the_modules_own(camera):
    model, params, state = camera
    variables = {"params": params, **state}
    out, same = model.apply(params, state, X, MASK, train=False)
    expected, sown = own(variables, X, False, mutable=["intermediates"])
    np.testing.assert_allclose(out.logits, expected, atol=1e-6)
    np.testing.assert_allclose(out.features, sown["intermediates"]["print"][0], atol=1e-6)
    jax.tree.map(np.testing.assert_array_equal, same, state)


def test_padding_is_kept_out_of_statistics(camera):
    model, params, state = camera
    key = jax.random.key(1)
    moved = np.where(np.asarray(MASK)[:, None, None, None], X, 7.0)
    updated = [model.apply(params, state, x, MASK, train=True, key=key)[1] for x in (X, moved)]
    alone = model.apply(params, state, X[:4], jnp.ones(4, bool), train=True, key=key)[1]
    everything = model.apply(params, state, moved, jnp.ones(6, bool), train=True, key=key)[1]
    for got in updated:
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), got, alone)
    assert np.abs(everything["batch_stats"]["iris"]["mean"]
                  - alone["batch_stats"]["iris"]["mean"]).max() > 1e-2


def test_dropout_follows_the_key(camera):
    model, params, state = camera

    def logits(key):
        return np.asarray(model.apply(params, state, X, MASK, True, jax.random.key(key))[0].logits)

    np.testing.assert_array_equal(logits(1), logits(1))
    assert np.abs(logits(1) - logits(2)).max() > 1e-3
    frozen = dataclasses.replace(model, frozen_statistics=True)
    assert model.draws and not frozen.draws
    np.testing.assert_allclose(frozen.apply(params, state, X, MASK, True)[0].logits,
                               model.apply(params, state, X, MASK, False)[0].logits)


def test_the_last_layer_can_have_another_output(camera):
    model, params, state = camera
    verdict = params["verdict"]
    wider = {**params, "verdict": {"kernel": np.pad(verdict["kernel"], ((0, 0), (0, 1))),
                                   "bias": np.append(verdict["bias"], 5.0)}}
    assert model.outputs(wider) == 11 and model.outputs(params) == 10
    for train in (False, True):
        key = jax.random.key(0)
        more = model.apply(wider, state, X, MASK, train, key)[0].logits
        np.testing.assert_allclose(more[:, :10],
                                   model.apply(params, state, X, MASK, train, key)[0].logits,
                                   atol=1e-5)
        np.testing.assert_allclose(more[:, 10], 5.0)
    shapes = model.shapes(11)[0]["verdict"]
    assert shapes["kernel"].shape == (12, 11) and shapes["bias"].shape == (11,)


@pytest.mark.parametrize(("features", "size"), [
    ("film", 12), ("zoom", 8), (lambda variables, inputs: inputs[:, :3, 0], 1), (None, None)])
def test_features_are_a_submodules_output_or_a_function(features, size):
    model = Model(adapt(Camera(), IMAGE, "is_training", features),
                  dataclasses.replace(IMAGE, classes=10))
    out, _ = model.apply(*model.init(jax.random.key(0)), X, MASK, train=False)
    assert (None if out.features is None else out.features.shape) == (size and (6, size))


class Pair(nn.Module):
    """Returns logits and features, and says the opposite of training."""

    layers: tuple = (3,)
    both: bool = True
    twins: bool = False

    @nn.compact
    def __call__(self, x, deterministic):
        x = nn.Dense(5, name="body")(x.reshape(len(x), -1))
        x = nn.Dropout(0.5, deterministic=deterministic)(x)
        logits = nn.Dense(5, name="out")(x) if self.twins else x[:, :3]
        return (logits, x) if self.both else logits


def test_a_pair_of_outputs_and_an_opposite_switch():
    model = Model(adapt(Pair(), IMAGE, "deterministic"), dataclasses.replace(IMAGE, classes=3))
    variables = model.init(jax.random.key(0))
    out, _ = model.apply(*variables, X, MASK, train=False)
    np.testing.assert_array_equal(out.features[:, :3], out.logits)
    assert model.network.head is None, "no layer has three outputs"
    with pytest.raises(InputError, match="boundary_expand changes the last layer, which is not"):
        model.head("boundary_expand")


class OwnNorm(nn.Module):
    """Keeps a mean of batches by itself, and sows a loss."""

    @nn.compact
    def __call__(self, x, train, real=None):
        x = x.reshape(len(x), -1)
        weight = jnp.ones(len(x)) if real is None else real
        mean = self.variable("batch_stats", "mean", jnp.zeros, x.shape[-1])
        batch = (x * weight[:, None]).sum(0) / weight.sum()
        if train and not self.is_initializing():
            mean.value = batch
        self.sow("losses", "l2", jnp.square(x).sum())
        return nn.Dense(3, use_bias=False, name="out")(x - (batch if train else mean.value))


def test_statistics_of_the_modules_own_making_are_given_the_mask():
    network = adapt(OwnNorm(), IMAGE, "train", mask_kwarg="real")
    model = Model(network, dataclasses.replace(IMAGE, classes=3))
    assert network.head == Head(("out", "kernel"), None)
    params, state = model.init(jax.random.key(0))
    assert list(state) == ["batch_stats"], "what was sown is no state"
    moved = np.where(np.asarray(MASK)[:, None, None, None], X, 7.0)
    after = [model.apply(params, state, x, MASK, train=True)[1] for x in (X, moved)]
    np.testing.assert_allclose(after[0]["batch_stats"]["mean"], after[1]["batch_stats"]["mean"],
                               atol=1e-6)


def test_of_two_layers_with_as_many_outputs_the_last_is_the_head():
    network = adapt(Pair(twins=True), IMAGE, "deterministic")
    assert network.head == Head(("out", "kernel"), ("out", "bias"))


@pytest.mark.parametrize(("module", "options", "message"), [
    (Camera, {}, "module: is type; allowed: an instance of flax.linen.Module"),
    (Camera().bind({}), {}, "module: Camera is bound to variables"),
    (Camera(), {"train_kwarg": "train"}, r"train_kwarg: is 'train', and Camera.__call__ takes "
     r"\(frames, is_training\); allowed: one of these"),
    (Camera(), {"features": "pre_logits"}, "features: is 'pre_logits', which is no value that"),
    (Camera(), {"head": "film"}, "head: is 'film', to whose outputs none can be added that is one"),
    (Camera(), {"mask_kwarg": "mask"}, "mask_kwarg: is 'mask', and Camera.__call__ takes"),
    (OwnNorm(), {"train_kwarg": "train"}, "module: OwnNorm keeps statistics of batches in mean"),
    (Camera(), {"head": "iris"}, "head: is 'iris', where the parameters have 0 matrices; allowed"),
    (nn.Conv(3, (3, 3)), {"train_kwarg": None}, r"module: returns logits \(2, 8, 8, 3\) for 2"),
])
def test_bad_modules(module, options, message):
    with pytest.raises(InputError, match=message):
        adapt(module, IMAGE, **{"train_kwarg": "is_training", **options})


def test_another_number_of_classes_than_the_data_has():
    with pytest.raises(InputError, match="module: returns 10 logits; allowed: 7, one for each"):
        adapt(Camera(), dataclasses.replace(IMAGE, classes=7), "is_training")
