"""Held-out retraining: how far an example moves when training goes on without it (section 6).

The model is fine-tuned on held-out data, in a fixed order, until the loss stops to fall; the
score is half the symmetric KL divergence between its predictions before and after. It rises with
memorization. The released code uses the test set (spec quirk Q27, kept); any other set works.

With a learning rate at which the model breaks down, to one answer for every example, the score
is of how sure the model was before, and falls with memorization. So what fine-tuning has done to
the accuracy on the held-out data is told too.
"""

from typing import NamedTuple

import jax
import numpy as np
from scipy.special import softmax

from rum_jax.data.plans import batches, stream
from rum_jax.progress import Progress, silent
from rum_jax.train.fit import Plan, Task, fit
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.predict import predict
from rum_jax.train.recipe import Optimizer, contexts
from rum_jax.train.state import TrainState

PATIENCE_EPOCHS = 4
SMALLEST = 1e-10


class HeldOut(NamedTuple):
    """Attributes:
      scores: float64[M,N] of all examples.
      states: the fine-tuned models.
      epochs: int[M], how many were run.
      accuracy: float64[M,2] on the held-out data, before and after.
    """

    scores: np.ndarray
    states: TrainState
    epochs: np.ndarray
    accuracy: np.ndarray


def symmetric_divergence(logits: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(KL(p||q) + KL(q||p)) / 2 of float[...,C], probabilities clamped below at 1e-10."""
    p, q = (np.maximum(softmax(np.asarray(part, np.float64), axis=-1), SMALLEST)
            for part in (logits, other))
    return ((p - q) * (np.log(p) - np.log(q))).sum(-1) / 2


def heldout_retrain(task: Task, states: TrainState, held_out: np.ndarray, optimizer: Optimizer,
                    learning_rate: float, most_epochs: int, names: list[str],
                    progress: Progress = silent) -> HeldOut:
    """Fine-tunes on the held-out examples and scores all.

    Args:
      task: network, examples, and where to run.
      states: leading axis M, fresh optimizer; left as they are.
      held_out: int32[n] positions, used in this order in every epoch.
      optimizer: batch size, momentum, weight decay.
      learning_rate: constant.
      most_epochs: at most so many; a model stops when the sum of its batch losses has failed to
        fall below its best for PATIENCE_EPOCHS epochs.
      names: what to call each model in messages.
      progress: told the fraction done.

    Raises:
      DivergedError: a loss is not finite.
    """
    models = len(states.step)
    index = np.tile(batches(held_out, optimizer.batch_size), (models, 1, 1))
    plan = Plan({"examples": stream(index, task.labels)},
                np.full(index.shape[:2], learning_rate))
    now, best = states, np.full(models, np.inf)
    waited, epochs = np.zeros(models, int), np.zeros(models, int)
    for epoch in range(most_epochs):
        active = waited < PATIENCE_EPOCHS
        if not active.any():
            break
        fitted = fit(task, cross_entropy, now, plan, contexts(models, optimizer), names)
        now = jax.tree.map(lambda new, old, on=active: np.where(
            on.reshape(-1, *[1] * (np.ndim(new) - 1)), new, old), fitted.states, now)
        total = fitted.losses.astype(np.float64).sum(1)
        better = total < best
        waited = np.where(active, np.where(better, 0, waited + 1), waited)
        best = np.where(active & better, total, best)
        epochs += active
        progress((epoch + 1) / most_epochs)
    both = [predict(task, which) for which in (states, now)]
    accuracy = [(logits.argmax(-1) == task.labels)[:, held_out].mean(1) for logits in both]
    return HeldOut(symmetric_divergence(*both), now, epochs, np.stack(accuracy, axis=1))


def caution(accuracy: np.ndarray) -> str:
    """What is to be said of models that fine-tuning has made worse; "": nothing.

    Args:
      accuracy: float[M,2] on the held-out data, before and after.
    """
    worse = accuracy[accuracy[:, 1] < accuracy[:, 0]]
    if not len(worse):
        return ""
    before, after = worse.mean(0)
    return (f"fine-tuning has made {len(worse)} of {len(accuracy)} models worse on the held-out "
            f"data themselves (their accuracy is {before:.1%} before and {after:.1%} after, on "
            "average), so their scores are not what they are meant to be; lower "
            "config.proxies.heldout_retrain.learning_rate")
