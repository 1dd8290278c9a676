"""RUM: refine the forget set, then unlearn its subsets one after another (spec section 8).

Vanilla unlearning is the chain of one step on the whole forget set, RUM^F a chain of the same
algorithm on every subset, and the shuffled control a chain over a random refinement.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from rum_jax.clock import stopwatch
from rum_jax.progress import Progress, part
from rum_jax.train.fit import Task
from rum_jax.train.state import TrainState
from rum_jax.unlearn import algorithm
from rum_jax.unlearn.apply import apply
from rum_jax.unlearn.base import History, Problem, UnlearnOptimizer

WHOLE = "forget"


class Step(NamedTuple):
    """One step of a chain: this subset, unlearned by this algorithm.

    Attributes:
      subset: name of a subset of the refinement, or WHOLE.
      algorithm: a key of ALGORITHMS, or a user's own one.
      hparams: its hyper-parameters.
    """

    subset: str
    algorithm: str
    hparams: dict[str, Any]


class Done(NamedTuple):
    """What a chain gives.

    Attributes:
      states: the unlearned models, on the host.
      histories: one per step.
      seconds: wall time of the M models together, without compilation.
    """

    states: TrainState
    histories: list[History]
    seconds: float


def retain_set(train: np.ndarray, handled: Sequence[np.ndarray]) -> np.ndarray:
    """The training set without the subsets handled so far, the current one included.

    Args:
      train: int32[n] ascending positions.
      handled: int32[k] positions of each of those subsets.

    Returns:
      int32[r] ascending.
    """
    return np.setdiff1d(train, np.concatenate(handled), assume_unique=True).astype(np.int32)


def chain(task: Task, train: np.ndarray, partitions: Sequence[dict[str, np.ndarray]],
          steps: Sequence[Step], seeds: tuple[int, ...], optimizer: UnlearnOptimizer,
          states: TrainState, progress: Progress, stop_when_diverged: bool = True) -> Done:
    """Unlearns the subsets in the order of the steps, each from the model of the step before.

    Args:
      task: network, examples, and where to run.
      train: int32[n] ascending positions of the training set.
      partitions: for each model {subset: int32[k] positions}, sizes alike for all models.
      steps: what to do, in order.
      seeds: of the M models.
      optimizer: of all steps.
      states: the original models; left as they are.
      progress: told the fraction done.
      stop_when_diverged: False: a model whose loss is not finite spoils no other.

    Raises:
      DivergedError: a loss is not finite.
    """
    histories, original = [], states
    with stopwatch() as seconds:
        for number, step in enumerate(steps):
            names = [earlier.subset for earlier in steps[:number + 1]]
            forget = np.stack([np.sort(own[step.subset]) for own in partitions])
            retain = np.stack([retain_set(train, [own[name] for name in names])
                               for own in partitions])
            problem = Problem(task, forget, retain, seeds, number, optimizer, original,
                              part(progress, number, len(steps)), stop_when_diverged)
            states, history = apply(step.algorithm, algorithm(step.algorithm), problem, states,
                                    step.hparams)
            histories.append(history)
        return Done(states, histories, seconds())


def partition(refinement: Callable[[np.ndarray, np.random.Generator], dict[str, np.ndarray]],
              forget: np.ndarray, scores: np.ndarray,
              generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Subsets of the forget set as positions: {subset: int32[k] ascending}.

    Args:
      refinement: a value of REFINEMENTS.
      forget: int32[F] ascending positions.
      scores: float[F], of each of them.
      generator: for refinements that draw.
    """
    return {name: forget[places] for name, places in refinement(scores, generator).items()}
