"""RUM: refine the forget set, then unlearn its subsets one after another (docs/parity.md#rum).

Vanilla unlearning is the chain of one step on the whole forget set, RUM^F a chain of the same
algorithm on every subset, and the shuffled control a chain over a random refinement.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import numpy as np

from rum_jax.core.errors import InputError
from rum_jax.refine.contract import Refinement
from rum_jax.runtime.progress import Progress, part
from rum_jax.runtime.stopwatch import stopwatch
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


class ChainResult(NamedTuple):
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


class Chain(NamedTuple):
    """A chain of unlearning steps for M models, with its inputs.

    Attributes:
      task: network, examples, and where to run.
      train: int32[M,n] ascending positions of each model's training set, without the examples
        of earlier requests to forget.
      partitions: for each model {subset: int32[k] positions}, sizes alike for all models.
      steps: what to do, in order.
      seeds: of the M models.
      optimizer: of all steps.
      states: the original models; left as they are.
      merged: False: each step starts from the model of the one before. True: each starts from
        the original, with a retain set without all subsets, and the changes are added up.
      stop_when_diverged: whether a loss that is not finite raises DivergedError; if False, the
        other models are not affected.
      request: number of requests to forget before this one, for the addresses of randomness.
    """

    task: Task
    train: np.ndarray
    partitions: Sequence[dict[str, np.ndarray]]
    steps: Sequence[Step]
    seeds: tuple[int, ...]
    optimizer: UnlearnOptimizer
    states: TrainState
    merged: bool = False
    stop_when_diverged: bool = True
    request: int = 0


def run(chain: Chain, progress: Progress,
        watch: Callable[[int, TrainState], None] | None = None) -> ChainResult:
    """Unlearns the subsets in the order of the steps.

    Args:
      chain: what to do.
      progress: called with the completed fraction.
      watch: called with each step's number and the states after it; not counted in seconds.

    Raises:
      DivergedError: a loss is not finite.
      InputError: steps that add outputs cannot be merged.
    """
    histories: list[History] = []
    unlearned: list[TrainState] = []
    now, elapsed = chain.states, 0.0
    for number in range(len(chain.steps)):
        with stopwatch() as seconds:
            states, history = run_step(chain, number, chain.states if chain.merged else now,
                                       part(progress, number, len(chain.steps)))
            histories.append(history)
            elapsed += seconds()
        if chain.merged:
            unlearned.append(states)
            states = merge(chain.states, unlearned)
        now = states
        if watch:
            watch(number, now)
    return ChainResult(now, histories, elapsed)


def run_step(chain: Chain, number: int, states: TrainState,
             progress: Progress) -> tuple[TrainState, History]:
    """One step of a chain, from the M models after the steps before it.

    Raises:
      DivergedError: a loss is not finite.
    """
    step = chain.steps[number]
    handled = chain.steps if chain.merged else chain.steps[:number + 1]
    forget = np.stack([np.sort(subsets[step.subset]) for subsets in chain.partitions])
    retain = np.stack([retain_set(train, [subsets[handled_step.subset] for handled_step in handled])
                       for train, subsets in zip(chain.train, chain.partitions, strict=True)])
    problem = Problem(chain.task, forget, retain, chain.seeds, number, chain.optimizer,
                      chain.states, progress, chain.stop_when_diverged, request=chain.request)
    return apply(algorithm(step.algorithm), problem, states, step.hparams)


def merge(original: TrainState, unlearned: Sequence[TrainState]) -> TrainState:
    """Adds the parameter changes of all unlearned models to the original.

    Running statistics are averaged over the unlearned models.

    Raises:
      InputError: a model has other parameters than the original.
    """
    shapes = [jax.tree.map(np.shape, states.params) for states in (original, *unlearned)]
    if any(shape != shapes[0] for shape in shapes):
        raise InputError("steps=merged: an algorithm has added outputs; allowed: algorithms that "
                         "leave the shape of the model as it is")

    def added(start: np.ndarray, *ends: np.ndarray) -> np.ndarray:
        return (start + sum(end - start for end in ends)).astype(start.dtype)

    def mean(*ends: np.ndarray) -> np.ndarray:
        total: Any = sum(ends)  # an array, as there is at least one
        return (total / len(ends)).astype(ends[0].dtype)

    params = jax.tree.map(added, original.params, *(states.params for states in unlearned))
    model_state = jax.tree.map(mean, *(states.model_state for states in unlearned))
    return dataclasses.replace(original, params=params, model_state=model_state)


def retain_sets(train: np.ndarray, forget: np.ndarray) -> np.ndarray:
    """int32[M,R] ascending: the training set int32[n] without int32[M,F] of each of M models."""
    return np.stack([retain_set(train, [positions]) for positions in forget])


def partition(refinement: Refinement, forget: np.ndarray, examples: Mapping[str, np.ndarray],
              subsets: int, generator: np.random.Generator) -> dict[str, np.ndarray]:
    """Subsets of the forget set as positions: {subset: int32[k] ascending}.

    Args:
      refinement: see `refine.refinement`.
      forget: int32[F] ascending positions.
      examples: what is known of them, see `Refinement`.
      subsets: how many are asked for.
      generator: for refinements that draw.
    """
    parts = refinement(examples, subsets, generator)
    return {name: forget[indices] for name, indices in parts.items()}
