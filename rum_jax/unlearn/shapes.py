"""Shapes as PyTorch would have them: some released rules look at the order of a weight's axes.

A Flax kernel is [in, out] or [height, width, in, out], a PyTorch weight [out, in] or [out, in,
height, width]; biases and scales have one axis in both. Kernels of other ranks are taken likewise:
their last axis are the outputs, the one before it the inputs.
"""

import numpy as np


def torch_order(axes: int) -> tuple[int, ...]:
    """PyTorch's axes of a parameter of that rank, as places of Flax's."""
    return (axes - 1, axes - 2, *range(axes - 2)) if axes > 1 else tuple(range(axes))


def torch_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of one parameter, without a model axis, in PyTorch's order; (1,) of a number."""
    return tuple(shape[axis] for axis in torch_order(len(shape))) or (1,)


def mean_over_inputs(values: np.ndarray) -> np.ndarray:
    """Mean over PyTorch's axis 1, kept as an axis of length 1; values float[...], one model."""
    return values.mean(torch_order(values.ndim)[1], keepdims=True)
