import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

from rum_jax.models import blocked
from rum_jax.models.convolution import convolve

# size, kernel size, stride, channels, outputs, most bytes of a piece
CASES = [(8, 3, 1, 3, 4, 2**30), (8, 3, 1, 4, 3, 7000), (8, 3, 2, 3, 4, 6000), (7, 3, 2, 4, 4, 1),
         (6, 1, 1, 3, 2, 500), (7, 1, 2, 3, 4, 2**30), (9, 5, 3, 2, 3, 2**30), (1, 3, 1, 3, 3, 1)]


def arrays(size, kernel_size, stride, channels, outputs, batch=6):
    """x, kernel and a gradient of the output, float64."""
    rng = np.random.default_rng(0)
    places = -(-size // stride)
    return (rng.normal(size=(batch, size, size, channels)),
            rng.normal(size=(kernel_size, kernel_size, channels, outputs)),
            rng.normal(size=(batch, places, places, outputs)))


def everything(lowering, stride, x, kernel, dy):
    """Output, gradient of the input, gradient of the kernel."""
    out, back = jax.vjp(lambda x, kernel: convolve(x, kernel, stride, lowering), x, kernel)
    return out, *back(dy)


@pytest.mark.parametrize("size, kernel_size, stride, channels, outputs, ring_bytes", CASES)
def test_values_and_gradients_are_those_of_xla(size, kernel_size, stride, channels, outputs,
                                               ring_bytes, monkeypatch):
    """However many columns a piece has."""
    monkeypatch.setattr(blocked, "RING_BYTES", ring_bytes)
    with jax.enable_x64(True):
        given = arrays(size, kernel_size, stride, channels, outputs)
        results, expected = (jax.jit(lambda *a, name=name: everything(name, stride, *a))(*given)
                             for name in ("blocked", "native"))
    for ours, theirs in zip(results, expected, strict=True):
        assert ours.dtype == jnp.float64
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12 * np.abs(theirs).max())


@pytest.mark.parametrize("stride", [1, 2])
def test_many_models_at_once(stride):
    """As the strategy vmap does it: each model has its own images and kernel."""
    given = [np.float32(np.stack([a, 2 * a, a[::-1]])) for a in arrays(8, 3, stride, 4, 4)]
    results, expected = (
        jax.jit(jax.vmap(lambda *a, name=name: everything(name, stride, *a)))(*given)
        for name in ("blocked", "native"))
    for ours, theirs in zip(results, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("stride, outputs", [(1, 4), (2, 6)])
def test_devices_that_share_a_batch(stride, outputs):
    given = [np.float32(a) for a in arrays(8, 3, stride, 4, outputs, batch=8)]
    mesh = jax.make_mesh((4,), ("data",), axis_types=(AxisType.Auto,))
    shared = [jax.device_put(a, NamedSharding(mesh, P(*axes)))
              for a, axes in zip(given, (("data",), (), ("data",)), strict=True)]
    results = jax.jit(lambda *a: everything("blocked", stride, *a))(*shared)
    for ours, theirs in zip(results, everything("native", stride, *given), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


def test_kernel_gradient_of_bfloat16_is_summed_in_float32():
    """The sum over 4096 places of 1; in bfloat16 it stays at 256."""
    x, kernel = jnp.ones((16, 16, 16, 1), jnp.bfloat16), jnp.ones((1, 1, 1, 1), jnp.bfloat16)
    out, dx, dkernel = jax.jit(lambda *a: everything("blocked", 1, *a))(x, kernel, x)
    assert {leaf.dtype for leaf in (out, dx, dkernel)} == {jnp.dtype("bfloat16")}
    assert dkernel.item() == 4096


def test_a_gradient_of_a_gradient():
    x, kernel, _ = map(jnp.float32, arrays(5, 3, 1, 2, 2))

    def slope(kernel, name):
        return jax.grad(lambda k: jnp.sum(convolve(x, k, 1, name) ** 3))(kernel).sum()

    gradient, expected = (jax.jit(jax.grad(lambda k, name=name: slope(k, name)))(kernel)
                          for name in ("blocked", "native"))
    np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-3)


def test_the_backward_pass_keeps_no_patches():
    """Only the input and the kernel; gathered patches are nine times as large."""
    x, kernel, _ = map(jnp.float32, arrays(8, 3, 1, 4, 4))
    kept = jax.eval_shape(lambda *a: jax.vjp(lambda x, k: convolve(x, k, 1, "blocked"), *a)[1],
                          x, kernel)
    assert sum(leaf.size for leaf in jax.tree.leaves(kept)) == x.size + kernel.size
