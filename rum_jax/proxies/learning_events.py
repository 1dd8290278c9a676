"""Confidence, maximal confidence, entropy and accuracy while a model is trained.

Each is read from the train-mode logits of a minibatch before its update, once per example and
epoch, and averaged over the epochs. Entropy is the negative one, sum p log p, as in the
reference. All four fall with memorization.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core.randomness import ROLES, generator
from rum_jax.data.plans import PADDING
from rum_jax.models import Model
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Task
from rum_jax.train.memory import check_plan
from rum_jax.train.objectives import PyTree, batch_cross_entropy_and_logits
from rum_jax.train.recipe import Recipe, initial_states, train
from rum_jax.train.resume import Checkpointing
from rum_jax.train.state import Aux, Batch, Context, TrainState

EVENTS = ("confidence", "max_confidence", "entropy", "accuracy")


class LearningEvents(NamedTuple):
    """Attributes:
      states: the trained models.
      events: EVENTS -> float64[M,N], mean over epochs; NaN for examples that were not trained on.
      losses: float[M,T] of all steps.
    """

    states: TrainState
    losses: np.ndarray
    events: dict[str, np.ndarray]


def objective(model: Model, params: PyTree, model_state: PyTree, streams: dict[str, Batch],
              context: Context) -> tuple[jax.Array, Aux]:
    """CE; records float[B,4], the EVENTS of each example."""
    del context
    batch = streams["examples"]
    loss, logits, model_state = batch_cross_entropy_and_logits(model, params, model_state, batch,
                                                               train=True)
    log_p = jax.nn.log_softmax(logits)
    p = jnp.exp(log_p)
    confidence = jnp.take_along_axis(p, batch.label[:, None], axis=-1)[:, 0]
    negative_entropy = jnp.where(p > 0, p * log_p, 0).sum(-1)  # docs/parity.md#q26
    right = (logits.argmax(-1) == batch.label).astype(p.dtype)
    return loss, Aux(model_state, jnp.stack([confidence, p.max(-1), negative_entropy, right], -1))


def originals(task: Task, positions: np.ndarray, seeds: Sequence[int], recipe: Recipe,
              progress: Progress = silent, keep: Checkpointing | None = None) -> LearningEvents:
    """Models trained from scratch on the same examples, one for each seed.

    Args:
      task: network, examples, and where to run.
      positions: int32[n] of the training set.
      seeds: of initial weights and orders.
      recipe: epochs, schedule and optimizer.
      progress: called with the completed fraction.
      keep: where an unfinished training is kept; None: nowhere.

    Raises:
      DivergedError: a loss is not finite.
    """

    def order(seed: int) -> Callable[[int], np.random.Generator]:
        return lambda epoch: generator(seed, "order", 0, epoch)

    states = initial_states(task.model, [(seed, ROLES["init"], 0) for seed in seeds])
    return learning_events(task, np.tile(positions, (len(seeds), 1)), states, recipe,
                           [order(seed) for seed in seeds], [f"seed {seed}" for seed in seeds],
                           progress, keep)


def learning_events(task: Task, positions: np.ndarray, states: TrainState, recipe: Recipe,
                    orders: Sequence[Callable[[int], np.random.Generator]],
                    names: Sequence[str], progress: Progress = silent,
                    keep: Checkpointing | None = None) -> LearningEvents:
    """Trains models as `recipe.train` does, and averages the EVENTS of each example over epochs."""
    check_plan(f"training of {names[0]}", len(positions), recipe.epochs, positions.shape[1],
               recipe.optimizer.batch_size, len(EVENTS))
    plan, fitted = train(task, positions, states, recipe, orders, names, progress, objective,
                         keep=keep)
    index, models = plan.streams["examples"].index, len(positions)
    sums = np.zeros((len(EVENTS), models, len(task.labels)))
    counts = np.zeros((models, len(task.labels)))
    for m in range(models):
        real = index[m] != PADDING
        np.add.at(counts[m], index[m][real], 1)
        for total, values in zip(sums[:, m], np.moveaxis(fitted.record[m][real], -1, 0),
                                 strict=True):
            np.add.at(total, index[m][real], values)
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan),
                      where=np.broadcast_to(counts, sums.shape) > 0)
    return LearningEvents(fitted.states, fitted.losses, dict(zip(EVENTS, means, strict=True)))
