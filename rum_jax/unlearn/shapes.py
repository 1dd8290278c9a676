"""Shapes as PyTorch would have them: some released rules look at the order of a weight's axes.

A Flax kernel is [in, out] or [height, width, in, out], a PyTorch weight [out, in] or [out, in,
height, width]; biases and scales have one axis in both.
"""

import numpy as np

ORDER: dict[int, tuple[int, ...]] = {  # PyTorch's axes, as places of Flax's
    1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}


def torch_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of one parameter, without a model axis, in PyTorch's order."""
    return tuple(shape[axis] for axis in ORDER[len(shape)])


def mean_over_inputs(values: np.ndarray) -> np.ndarray:
    """Mean over PyTorch's axis 1, kept as an axis of length 1; values float[...], one model."""
    return values.mean(ORDER[values.ndim][1], keepdims=True)
