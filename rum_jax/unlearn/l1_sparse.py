"""L1-sparse fine-tuning (Jia et al., arXiv 2304.04934; released as `FT_l1`).

    minimize CE(R) + a_e * sum |p| over all parameters, biases and BatchNorm included,
    a_e = alpha * (1 - e / (E - E0)) for epochs e < E - E0, else 0; E0 = no_l1_epochs.

The subgradient of |p| at 0 is 0. Weight decay stays on, as in the released code.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import per_epoch, stream
from rum_jax.models import Model
from rum_jax.train.objectives import PyTree, batch_cross_entropy
from rum_jax.train.state import Aux, Batch, Context, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.spaces import integers, log_uniform


def objective(model: Model, params: PyTree, model_state: PyTree, streams: dict[str, Batch],
              context: Context) -> tuple[jax.Array, Aux]:
    """CE plus the current penalty times the L1 norm."""
    loss, model_state = batch_cross_entropy(model, params, model_state, streams["examples"],
                                            train=True)
    norm = sum(jnp.abs(leaf).sum() for leaf in jax.tree.leaves(params))
    return loss + context.hparams["penalty"] * norm, Aux(model_state)


def penalties(epochs: int, no_l1_epochs: int) -> np.ndarray:
    """float64[E]: a_e / alpha."""
    last = max(epochs - no_l1_epochs, 1)
    decay = 1 - np.arange(epochs) / last
    return np.where(np.arange(epochs) < epochs - no_l1_epochs, decay, 0.0)


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0, alpha: Float = 5e-4, no_l1_epochs: int = 0,
            ) -> tuple[TrainState, History]:
    """Fine-tunes each model on its retain set towards fewer weights.

    Raises:
      DivergedError: a loss is not finite.
    """
    index = epochs_of(problem, "retain", epochs)
    penalty = np.outer(problem.each(alpha), penalties(epochs, no_l1_epochs))
    return descend(problem, objective, states, {"examples": stream(index, problem.task.labels)},
                   rates(problem, epochs, learning_rate, last_epoch_factor),
                   schedules={"penalty": per_epoch(penalty, index.shape[1] // epochs)})


ALGORITHM = Algorithm(
    "l1_sparse", unlearn, family="fine-tuning",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH, "alpha": checks.number(0), "no_l1_epochs": checks.integer(0)},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3),
            "alpha": log_uniform(1e-6, 1e-3)})
