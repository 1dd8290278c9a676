"""NegGrad, gradient ascent (Golatkar et al., arXiv 1911.04933; released as `GA`).

    maximize CE(F)

The retain set is not used. In train mode the forget batches move the running statistics of
BatchNorm (docs/parity.md#q15, kept; `unlearn.batch_norm` is the option).
"""

import jax

from rum_jax.core import checks
from rum_jax.data.plans import stream
from rum_jax.models import Model
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Aux, Batch, Context, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.spaces import integers, log_uniform


def objective(model: Model, params: PyTree, model_state: PyTree, streams: dict[str, Batch],
              context: Context) -> tuple[jax.Array, Aux]:
    """-CE over the stream "forget"."""
    del context
    loss, model_state = batch_cross_entropy(model, params, model_state, streams["forget"],
                                            train=True)
    return -loss, Aux(model_state)


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 5, learning_rate: Float = 1e-4,
            last_epoch_factor: Float = 1.0) -> tuple[TrainState, History]:
    """Ascends on the forget set.

    Raises:
      DivergedError: a loss is not finite.
    """
    index = epochs_of(problem, "forget", epochs)
    return descend(problem, objective, states, {"forget": stream(index, problem.task.labels)},
                   rates(problem, epochs, learning_rate, last_epoch_factor))


ALGORITHM = Algorithm(
    "neggrad", unlearn, family="gradient ascent",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-5, 1e-2)})
