"""Held-out retraining: how far an example moves when training goes on without it.

The model is fine-tuned on held-out data until the loss stops to fall; the score is half the
symmetric KL divergence between its predictions before and after. It rises with memorization. The
released code uses the test set (docs/parity.md#q27, kept); any other set works. It also takes the
data in their own order in every epoch (ORDERS: "data"), which where they lie class after class is
one class at a time; here they are shuffled in every epoch ("random").

If the learning rate is so high that the model collapses to one prediction for every example, the
score measures the confidence before fine-tuning, which falls with memorization. So a drop of the
accuracy on the held-out data is reported (`caution`).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy

from rum_jax.core.randomness import generator
from rum_jax.data.plans import batches, stream
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Plan, Task, fit_on_devices
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.placement import where
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, contexts, dropout_keys
from rum_jax.train.state import TrainState, with_fresh_optimizer

PATIENCE_EPOCHS = 4
SMALLEST = 1e-10
ORDERS = ("random", "data")
LEVEL = 0.05  # of the test that a caution needs


class HeldOut(NamedTuple):
    """Attributes:
      scores: float64[M,N] of all examples.
      states: the fine-tuned models.
      epochs: int[M], how many were run.
      right: bool[M,2,n], whether each held-out example was predicted, before and after.
    """

    scores: np.ndarray
    states: TrainState
    epochs: np.ndarray
    right: np.ndarray


def symmetric_divergence(logits: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(KL(p||q) + KL(q||p)) / 2 of float[...,C], probabilities clamped below at 1e-10."""
    p, q = (np.maximum(scipy.special.softmax(np.asarray(part, np.float64), axis=-1), SMALLEST)
            for part in (logits, other))
    return ((p - q) * (np.log(p) - np.log(q))).sum(-1) / 2


def heldout_retrain(task: Task, states: TrainState, held_out: np.ndarray, optimizer: Optimizer,
                    learning_rate: float, most_epochs: int, names: Sequence[str],
                    seeds: Sequence[int] | None = None,
                    progress: Progress = silent) -> HeldOut:
    """Fine-tunes on the held-out examples and scores all.

    Args:
      task: network, examples, and where to run.
      states: leading axis M, fresh optimizer; left as they are.
      held_out: int32[n] positions.
      optimizer: batch size, momentum, weight decay.
      learning_rate: constant.
      most_epochs: at most so many; a model stops when the sum of its batch losses has failed to
        fall below its best for PATIENCE_EPOCHS epochs.
      names: what to call each model in messages.
      seeds: of each model; its order in each epoch is drawn at (seed, "held_out", epoch). None:
        every epoch has the order of `held_out`.
      progress: called with the completed fraction.

    Raises:
      DivergedError: a loss is not finite.
    """
    models = len(states.step)
    now = task.put(with_fresh_optimizer(states, optimizer.name))
    best = np.full(models, np.inf)
    before = predict(task, now)
    waited, epochs = np.zeros(models, int), np.zeros(models, int)
    for epoch in range(most_epochs):
        active = waited < PATIENCE_EPOCHS
        if not active.any():
            break
        plan = _plan(task, _orders(held_out, models, seeds, epoch), optimizer, learning_rate)
        keys = dropout_keys(task.model, lambda epoch=epoch: [
            generator(seed, "held_out", epoch) for seed in seeds or range(models)])
        start = now if active.all() else now.copy()
        after, losses = fit_on_devices(task, cross_entropy, start, plan,
                                       contexts(models, optimizer, key_data=keys), names)
        now = after if active.all() else where(active, after, now)
        total = losses.astype(np.float64).sum(1)
        better = total < best
        waited = np.where(active, np.where(better, 0, waited + 1), waited)
        best = np.where(active & better, total, best)
        epochs += active
        progress((epoch + 1) / most_epochs)
    both = before, predict(task, now)
    right = [(logits.argmax(-1) == task.labels)[:, held_out] for logits in both]
    return HeldOut(symmetric_divergence(*both), now.get(), epochs, np.stack(right, axis=1))


def _orders(held_out: np.ndarray, models: int, seeds: Sequence[int] | None,
            epoch: int) -> np.ndarray:
    """int32[M,n] of an epoch."""
    if seeds is None:
        return np.tile(held_out, (models, 1))
    return np.stack([generator(seed, "held_out", epoch).permutation(held_out) for seed in seeds])


def _plan(task: Task, orders: np.ndarray, optimizer: Optimizer, learning_rate: float) -> Plan:
    index = np.stack([batches(order, optimizer.batch_size) for order in orders])
    return Plan({"examples": stream(index, task.labels)},
                np.full(index.shape[:2], learning_rate))


def p_worse(right: np.ndarray) -> np.ndarray:
    """float64[M]: one-sided sign test that fine-tuning has made a model worse.

    Of the examples that were predicted before or after, but not both, half are expected to be
    lost: the chance of so many losses, or more.

    Args:
      right: bool[M,2,n], see `HeldOut`.
    """
    lost = (right[:, 0] & ~right[:, 1]).sum(1)
    gained = (~right[:, 0] & right[:, 1]).sum(1)
    return scipy.stats.binom.sf(lost - 1, lost + gained, 0.5)


def caution(right: np.ndarray) -> str:
    """What is to be said of models that fine-tuning has made worse; "": nothing.

    A model counts if its sign test is significant at LEVEL, divided by the number of models.

    Args:
      right: bool[M,2,n], see `HeldOut`.
    """
    worse = right[p_worse(right) < LEVEL / len(right)]
    if not len(worse):
        return ""
    before, after = worse.mean((0, 2))
    return (f"fine-tuning has made {len(worse)} of {len(right)} models worse on the held-out "
            f"data themselves (their accuracy is {before:.1%} before and {after:.1%} after, on "
            f"average; sign tests at {LEVEL:.0%} in all), so their scores are not what they are "
            "meant to be; lower the proxy's learning_rate "
            "(config.proxies.heldout_retrain.learning_rate)")
