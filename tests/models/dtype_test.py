import jax
import jax.numpy as jnp
import numpy as np
import pytest

from rum_jax import models
from rum_jax.data.arrays import ImageSpec
from rum_jax.models.layers import normalize
from rum_jax.models.norm import BatchNorm

SPEC = ImageSpec((12, 12, 3), 5, 255.0, (0.5, 0.4, 0.6), (0.25, 0.2, 0.3))
TOLERANCE = 0.05  # of the largest value, between bfloat16 (8 bits of mantissa) and float32
CASES = [("resnet", "native"), ("resnet", "patches"), ("resnet_bottleneck", "native"),
         ("vgg", "native"), ("vgg", "patches")]


def model_of(name, lowering, dtype):
    return models.build(name, SPEC, (8, 16), (1, 1), lowering, dtype)


@pytest.fixture(scope="module")
def images():
    return jnp.asarray(np.random.default_rng(0).integers(0, 256, (16, 12, 12, 3)), jnp.uint8)


def loss_of(model, params, state, images):
    out, after = model.apply(params, state, model.to_unit(images), jnp.ones(len(images), bool),
                             train=True)
    return jax.nn.log_softmax(out.logits)[:, 1].sum(), (out, after)


def products(jaxpr):
    """(primitive, dtypes of its inputs) of all convolutions and matrix products."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in ("conv_general_dilated", "dot_general"):
            yield equation.primitive.name, [str(v.aval.dtype) for v in equation.invars]
        for value in equation.params.values():
            inner = getattr(value, "jaxpr", value)
            if hasattr(inner, "eqns"):
                yield from products(inner)


@pytest.mark.parametrize("name, lowering", [
    CASES[1], *(pytest.param(*case, marks=pytest.mark.slow) for case in CASES[2:4])])
def test_bfloat16_is_close_to_float32(name, lowering, images):
    wide, narrow = (model_of(name, lowering, dtype) for dtype in ("float32", "bfloat16"))
    params, state = jax.jit(narrow.init)(jax.random.key(0))
    assert {leaf.dtype for leaf in jax.tree.leaves((params, state))} == {jnp.dtype("float32")}
    step = jax.jit(jax.value_and_grad(loss_of, argnums=1, has_aux=True), static_argnums=0)
    (_, (out, after)), grads = step(narrow, params, state, images)
    _, (expected, expected_after) = jax.jit(loss_of, static_argnums=0)(wide, params, state, images)
    assert {leaf.dtype for leaf in jax.tree.leaves((grads, after, out))} == {jnp.dtype("float32")}
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grads))
    for ours, theirs in zip((*out, *jax.tree.leaves(after)),
                            (*expected, *jax.tree.leaves(expected_after)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max())
    assert np.abs(out.features - expected.features).max() > 1e-5  # it is another computation


@pytest.mark.parametrize("name, lowering", CASES)
def test_products_run_in_bfloat16(name, lowering, images):
    model = model_of(name, lowering, "bfloat16")
    params, state = jax.eval_shape(model.init, jax.random.key(0))
    jaxpr = jax.make_jaxpr(jax.grad(lambda p, s: loss_of(model, p, s, images)[0]))(params, state)
    all_products = list(products(jaxpr.jaxpr))
    in_float32 = [product for product in all_products if "float32" in product[1]]
    # Only the last layer is computed in float32: forward, and two products backward.
    assert in_float32 == [("dot_general", ["float32", "float32"])] * 3
    convolution = "conv_general_dilated" if lowering == "native" else "dot_general"
    kernels = [leaf for leaf in jax.tree.leaves(params) if leaf.ndim == 4]
    narrow = [product for product in all_products
              if product == (convolution, ["bfloat16", "bfloat16"])]
    assert len(narrow) >= 3 * len(kernels) - 1  # no gradient of the pixels


def test_float64_stays_float64(images):
    with jax.enable_x64(True):
        model = model_of("resnet", "patches", "float64")
        params, state = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, jnp.float64),
                                     jax.eval_shape(model.init, jax.random.key(0)))
        _, (out, after) = jax.eval_shape(lambda p, s: loss_of(model, p, s, images), params, state)
        kinds = {leaf.dtype for leaf in jax.tree.leaves((out, after))}
        assert kinds == {jnp.dtype("float64")}


def test_batch_statistics_of_bfloat16_are_float32():
    """A mean of 257 cannot be told from 256 in bfloat16."""
    x = jnp.asarray([[256.0], [258.0]] * 50, jnp.bfloat16)
    mask = jnp.ones(100, bool)
    layer = BatchNorm()
    variables = layer.init(jax.random.key(0), x, mask, train=True)
    out, updated = layer.apply(variables, x, mask, train=True, mutable=["batch_stats"])
    np.testing.assert_allclose(updated["batch_stats"]["mean"], 25.7, rtol=1e-6)
    assert updated["batch_stats"]["var"].dtype == jnp.float32 and out.dtype == jnp.bfloat16
    np.testing.assert_array_equal(out[:2, 0], [-1, 1])
    assert layer.apply(variables, x, mask, train=False).dtype == jnp.bfloat16


def test_pixels_are_normalized_in_float32():
    pixels = jnp.asarray([[0.5]], jnp.bfloat16)
    normalized = normalize(pixels, (0.4914,), (0.247,))
    assert normalized.dtype == jnp.bfloat16  # bfloat16's 0.4914 is 0.4922
    np.testing.assert_allclose(normalized, (0.5 - 0.4914) / 0.247, rtol=2 ** -8)


def test_unit_pixels_are_float32_at_least(images):
    assert model_of("resnet", "native", "bfloat16").to_unit(images).dtype == jnp.float32
