"""Gradients of convolutions of any kind are those that JAX derives, in another order of axes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from rum_jax.models.canonical_convolution import with_canonical_convolutions

CASES = {  # strides, padding, dilation of the kernel, dimension numbers, size of the kernel
    "same": ((1, 1), "SAME", (1, 1), ("NHWC", "HWIO", "NHWC"), (3, 3)),
    "strided": ((2, 2), "SAME", (1, 1), ("NHWC", "HWIO", "NHWC"), (3, 3)),
    "valid, even kernel": ((2, 1), "VALID", (1, 1), ("NHWC", "HWIO", "NHWC"), (4, 2)),
    "patches": ((4, 4), "VALID", (1, 1), ("NHWC", "HWIO", "NHWC"), (4, 4)),
    "more padding than reach": ((1, 2), ((3, 0), (2, 4)), (1, 1), ("NHWC", "HWIO", "NHWC"), (2, 3)),
    "dilated": ((1, 2), "SAME", (2, 3), ("NHWC", "HWIO", "NHWC"), (3, 2)),
    "channels first": ((2, 2), ((1, 1), (1, 1)), (1, 1), ("NCHW", "OIHW", "NCHW"), (3, 3)),
    "a row is left over": ((3, 3), "VALID", (1, 1), ("NHWC", "HWIO", "NHWC"), (2, 2)),
}


def draw(spec, sizes, seed):
    return jnp.asarray(np.random.default_rng(seed).normal(size=[sizes[c] for c in spec]),
                       jnp.float32)


@pytest.mark.parametrize("name", list(CASES))
def test_values_and_gradients_are_those_of_jax(name):
    strides, padding, dilation, numbers, kernel_size = CASES[name]
    x = draw(numbers[0], {"N": 3, "H": 9, "W": 11, "C": 4}, 0)
    kernel = draw(numbers[1], {"H": kernel_size[0], "W": kernel_size[1], "I": 4, "O": 5}, 1)

    def value(x, kernel):
        out = lax.conv_general_dilated(x, kernel, strides, padding, rhs_dilation=dilation,
                                       dimension_numbers=numbers)
        return out, jnp.sum(jnp.sin(out))

    def loss(function):
        return jax.grad(lambda *args: function(*args)[1], (0, 1))(x, kernel)

    mine = with_canonical_convolutions(value)
    np.testing.assert_allclose(mine(x, kernel)[0], value(x, kernel)[0], atol=1e-5)
    for got, expected in zip(loss(mine), loss(value), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, atol=2e-4)


def convolutions_of(function, *args):
    """The dimension orders of all convolutions in a program."""
    text = jax.jit(function).lower(*args).as_text()
    return [line.split("dim_numbers = ")[1].split(", window")[0]
            for line in text.splitlines() if "stablehlo.convolution" in line]


def test_all_convolutions_of_a_gradient_are_in_canonical_order():
    x = draw("NHWC", {"N": 2, "H": 8, "W": 8, "C": 3}, 0)
    kernel = draw("HWIO", {"H": 3, "W": 3, "I": 3, "O": 4}, 1)

    def loss(x, kernel):
        hidden = jax.nn.relu(jax.jit(lambda x: lax.conv_general_dilated(
            x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")))(x))
        return hidden.sum()

    derived = convolutions_of(jax.grad(loss, (0, 1)), x, kernel)
    mine = convolutions_of(jax.grad(with_canonical_convolutions(loss), (0, 1)), x, kernel)
    assert len(set(derived)) == 3 and len(mine) == 3
    assert set(mine) == {"[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]"}


def test_everything_else_stays_as_it_is():
    def function(tree, key):
        dropped = jax.random.bernoulli(key, 0.5, (3,))
        total, _ = lax.scan(lambda c, row: (c + row, None), tree["a"][0], tree["a"])
        return {"out": jax.nn.relu(total) * dropped, "same": tree["b"]}

    tree = {"a": jnp.arange(6.0).reshape(2, 3) - 2, "b": jnp.int32([1, 2])}
    key = jax.random.key(0)
    mine, expected = with_canonical_convolutions(function)(tree, key), function(tree, key)
    assert jax.tree.structure(mine) == jax.tree.structure(expected)
    jax.tree.map(np.testing.assert_array_equal, mine, expected)


def test_grouped_convolutions_are_left_alone():
    x = draw("NHWC", {"N": 2, "H": 6, "W": 6, "C": 4}, 0)
    kernel = draw("HWIO", {"H": 3, "W": 3, "I": 1, "O": 4}, 1)

    def depthwise(x, kernel):
        return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", feature_group_count=4,
                                        dimension_numbers=("NHWC", "HWIO", "NHWC"))

    np.testing.assert_allclose(with_canonical_convolutions(depthwise)(x, kernel),
                               depthwise(x, kernel), atol=1e-6)
