"""SalUn (Fan et al., arXiv 2310.12508; spec section 4, `RL` with a mask).

    minimise CE over F with random labels, concatenated with R and shuffled,
    changing only the weights that are salient for F.

Every epoch gives each forget example a fresh label, uniform over all classes, which may be the
true one (spec quirk Q2b, kept), on every data set (Q2, fixed). Masked-out weights still decay
(Q16, kept). The mask is made from the model given, see `saliency.py`.
"""

import jax
import numpy as np

from rum_jax import checks
from rum_jax.data.plans import Stream, batches, constant, stream
from rum_jax.train.objectives import cross_entropy
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, History, Problem, descend
from rum_jax.unlearn.saliency import largest, saliency
from rum_jax.unlearn.spaces import integers, log_uniform, uniform


def _relabelled(problem: Problem, epoch: int) -> Stream:
    """One epoch over F and R together: arrays int32[M,T,B], random labels on F."""
    task, made = problem.task, []
    rngs = zip(problem.generators("retain", epoch), problem.generators("relabel", epoch),
               strict=True)
    for forget, retain, (order, relabel) in zip(problem.forget, problem.retain, rngs,
                                                strict=True):
        labels = task.labels.copy()
        labels[forget] = relabel.integers(0, task.model.image.classes, len(forget))
        mixed = order.permutation(np.concatenate([forget, retain]))
        made.append(stream(batches(mixed, problem.optimizer.batch_size), labels))
    return Stream(*(np.stack(part) for part in zip(*made, strict=True)))


def relabelled_epochs(problem: Problem, epochs: int) -> Stream:
    """Those epochs one after another: arrays int32[M,E*T,B]."""
    parts = [_relabelled(problem, epoch) for epoch in range(epochs)]
    return Stream(*(np.concatenate(part, axis=1) for part in zip(*parts, strict=True)))


def unlearn(problem: Problem, states: TrainState, hparams: dict) -> tuple[TrainState, History]:
    """Makes the mask, then trains on random labels for F and true ones for R.

    Raises:
      DivergedError: a loss is not finite.
    """
    saliencies = saliency(problem, states)
    masks = [largest(jax.tree.map(lambda leaf, m=m: leaf[m], saliencies),
                     hparams["mask_fraction"]) for m in range(len(problem.seeds))]
    mask = jax.tree.map(lambda *leaves: np.stack(leaves), *masks)
    epochs = hparams["epochs"]
    return descend(problem, cross_entropy, states,
                   {"examples": relabelled_epochs(problem, epochs)},
                   constant(hparams["learning_rate"], epochs), grad_mask=mask)


ALGORITHM = Algorithm(
    unlearn,
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            "mask_fraction": checks.number(0, 1)},
    published={"epochs": 10, "learning_rate": 0.1, "mask_fraction": 0.5},
    search={"epochs": integers(1, 10), "learning_rate": log_uniform(1e-3, 0.3),
            "mask_fraction": uniform(0.1, 0.9)})
