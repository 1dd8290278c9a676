"""Convolutions of any network whose gradients stay fast inside loops on CPUs.

XLA computes convolutions on CPUs with Eigen, except those inside a `while` loop whose dimensions
are not in the order NHWC, HWIO: these fall back to a plain loop, some fifty times slower. Forward
passes are in that order; the gradients that JAX derives of them are not. Here both gradients are
written as convolutions in that order:

    dx = dy, dilated by the stride, * the kernel turned by 180 degrees, inputs and outputs swapped
    dk = x, channels as images, * dy, images as channels, dilated by the stride

Networks need not know of it: `with_canonical_convolutions` traces a function and replaces the
convolutions in what JAX has recorded.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend import core
from jax.extend.core import primitives

PyTree = Any
CANONICAL = "canonical"  # the lowering of networks that are wrapped so
_DIMENSIONS = ("NHWC", "HWIO", "NHWC")
_INLINED = ("jit", "pjit", "closed_call", "core_call")  # calls that are looked into


class _Window(NamedTuple):
    """How a kernel moves: hashable settings of `lax.conv_general_dilated`.

    Attributes:
      strides: of the two axes.
      padding: (before, after) of each.
      dilation: of the kernel.
      precision: see there.
    """

    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    precision: Any


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve(x: jax.Array, kernel: jax.Array, window: _Window) -> jax.Array:
    """x [B,H,W,C] * kernel [k,l,C,O] -> [B,H',W',O]."""
    return lax.conv_general_dilated(
        x, kernel, window.strides, window.padding, rhs_dilation=window.dilation,
        dimension_numbers=_DIMENSIONS, precision=window.precision)


def _forward(x: jax.Array, kernel: jax.Array,
             window: _Window) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return convolve(x, kernel, window), (x, kernel)


def _backward(window: _Window, kept: tuple[jax.Array, jax.Array],
              dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    return _of_input(window, x.shape, kernel, dy), _of_kernel(window, x, kernel.shape, dy)


def _of_input(window: _Window, shape: tuple[int, ...], kernel: jax.Array,
              dy: jax.Array) -> jax.Array:
    padding = []
    for axis, ((before, _), stride, dilation) in enumerate(
            zip(window.padding, window.strides, window.dilation, strict=True)):
        reach = (kernel.shape[axis] - 1) * dilation
        last = (dy.shape[axis + 1] - 1) * stride  # where the last place begins
        padding.append((reach - before, shape[axis + 1] - 1 - last + before))
    turned = jnp.flip(kernel, (0, 1)).swapaxes(2, 3)
    return lax.conv_general_dilated(
        dy, turned, (1, 1), padding, lhs_dilation=window.strides, rhs_dilation=window.dilation,
        dimension_numbers=_DIMENSIONS, precision=window.precision)


def _of_kernel(window: _Window, x: jax.Array, shape: tuple[int, ...], dy: jax.Array) -> jax.Array:
    padding = []
    for axis, ((before, _), stride, dilation) in enumerate(
            zip(window.padding, window.strides, window.dilation, strict=True)):
        last = (dy.shape[axis + 1] - 1) * stride
        reach = (shape[axis] - 1) * dilation
        padding.append((before, reach + last + 1 - before - x.shape[axis + 1]))
    of_taps = lax.conv_general_dilated(
        x.transpose(3, 1, 2, 0), dy.transpose(1, 2, 0, 3), window.dilation, padding,
        rhs_dilation=window.strides, dimension_numbers=_DIMENSIONS, precision=window.precision)
    return of_taps.transpose(1, 2, 0, 3)


convolve.defvjp(_forward, _backward)


def with_canonical_convolutions(function: Callable[..., PyTree]) -> Callable[..., PyTree]:
    """The same function of arrays, with its 2-D convolutions replaced by `convolve`.

    Those inside loops, rematerialized parts and custom derivatives of the function stay as they
    are, and so do grouped ones and those with a dilated input.

    Args:
      function: of trees of arrays, to a tree of arrays; pure.
    """

    def replaced(*args: PyTree) -> PyTree:
        traced, shapes = jax.make_jaxpr(function, return_shape=True)(*args)
        results = _evaluate(traced.jaxpr, traced.consts, jax.tree.leaves(args))
        return jax.tree.unflatten(jax.tree.structure(shapes), results)

    return replaced


def _evaluate(jaxpr: core.Jaxpr, consts: list[Any], args: list[Any]) -> list[Any]:
    """The outputs of what JAX has recorded, convolutions replaced."""
    values: dict[Any, Any] = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*consts, *args],
                                      strict=True))

    def read(atom: Any) -> Any:
        return atom.val if isinstance(atom, core.Literal) else values[atom]

    for equation in jaxpr.eqns:
        outputs = _outputs(jaxpr, equation, [read(atom) for atom in equation.invars])
        values.update(zip(_kept(equation), outputs, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _kept(equation: Any) -> list[core.Var]:
    """The variables that an equation defines, without those that nothing reads."""
    return [variable for variable in equation.outvars if not isinstance(variable, core.DropVar)]


def _outputs(jaxpr: core.Jaxpr, equation: Any, inputs: list[Any]) -> list[Any]:
    """The values of `_kept` of an equation of that jaxpr."""
    params = equation.params
    if equation.primitive is primitives.conv_general_dilated_p and _is_plain(inputs[0], params):
        return [_canonical(*inputs, **params)]
    if equation.primitive.name in _INLINED:
        inner = params["jaxpr"] if "jaxpr" in params else params["call_jaxpr"]
        results = _evaluate(inner.jaxpr, inner.consts, inputs)
        return [value for value, variable in zip(results, equation.outvars, strict=True)
                if not isinstance(variable, core.DropVar)]
    read = {atom: value for atom, value in zip(equation.invars, inputs, strict=True)
            if not isinstance(atom, core.Literal)}
    alone = jaxpr.replace(constvars=[], invars=list(read), outvars=_kept(equation),
                          eqns=[equation], effects=equation.effects,
                          debug_info=jaxpr.debug_info.with_unknown_names())
    return core.jaxpr_as_fun(core.ClosedJaxpr(alone, ()))(*read.values())


def _is_plain(x: Any, params: dict[str, Any]) -> bool:
    return (x.ndim == 4 and params["feature_group_count"] == params["batch_group_count"] == 1
            and set(params["lhs_dilation"]) == {1}
            and params["preferred_element_type"] in (None, x.dtype))


def _canonical(x: Any, kernel: Any, *, window_strides: Any, padding: Any,
               rhs_dilation: Any, dimension_numbers: Any, precision: Any, **_: Any) -> jax.Array:
    """A recorded convolution, whose specs name axes as (batch, feature, *space)."""
    of_x, of_kernel, of_out = (tuple(spec) for spec in dimension_numbers)
    window = _Window(tuple(window_strides), tuple(map(tuple, padding)), tuple(rhs_dilation),
                     precision)
    out: Any = convolve(x.transpose(of_x[0], *of_x[2:], of_x[1]),
                   kernel.transpose(*of_kernel[2:], of_kernel[1], of_kernel[0]), window)
    where = (of_out[0], *of_out[2:], of_out[1])  # the axis of the result for each axis of `out`
    return out.transpose([where.index(axis) for axis in range(4)])
