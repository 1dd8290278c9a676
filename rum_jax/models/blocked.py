"""A convolution for CPUs that works on pieces of a batch small enough for the cache.

Gathering the patches of a whole batch writes and reads nine times its size in main memory, and
keeps them for the backward pass. Here a loop gathers the patches of a few output positions, called
places, multiplies them in the cache, and drops them; the backward pass below gathers them again.

Arrays are [C,H,W,B], images innermost: copies fill whole vector registers, and the patches are the
matrix with the long rows in every product, which is fast. No loop runs over images, so devices can
share a batch. Shapes: C or O channels, H and W pixels, B images, kernels of k x k pixels, pieces
of w columns of places.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

PyTree = Any
RING_BYTES = 2_400_000  # of the patches that are held at a time, at most; of the last cache


class _Taps(NamedTuple):
    """Receptive field along an axis: place p reads `count` pixels from p * step + first on."""

    first: int
    count: int
    step: int


def _fold(visit: Callable, start: PyTree, x: jax.Array, taps: _Taps,
          places: tuple[int, ...]) -> PyTree:
    """Folds `visit` over all pieces of the output: w columns of one row of places, all images.

    The k rows of pixels that a row of places reads are in a ring buffer; the next row of places
    loads only the rows that are new. `turn` is the slot of the first of the k rows.

    Args:
      visit: (carry, ring [k,k,C,w,B], row, column of the first place, turn) -> carry.
      start: the first carry.
      x: [C,H,W,B].
      places: height and width of the output.
    """
    channels, *size, images = x.shape
    first, count, step = taps
    columns = _divisor(places[1],
                       RING_BYTES // (count**2 * channels * images * x.dtype.itemsize))
    ends = [(n - 1) * step + first + count for n in places]
    pad = [(-first, max(end - n, 0)) for end, n in zip(ends, size, strict=True)]
    padded = jnp.pad(x, ((0, 0), *pad, (0, 0)))
    seen = (channels, 1, (columns - 1) * step + 1, images)

    def pixels(y: jax.Array, column: jax.Array, across: jax.Array | int) -> jax.Array:
        """[1,1,C,w,B]: what the places see of row y, in one column of taps."""
        return _slice(padded, (0, y, column * step + across, 0), seen)[None, :, 0, ::step][None]

    def load(y: jax.Array, column: jax.Array, ring: jax.Array) -> jax.Array:
        slot = lax.rem(y, count)
        return lax.fori_loop(0, count, lambda across, ring: _write(
            ring, pixels(y, column, across), (slot, across, 0, 0, 0)), ring)

    def row(column: jax.Array, q: jax.Array, carry: tuple) -> tuple:
        kept, ring = carry
        first = q * step
        if count == 1:
            return visit(kept, pixels(first, column, 0), q, column, 0), ring
        ring = _loop(max(count - step, 0), count, lambda i, r: load(first + i, column, r), ring)
        return visit(kept, ring, q, column, lax.rem(first, count)), ring

    def tile(i: jax.Array, kept: PyTree) -> PyTree:
        column = i * columns
        ring = jnp.zeros((count, count, channels, columns, images), x.dtype)
        ring = _loop(0, count - step, lambda y, ring: load(y, column, ring), ring)
        return lax.fori_loop(0, places[0], functools.partial(row, column), (kept, ring))[0]

    return _loop(0, places[1] // columns, tile, start)


_slice = functools.partial(lax.dynamic_slice, allow_negative_indices=False)
_write = functools.partial(lax.dynamic_update_slice, allow_negative_indices=False)


def _loop(first: int, end: int, body: Callable, carry: PyTree) -> PyTree:
    """`fori_loop`, without a loop for a single round; none where end <= first."""
    return body(first, carry) if end - first == 1 else lax.fori_loop(first, end, body, carry)


def _divisor(number: int, most: int) -> int:
    """The largest divisor that is not above `most`, at least 1."""
    return max(d for d in range(1, max(1, min(number, most)) + 1) if number % d == 0)


def _ready(kernel: jax.Array) -> jax.Array:
    """[k,k,C,...] -> [N,2k,k*C]: kernel rows twice, so that k of them match any turn of a ring."""
    size, _, channels, *rest = kernel.shape
    rows = kernel.reshape(size, size * channels, -1).transpose(2, 0, 1)
    twice = jnp.broadcast_to(rows[:, None], (len(rows), 2, *rows.shape[1:]))
    return twice.reshape(len(rows), 2 * size, -1)


def _times(ready: jax.Array, ring: jax.Array, turn: jax.Array) -> jax.Array:
    """The kernel times the patches in a ring: [...,w*B]."""
    size = len(ring)
    rows = _slice(ready, (0, lax.rem(size - turn, size), 0), (len(ready), size, ready.shape[2]))
    return rows.reshape(len(ready), -1) @ ring.reshape(rows.shape[1] * rows.shape[2], -1)


def _add_outer(total: jax.Array, ring: jax.Array, values: jax.Array, turn: jax.Array) -> jax.Array:
    """Adds patches times values [O,w,B], summed over places, to total[turn]: [k,k*k*C,O]."""
    product = lax.dot_general(ring.reshape(total.shape[1], -1), values.reshape(len(values), -1),
                              (((1,), (1,)), ((), ())), preferred_element_type=total.dtype)
    return _write(total, _slice(total, (turn, 0, 0), (1, *product.shape)) + product, (turn, 0, 0))


def _no_outer(size: int, channels: int, outputs: int, dtype: jnp.dtype) -> jax.Array:
    return jnp.zeros((size, size**2 * channels, outputs), jnp.promote_types(dtype, jnp.float32))


def _together(total: jax.Array, flip: bool = False) -> jax.Array:
    """[k,k*k*C,O] -> [k,k,C,O]: sum over turns, rotated back; `flip`: both kernel axes reversed."""
    size, _, outputs = total.shape
    chosen = np.zeros((size, size, size, size, size))  # tap down, across; turn, slot, across
    for down, across, turn in np.ndindex(size, size, size):
        at = (size - 1 - down, size - 1 - across) if flip else (down, across)
        chosen[down, across, turn, (at[0] + turn) % size, at[1]] = 1
    return _select(chosen.reshape(size**2, -1), total).reshape(size, size, -1, outputs)


def _select(chosen: np.ndarray, values: jax.Array) -> jax.Array:
    """Rows of values, summed: [n,m] of zeros and ones times [m,...]; a product compiles fast."""
    flat = values.reshape(chosen.shape[1], -1)
    return jnp.matmul(jnp.asarray(chosen, flat.dtype), flat, precision=lax.Precision.HIGHEST)


def _cut(values: jax.Array, row: jax.Array, column: jax.Array, ring: jax.Array) -> jax.Array:
    """Values of the places of a piece: [O,down,across,B] -> [O,1,w,B]."""
    return _slice(values, (0, row, column, 0), (len(values), 1, *ring.shape[3:]))


def _multiply(x: jax.Array, kernel: jax.Array, taps: _Taps, places: tuple[int, ...]) -> jax.Array:
    """Kernel [k,k,C,s,s,O] times the patches of x [C,H,W,B].

    Returns:
      [O,s*down,s*across,B]: a place makes s^2 neighboring values.
    """
    *_, spread, outputs = kernel.shape
    ready = _ready(kernel)
    whole = (outputs, spread * places[0], spread * places[1], x.shape[-1])

    def visit(out: jax.Array, ring: jax.Array, row: jax.Array, column: jax.Array,
              turn: jax.Array) -> jax.Array:
        *_, columns, images = ring.shape
        values = _times(ready, ring, turn).reshape(spread, spread, outputs, columns, images)
        values = values.transpose(2, 0, 3, 1, 4).reshape(outputs, spread, spread * columns, images)
        return _write(out, values, (0, spread * row, spread * column, 0))

    return _fold(visit, jnp.zeros(whole, x.dtype), x, taps, places)


def _forward_taps(kernel_size: int, stride: int) -> _Taps:
    return _Taps(-((kernel_size - 1) // 2), kernel_size, stride)


def _of_input(kernel: jax.Array, stride: int) -> tuple[jax.Array, _Taps]:
    """The kernel [k',k',O,s,s,C] that makes the gradient of the input from that of the output.

    Output row q reads input row q * stride + tap - pad. So input row a * stride + r takes from
    output row a + n the tap r + pad - n * stride, where there is one.
    """
    size, _, channels, outputs = kernel.shape
    pad = (size - 1) // 2
    first, last = -((size - 1 - pad) // stride), (stride - 1 + pad) // stride
    count = last - first + 1
    line = np.zeros((count, stride, size))
    for n, r in np.ndindex(count, stride):
        if 0 <= (tap := r + pad - (n + first) * stride) < size:
            line[n, r, tap] = 1
    chosen = np.einsum("nri,msj->nmrsij", line, line).reshape(-1, size**2)
    of_input = _select(chosen, kernel).reshape(count, count, stride, stride, channels, outputs)
    return of_input.transpose(0, 1, 5, 2, 3, 4), _Taps(first, count, 1)


def _input_gradient(x: jax.Array, kernel: jax.Array, stride: int, dy: jax.Array) -> jax.Array:
    """[C,H,W,B] like x; dy: [O,down,across,B]."""
    return _multiply(dy, *_of_input(kernel, stride), dy.shape[1:3])[:, :x.shape[1], :x.shape[2]]


def _kernel_gradient(x: jax.Array, kernel: jax.Array, stride: int, dy: jax.Array) -> jax.Array:
    """[k,k,C,O] like the kernel, summed in float32 or better."""
    size, _, channels, outputs = kernel.shape

    def visit(total: jax.Array, ring: jax.Array, row: jax.Array, column: jax.Array,
              turn: jax.Array) -> jax.Array:
        return _add_outer(total, ring, _cut(dy, row, column, ring), turn)

    start = _no_outer(size, channels, outputs, x.dtype)
    return _together(_fold(visit, start, x, _forward_taps(size, stride), dy.shape[1:3])).astype(
        kernel.dtype)


def _both_gradients(x: jax.Array, kernel: jax.Array, dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Both gradients for stride 1 from patches of dy, which are gathered once."""
    size, _, channels, outputs = kernel.shape
    of_input, taps = _of_input(kernel, 1)
    ready = _ready(of_input)

    def visit(carry: tuple, ring: jax.Array, row: jax.Array, column: jax.Array,
              turn: jax.Array) -> tuple:
        dx, total = carry
        gradient = _times(ready, ring, turn).reshape(len(x), 1, *ring.shape[3:])
        total = _add_outer(total, ring, _cut(x, row, column, ring), turn)
        return _write(dx, gradient, (0, row, column, 0)), total

    start = jnp.zeros_like(x), _no_outer(size, outputs, channels, x.dtype)
    dx, total = _fold(visit, start, dy, taps, x.shape[1:3])
    turned = _together(total, flip=True).transpose(0, 1, 3, 2)
    return dx, turned.astype(kernel.dtype)


def _turned(x: jax.Array) -> jax.Array:
    """[B,H,W,C] <-> [C,H,W,B]; the compiler lays arrays out so that nothing moves."""
    return x.transpose(3, 1, 2, 0)


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def convolve_blocked(x: jax.Array, kernel: jax.Array, stride: int) -> jax.Array:
    """A loop over pieces of the batch. Same contract as `convolution.convolve`."""
    places = -(-x.shape[1] // stride), -(-x.shape[2] // stride)
    return _turned(_multiply(_turned(x), kernel[:, :, :, None, None],
                             _forward_taps(len(kernel), stride), places))


def _forward(x: jax.Array, kernel: jax.Array, stride: int) -> tuple[jax.Array, tuple]:
    return convolve_blocked(x, kernel, stride), (x, kernel)


def _backward(stride: int, kept: tuple, dy: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, kernel = kept
    x, dy = _turned(x), _turned(dy)
    if stride == 1 and kernel.shape[2] >= kernel.shape[3]:
        dx, dk = _both_gradients(x, kernel, dy)
    else:
        dx, dk = _input_gradient(x, kernel, stride, dy), _kernel_gradient(x, kernel, stride, dy)
    return _turned(dx), dk


convolve_blocked.defvjp(_forward, _backward)
