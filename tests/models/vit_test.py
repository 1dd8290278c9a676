"""Vision transformers: their arithmetic step by step, their options, and what they draw."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy

from rum_jax import models
from rum_jax.data.arrays import ImageSpec
from rum_jax.models import option_faults

SPEC = ImageSpec((8, 8, 3), 5, 255.0, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3))
SMALL = {"patch_size": 4, "depth": 2, "width": 12, "heads": 3, "resolution": 0}
X = np.random.default_rng(0).uniform(size=(4, 8, 8, 3)).astype(np.float32)
MASK = jnp.ones(4, bool)


def build(**options):
    return models.build("vit_tiny", SPEC, (), (), "native", options={**SMALL, **options})


def layer_norm(x, p):
    return ((x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)
            * p["scale"] + p["bias"])


def dense(x, p):
    return x @ p["kernel"] + p["bias"]


def by_hand(p, x):
    """Features and logits in NumPy, one image and one head at a time."""
    outputs = []
    for image in (x - SPEC.mean) / np.array(SPEC.std):
        tokens = [dense(image[r:r + 4, c:c + 4].reshape(-1), p["patch_embedding"])
                  for r in (0, 4) for c in (0, 4)]
        t = np.stack([p["class_token"][0, 0], *tokens]) + p["positions"][0]
        for k in range(2):
            b = p[f"block{k}"]
            qkv = dense(layer_norm(t, b["norm1"]), b["qkv"]).reshape(5, 3, 3, 4)
            heads = [scipy.special.softmax(qkv[:, 0, h] @ qkv[:, 1, h].T / 2, axis=-1)
                     @ qkv[:, 2, h] for h in range(3)]
            t = t + dense(np.concatenate(heads, -1), b["projection"])
            hidden = dense(layer_norm(t, b["norm2"]), b["hidden"])
            gelu = hidden * scipy.stats.norm.cdf(hidden)
            t = t + dense(gelu, b["output"])
        outputs.append(layer_norm(t, p["norm"])[0])
    return np.stack(outputs), dense(np.stack(outputs), p["classifier"])


@pytest.fixture(scope="module")
def large_params():
    """Values large enough for every term to matter."""
    rng = np.random.default_rng(1)
    params, _ = build().shapes()
    return jax.tree.map(lambda leaf: rng.normal(0, 0.5, leaf.shape).astype(np.float32), params)


def test_outputs_are_those_of_the_paper(large_params):
    out, state = build().apply(large_params, {}, X, MASK, train=False)
    wide = jax.tree.map(lambda leaf: leaf.astype(np.float64), large_params)
    features, logits = by_hand(wide, X.astype(np.float64))
    np.testing.assert_allclose(out.features, features, atol=2e-4)
    np.testing.assert_allclose(out.logits, logits, atol=2e-4)
    assert state == {}


def test_published_sizes():
    image = ImageSpec((224, 224, 3), 1000, 255.0, (0.5,) * 3, (0.5,) * 3)
    counts = {name: models.parameter_count(models.build(name, image, (), (), "native"))
              for name in ("vit_tiny", "vit_small")}
    assert counts == {"vit_tiny": 5_717_416, "vit_small": 22_050_664}  # as timm prints them


def test_initial_values():
    params, _ = build(width=48).init(jax.random.key(0))
    kernel = np.asarray(params["block0"]["qkv"]["kernel"])
    assert abs(kernel.std() - 0.02) < 1e-3 and abs(kernel.mean()) < 1e-3
    assert not np.asarray(params["classifier"]["bias"]).any()
    assert np.abs(params["class_token"]).max() < 1e-5


def test_images_are_resized_inside(large_params):
    model = build(resolution=8)
    small = X[:, :5, :5]
    expected = jax.image.resize(small, X.shape, "bilinear", antialias=False)
    got, plain = (build(resolution=size).apply(large_params, {}, x, MASK, False)[0].logits
                  for size, x in ((8, small), (0, expected)))
    np.testing.assert_allclose(got, plain, atol=1e-4)
    assert model.shapes()[0]["positions"].shape == (1, 5, 12)


def test_dropout_and_stochastic_depth(large_params):
    def logits(model, key, train=True):
        return np.asarray(model.apply(large_params, {}, X, MASK, train, jax.random.key(key)
                                      )[0].logits)

    plain, dropped, deep = build(), build(dropout=0.5), build(drop_path=0.999999)
    assert not plain.draws and dropped.draws and deep.draws
    np.testing.assert_array_equal(logits(dropped, 0), logits(dropped, 0))
    assert np.abs(logits(dropped, 0) - logits(dropped, 1)).max() > 1e-2
    for model in (dropped, deep):
        np.testing.assert_allclose(logits(model, 0, train=False), logits(plain, 0), atol=1e-5)
    without = {**large_params, "block1": jax.tree.map(np.zeros_like, large_params["block1"])}
    np.testing.assert_allclose(logits(deep, 0),
                               plain.apply(without, {}, X, MASK, False)[0].logits, atol=1e-4)


def test_a_skipped_branch_keeps_its_mean():
    model = build(drop_path=0.5)
    params, _ = model.init(jax.random.key(0))
    run = jax.jit(functools.partial(model.apply, params, {}, X, MASK, True))
    many = np.mean([run(jax.random.key(k))[0].logits for k in range(400)], axis=0)
    expected = np.asarray(model.apply(params, {}, X, MASK, False)[0].logits)
    assert np.abs(many - expected).max() < 0.02 * np.abs(expected).max() + 0.02


def test_bfloat16_is_near_float32(large_params):
    half = dataclasses.replace(build(), dtype="bfloat16")
    out = half.apply(large_params, {}, X, MASK, train=False)[0]
    expected = build().apply(large_params, {}, X, MASK, train=False)[0]
    assert out.logits.dtype == jnp.float32
    assert np.corrcoef(out.logits.ravel(), expected.logits.ravel())[0, 1] > 0.995


@pytest.mark.parametrize(("options", "message"), [
    ({"heads": 5}, "config.model.kwargs.width: is 12; allowed: a multiple of heads, 5"),
    ({"patch_size": 9}, "config.model.kwargs.patch_size: is 9; allowed: at most the 8 pixels"),
    ({"depht": 2}, "config.model.kwargs.depht: unknown option of vit_tiny; known: patch_size"),
    ({"dropout": 1.0}, "config.model.kwargs.dropout: is 1.0; allowed"),
    ({"depth": 0}, "config.model.kwargs.depth: is 0; allowed"),
])
def test_bad_options(options, message):
    (fault,) = option_faults("vit_tiny", {**SMALL, **options}, SPEC)
    assert fault.startswith(message)


def test_other_networks_have_no_options():
    assert option_faults("resnet", {}, SPEC) == option_faults("vit_tiny", SMALL, SPEC) == []
    (fault,) = option_faults("resnet18", {"depth": 2}, SPEC)
    assert fault == "config.model.kwargs: has depth; allowed with resnet18: nothing"
