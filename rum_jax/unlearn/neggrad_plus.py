"""NegGrad+ (Kurmanji et al., arXiv 2302.09880; released as `NG`).

    minimize alpha * CE(R) - (1 - alpha) * CE(F)

One epoch is one pass over the retain set R. The forget set F is shuffled once per epoch and its
batches are repeated in that order as often as needed (docs/parity.md#q23, kept). Both terms are
computed in train mode, R first and then F, so both move the running statistics of BatchNorm
(docs/parity.md#q15, kept; `unlearn.batch_norm` is the option). The released default alpha, 0.2,
would be mostly ascent; the published value here is one of its scripts'.
"""

import jax
import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import batches, stream
from rum_jax.models import Model
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Aux, Batch, Context, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.spaces import integers, log_uniform, uniform


def objective(model: Model, params: PyTree, model_state: PyTree, streams: dict[str, Batch],
              context: Context) -> tuple[jax.Array, Aux]:
    """alpha * CE(R batch) - (1 - alpha) * CE(F batch), and the model state after both."""
    alpha = context.hparams["alpha"]
    retain, model_state = batch_cross_entropy(model, params, model_state, streams["retain"],
                                              train=True)
    forget, model_state = batch_cross_entropy(model, params, model_state, streams["forget"],
                                              train=True)
    return alpha * retain - (1 - alpha) * forget, Aux(model_state)


def _cycled(forget: np.ndarray, batch_size: int, steps: int,
            generators: list[np.random.Generator]) -> np.ndarray:
    """For each epoch's generator `steps` batches of the shuffled forget set, repeated."""
    epochs = [batches(rng.permutation(forget), batch_size) for rng in generators]
    return np.concatenate([cut[np.arange(steps) % len(cut)] for cut in epochs])


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 5, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0, alpha: Float = 0.97) -> tuple[TrainState, History]:
    """Descends on the retain set and ascends on the forget set at the same time.

    Raises:
      DivergedError: a loss is not finite.
    """
    size = problem.optimizer.batch_size
    retain = epochs_of(problem, "retain", epochs)
    generators = zip(*(problem.generators("forget", epoch) for epoch in range(epochs)),
                     strict=True)
    forget = np.stack([_cycled(positions, size, retain.shape[1] // epochs, list(rngs))
                       for positions, rngs in zip(problem.forget, generators, strict=True)])
    labels = problem.task.labels
    streams = {"retain": stream(retain, labels), "forget": stream(forget, labels)}
    return descend(problem, objective, states, streams,
                   rates(problem, epochs, learning_rate, last_epoch_factor), {"alpha": alpha})


ALGORITHM = Algorithm(
    "neggrad_plus", unlearn, family="gradient ascent",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH, "alpha": checks.number(0, 1)},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.1),
            "alpha": uniform(0.8, 1.0, most=1.0)})
