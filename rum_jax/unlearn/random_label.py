"""Random labels (Golatkar et al., arXiv 1911.04933; released as `RL_og`).

    minimize CE over F with random labels, concatenated with R and shuffled

Every epoch gives each forget example a fresh label. `relabel` says from where: "any" class, the
true one included, as published and released (docs/parity.md#q2b, kept); one of the "other" classes;
or "none": true labels, what the released code does on data sets other than CIFAR-10 and SVHN
(docs/parity.md#q2).
"""

import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import Stream, batches, stream
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import RELABELING, Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, ensure_plan_fits, rates
from rum_jax.unlearn.spaces import integers, log_uniform

RELABEL = ("any", "other", "none")


def new_labels(true: np.ndarray, classes: int, relabel: str,
               generator: np.random.Generator) -> np.ndarray:
    """int32[n] labels for examples with true labels int32[n]."""
    if relabel == "any":
        return generator.integers(0, classes, len(true))
    if relabel == "other":
        return (true + generator.integers(1, classes, len(true))) % classes
    return true


def _relabeled(problem: Problem, epoch: int, relabel: str) -> Stream:
    """One epoch over F and R together: arrays int32[M,T,B], new labels on F."""
    task, streams = problem.task, list[Stream]()
    rngs = zip(problem.generators("retain", epoch), problem.generators("relabel", epoch),
               strict=True)
    for forget, retain, (order, draw) in zip(problem.forget, problem.retain, rngs, strict=True):
        labels = task.labels.copy()
        labels[forget] = new_labels(labels[forget], task.model.image.classes, relabel, draw)
        mixed = order.permutation(np.concatenate([forget, retain]))
        streams.append(stream(batches(mixed, problem.optimizer.batch_size), labels))
    return Stream(*(np.stack(part) for part in zip(*streams, strict=True)))


def relabeled_epochs(problem: Problem, epochs: int, relabel: str) -> Stream:
    """E epochs over F and R, F with new labels in each: arrays int32[M,E*T,B]."""
    ensure_plan_fits(problem, problem.forget.shape[1] + problem.retain.shape[1], epochs)
    parts = [_relabeled(problem, epoch, relabel) for epoch in range(epochs)]
    return Stream(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 10, learning_rate: Float = 0.1,
            last_epoch_factor: Float = 1.0, relabel: str = "any") -> tuple[TrainState, History]:
    """Trains on random labels for F and true ones for R.

    Raises:
      DivergedError: a loss is not finite.
    """
    examples = relabeled_epochs(problem, epochs, relabel)
    return descend(problem, cross_entropy, states, {"examples": examples},
                   rates(problem, epochs, learning_rate, last_epoch_factor))


ALGORITHM = Algorithm(
    "random_label", unlearn, family=RELABELING,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH, "relabel": checks.one_of(RELABEL)},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3)})
