"""Relearn time: how soon a model gets the forget set right again (Golatkar et al., 1911.04933).

A model that has truly forgotten needs as long as one that never saw the data.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rum_jax.core.randomness import generator
from rum_jax.data.plans import Stream, shuffled_epochs, stream
from rum_jax.train.fit import Plan, Task, fit_on_devices
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.placement import OnDevices
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, contexts, dropout_keys
from rum_jax.train.state import TrainState, with_fresh_optimizer


class Relearned(NamedTuple):
    """Attributes:
      epochs: int[M], passes over the forget set until the target is reached; most_epochs + 1
        where it never is.
      per_example: int[M,F], passes until an example is predicted right; likewise.
    """

    epochs: np.ndarray
    per_example: np.ndarray


def relearn(task: Task, states: TrainState, forget: np.ndarray, seeds: Sequence[int],
            optimizer: Optimizer, learning_rate: float, most_epochs: int,
            target: np.ndarray) -> Relearned:
    """Fine-tunes each model on the forget set and sees when its accuracy reaches the target.

    Args:
      task: network, examples, and where to run.
      states: leading axis M; left as they are.
      forget: int32[M,F] positions, of each model.
      seeds: of the M models.
      optimizer: batch size, momentum, weight decay.
      learning_rate: constant.
      most_epochs: how long to look.
      target: float[M], accuracy in [0,1]. A model that diverges does not reach it.
    """
    together = np.unique(forget)
    forget_task = task._replace(images=task.images[together], labels=task.labels[together])
    indices = np.searchsorted(together, forget).astype(np.int32)
    now = forget_task.put(with_fresh_optimizer(states, optimizer.name))
    history = [_correct(forget_task, now, indices)]
    for epoch in range(most_epochs):
        now = _one_epoch(forget_task, now, indices, seeds, epoch, optimizer, learning_rate)
        history.append(_correct(forget_task, now, indices))
    right = np.stack(history)  # bool[E+1,M,F]
    return Relearned(_first(right.mean(-1) >= target, most_epochs), _first(right, most_epochs))


def _correct(task: Task, states: OnDevices, indices: np.ndarray) -> np.ndarray:
    right = predict(task, states).argmax(-1) == task.labels
    return np.take_along_axis(right, indices, axis=1)


def _first(reached: np.ndarray, most: int) -> np.ndarray:
    """Index of the first True along axis 0; most + 1 where there is none."""
    return np.where(reached.any(0), reached.argmax(0), most + 1)


def _one_epoch(task: Task, states: OnDevices, indices: np.ndarray, seeds: Sequence[int],
               epoch: int, optimizer: Optimizer, learning_rate: float) -> OnDevices:
    index = np.stack([shuffled_epochs(positions, optimizer.batch_size,
                                      [generator(seed, "relearn", epoch)])
                      for positions, seed in zip(indices, seeds, strict=True)])
    examples: Stream = stream(index, task.labels)
    plan = Plan({"examples": examples}, np.full(index.shape[:2], learning_rate))
    names = [f"seed {seed}, relearning" for seed in seeds]
    keys = dropout_keys(task.model, lambda: [generator(seed, "relearn", epoch) for seed in seeds])
    return fit_on_devices(task, cross_entropy, states, plan,
                          contexts(len(seeds), optimizer, key_data=keys), names,
                          stop_when_diverged=False)[0]
