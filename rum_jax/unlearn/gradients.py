"""Gradients at fixed parameters, folded over batches; for algorithms without SGD steps."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from rum_jax.data.plans import PADDING, Stream, batches, stream
from rum_jax.models import Model
from rum_jax.train.gather import gather
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Batch, TrainState
from rum_jax.unlearn.base import Problem

Gradient = Callable[[jax.Array], PyTree]  # (label int32[B]) -> tree
Probabilities = Callable[[], jax.Array]
Begin = Callable[[PyTree, PyTree], PyTree]  # (params, extra) -> carry
# (carry, number of the batch, gradient, batch, probabilities) -> carry
Fold = Callable[[PyTree, jax.Array, Gradient, Batch, Probabilities], PyTree]


def grad(loss: Callable[..., jax.Array]) -> Callable[..., PyTree]:
    """`jax.grad`, with types that are known."""
    return jax.grad(loss)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def zeros_like(tree: PyTree) -> PyTree:
    """Zeros in the shapes and dtypes of a tree, inside a program."""

    def zero(leaf: jax.Array) -> jax.Array:
        return jax.lax.full_like(leaf, 0)

    return jax.tree.map(zero, tree)


def _gradient(model: Model, params: PyTree, model_state: PyTree, batch: Batch,
              labels: jax.Array) -> PyTree:
    """The gradient of the mean CE of a batch with those labels int32[B]: tree like params."""

    def loss(params: PyTree) -> jax.Array:
        return batch_cross_entropy(model, params, model_state,
                                   dataclasses.replace(batch, label=labels), train=False)[0]

    return grad(loss)(params)


def _probabilities(model: Model, params: PyTree, model_state: PyTree, batch: Batch) -> jax.Array:
    """float[B,C] of a batch, in evaluation mode."""
    out, _ = model.apply(params, model_state, batch.pixels, batch.mask, train=False)
    return jax.nn.softmax(out.logits)


@functools.cache
def _folder(model: Model, fold: Fold, begin: Begin) -> Callable[..., PyTree]:
    def run(images: jax.Array, params: PyTree, model_state: PyTree, plan: Stream,
            extra: PyTree) -> PyTree:
        def body(carry: PyTree, numbered: tuple[jax.Array, PyTree]) -> tuple[PyTree, None]:
            number, (index, label) = numbered
            batch = gather(model, images, index, label)
            at = model, params, model_state, batch
            return fold(carry, number, functools.partial(_gradient, *at), batch,
                        functools.partial(_probabilities, *at)), None

        numbers = jax.lax.iota(int, len(plan.index))
        return jax.lax.scan(body, begin(params, extra), (numbers, plan))[0]

    return run


def fold_batches(problem: Problem, states: TrainState, fold: Fold, begin: Begin,
                 plan: Stream, extra: PyTree = None) -> PyTree:
    """Folds a function over the batches of a plan, in evaluation mode, for M models at once.

    Args:
      problem: for the task.
      states: leading axis M; nothing of them changes.
      fold: (carry, number, gradient, batch, probabilities) -> carry; `gradient(labels int32[B])`
        is the gradient of the batch-mean CE, `probabilities()` float[B,C]. Must be the same
        object on every call, as it addresses the compiled program.
      begin: (params, extra) -> the first carry; likewise.
      plan: int32[M,T,B].
      extra: arrays for `begin`, leading axis M.

    Returns:
      The last carry, on the host, with leading axis M.
    """
    return problem.task.map_models(_folder(problem.task.model, fold, begin), states.params,
                                   states.model_state, plan, extra)


def begin_zero(params: PyTree, extra: PyTree) -> PyTree:
    """A carry of zeros like the params."""
    del extra
    return zeros_like(params)


def _add_weighted(carry: PyTree, number: jax.Array, gradient: Gradient, batch: Batch,
                  probabilities: Probabilities) -> PyTree:
    del number, probabilities

    def add(total: jax.Array, leaf: jax.Array) -> jax.Array:
        return total + leaf * batch.mask.sum()

    return jax.tree.map(add, carry, gradient(batch.label))


def mean_gradient(problem: Problem, states: TrainState, plan: Stream) -> PyTree:
    """Gradient of the mean CE over all examples of the plan: tree like params, leading axis M."""
    total = fold_batches(problem, states, _add_weighted, begin_zero, plan)
    count = (plan.index != PADDING).sum((1, 2))

    def mean(leaf: np.ndarray) -> np.ndarray:
        return leaf / count.reshape(-1, *[1] * (leaf.ndim - 1))

    return jax.tree.map(mean, total)


def of_model(tree: PyTree, m: int) -> PyTree:
    """One model's part of a tree with leading axis M, on the host."""

    def part(leaf: np.ndarray) -> np.ndarray:
        return np.asarray(leaf[m])

    return jax.tree.map(part, tree)


def unraveled(unravel: Callable[[Any], PyTree], flat: np.ndarray) -> PyTree:
    """The tree, on the host, of a flat host array; `unravel` is what `ravel_pytree` gives."""
    return jax.device_get(unravel(flat))


def in_random_order(problem: Problem) -> Problem:
    """The problem with each retain set shuffled by a draw at (seed, "hessian", step, 0).

    Its first examples and its batches are then random samples of the whole retain set; in data
    sorted by class they would belong to a few classes.
    """
    retain = [rng.permutation(positions) for positions, rng in
              zip(problem.retain, problem.generators("hessian", 0), strict=True)]
    return problem._replace(retain=np.stack(retain))


def ordered(problem: Problem, part: str, batch_size: int) -> Stream:
    """The forget or retain set in its own order, once, as arrays int32[M,T,B]."""
    index = np.stack([batches(positions, batch_size) for positions in getattr(problem, part)])
    return stream(index, problem.task.labels)
