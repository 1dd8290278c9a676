"""Fine-tuning on the retain set (spec section 4, `FT`; Golatkar et al., arXiv 1911.04933).

    minimise CE(R)

at a constant learning rate: forgetting is left to interference.
"""

import numpy as np

from rum_jax import checks
from rum_jax.data.plans import constant, shuffled_epochs, stream
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, History, Problem, descend
from rum_jax.unlearn.spaces import integers, log_uniform


def retain_order(problem: Problem, epochs: int) -> np.ndarray:
    """Every model's retain set, reshuffled in each epoch: int32[M,E*ceil(R/B),B]."""
    generators = zip(*(problem.generators("retain", epoch) for epoch in range(epochs)),
                     strict=True)
    size = problem.optimizer.batch_size
    return np.stack([shuffled_epochs(own, size, list(rngs))
                     for own, rngs in zip(problem.retain, generators, strict=True)])


def unlearn(problem: Problem, states: TrainState, hparams: dict) -> tuple[TrainState, History]:
    """Fine-tunes each model on its retain set.

    Raises:
      DivergedError: a loss is not finite.
    """
    order = retain_order(problem, hparams["epochs"])
    rates = constant(hparams["learning_rate"], hparams["epochs"])
    return descend(problem, cross_entropy, states,
                   {"examples": stream(order, problem.task.labels)}, rates)


ALGORITHM = Algorithm(
    unlearn,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True)},
    published={"epochs": 10, "learning_rate": 0.01},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3)})
