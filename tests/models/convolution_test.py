import jax
import numpy as np
import pytest

from rum_jax.models.convolution import CONVOLUTIONS, convolve


@pytest.mark.parametrize("size, kernel_size, stride", [(8, 3, 1), (8, 3, 2), (7, 3, 2), (8, 1, 2),
                                                       (5, 1, 1)])
def test_lowerings_agree_in_value_and_gradient(size, kernel_size, stride):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, size, size, 3)).astype(np.float32)
    kernel = rng.normal(size=(kernel_size, kernel_size, 3, 4)).astype(np.float32)

    def run(lowering):
        def total(x, kernel):
            out = convolve(x, kernel, stride, lowering)
            return (out ** 2).sum(), out
        return jax.jit(jax.grad(total, argnums=(0, 1), has_aux=True))(x, kernel)

    (dx, dk), out = run("native")
    assert out.shape == (2, -(-size // stride), -(-size // stride), 4)
    for lowering in CONVOLUTIONS:
        (other_dx, other_dk), other = run(lowering)
        np.testing.assert_allclose(other, out, atol=1e-4)
        np.testing.assert_allclose(other_dx, dx, atol=1e-2, rtol=1e-4)
        np.testing.assert_allclose(other_dk, dk, atol=1e-2, rtol=1e-4)


def test_one_value_by_hand():
    x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    out = convolve(x, np.ones((3, 3, 1, 1), np.float32), 1, "patches")
    assert out[0, 1, 1, 0] == 36 and out[0, 0, 0, 0] == 0 + 1 + 3 + 4
