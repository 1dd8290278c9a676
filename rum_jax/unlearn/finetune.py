"""Fine-tuning on the retain set (released as `FT`; Golatkar et al., arXiv 1911.04933).

    minimize CE(R)

at a constant learning rate: forgetting is left to interference.
"""

from rum_jax.core import checks
from rum_jax.data.plans import stream
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, epochs_of, rates
from rum_jax.unlearn.spaces import integers, log_uniform


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.01,
            last_epoch_factor: Float = 1.0) -> tuple[TrainState, History]:
    """Fine-tunes each model on its retain set.

    Raises:
      DivergedError: a loss is not finite.
    """
    index = epochs_of(problem, "retain", epochs)
    return descend(problem, cross_entropy, states,
                   {"examples": stream(index, problem.task.labels)},
                   rates(problem, epochs, learning_rate, last_epoch_factor))


ALGORITHM = Algorithm(
    "finetune", unlearn, family="fine-tuning",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3)})
