"""The contract of unlearning algorithms.

    def unlearn(problem, states, *, epochs: int = 10, learning_rate: Float = 0.01):
        ...
        return states, History(losses, examples, periods)

is a pure function of its arguments over M models (one per seed) at once; the keyword arguments are
its hyper-parameters. Built-in algorithms and those of a user have the same contract. Every one

  - leaves the caller's states as they are: they are the next method's start, or a teacher;
  - draws randomness only by `problem.generators`, at (seed, role, step, epoch, request);
  - returns states with a fresh optimizer state, so that the next algorithm of a chain starts as
    it would on a stored model;
  - takes float hyper-parameters into its program as arrays, a number or float[M]: new values do
    not recompile, and a grid of values is a longer axis M.

A new algorithm is one file that ends in `ALGORITHM = Algorithm(...)` and one line in
`rum_jax/unlearn/__init__.py`.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rum_jax.core.checks import Check
from rum_jax.core.randomness import generator, request_address
from rum_jax.runtime.progress import Progress, silent
from rum_jax.train.fit import Task
from rum_jax.train.recipe import Optimizer, each, period_means
from rum_jax.train.resume import Checkpointing
from rum_jax.train.state import TrainState
from rum_jax.unlearn.spaces import Space

BATCH_NORM = ("train", "eval")
SCHEDULES = ("constant", "cosine")  # of unlearning
RELABELING = "relabeling"  # the family that trains on other labels of the forget set
BASELINES = ("none", "retraining")  # families that no one would choose among
Float = float | np.ndarray  # a float hyper-parameter: a number, or float[M]


@dataclasses.dataclass(frozen=True)
class UnlearnOptimizer(Optimizer):
    """SGD of unlearning: `Optimizer`, and what all gradient methods have in common.

    Attributes:
      milestones: epochs from which on the rate is a tenth, a hundredth, ...; the released
        scripts have 91 and 136, which their 5 or 10 epochs never reach.
      schedule: "constant", or "cosine" to 0 over the epochs of a step.
      batch_norm: "train": batch statistics are used and running ones move with every batch, as
        in the reference (docs/parity.md#q15); "eval": running ones are used and stay.
    """

    milestones: tuple[int, ...] = ()
    batch_norm: str = "train"
    schedule: str = "constant"


class Problem(NamedTuple):
    """What is to be forgotten, from where, with what.

    Attributes:
      task: network, examples, and where to run.
      forget: int32[M,F] positions of the forget set of each model.
      retain: int32[M,R] positions of the retain set of each model.
      seeds: M seeds, the addresses of all randomness; a seed may come twice.
      step: position in a chain of algorithms, from 0; part of the addresses.
      request: number of requests to forget before this one; part of the addresses.
      optimizer: batch size, momentum, weight decay, milestones, BatchNorm.
      original: the models before the first step of the chain; None: those given to `unlearn`.
      progress: called with the completed fraction.
      stop_when_diverged: whether a loss that is not finite ends the work of all M models.
      draw: (seed, role, *address) -> generator; what all randomness comes from.
      keep: where retraining keeps its state on the way; None: nowhere.
    """

    task: Task
    forget: np.ndarray
    retain: np.ndarray
    seeds: tuple[int, ...]
    step: int
    optimizer: UnlearnOptimizer
    original: TrainState | None = None
    progress: Progress = silent
    stop_when_diverged: bool = True
    draw: Callable[..., np.random.Generator] = generator
    keep: Checkpointing | None = None
    request: int = 0

    @property
    def names(self) -> list[str]:
        """What to call each model in messages."""
        return [f"seed {seed}" for seed in self.seeds]

    def generator_of(self, seed: int, role: str, epoch: int) -> np.random.Generator:
        """A seed's generator for that role and epoch of this step."""
        return self.draw(seed, role, self.step, epoch, *request_address(self.request))

    def generators(self, role: str, epoch: int) -> list[np.random.Generator]:
        """One generator per model for that role and epoch of this step."""
        return [self.generator_of(seed, role, epoch) for seed in self.seeds]

    def each(self, value: Float) -> np.ndarray:
        """float64[M] of a hyper-parameter."""
        return each(len(self.seeds), value)


class History(NamedTuple):
    """What an algorithm did.

    Attributes:
      losses: float[M,T], the loss of every optimizer step.
      examples: how many example gradients each model took.
      periods: number of equally long parts (usually epochs) of the T steps, or the number of
        steps of each part; the loss is averaged over each. 0: no means.
    """

    losses: np.ndarray
    examples: int
    periods: int | tuple[int, ...] = 0

    @property
    def mean_losses(self) -> np.ndarray:
        """float[M,periods]."""
        return period_means(self.losses, self.periods)


@dataclasses.dataclass(frozen=True)
class Algorithm:
    """An algorithm and what a config must say to use it.

    Attributes:
      name: what a config calls it.
      unlearn: see the module's docstring. What it takes beyond problem and states are its
        hyper-parameters; their defaults are the values of the papers or the released scripts, with
        the correct behavior where the released code has a bug.
      checks: hyper-parameter -> check of its value; all of them.
      search: hyper-parameter -> the range that a search draws from.
      reference: hyper-parameters that make it do what the released code does, bugs included.
      family: what kind of method it is, for reports that compare kinds.
      changes_shapes: whether its models have parameters of other shapes than those it was given.
    """

    name: str
    unlearn: Callable[..., tuple[TrainState, History]]
    checks: dict[str, Check]
    search: dict[str, Space] = dataclasses.field(
        default_factory=dict)
    reference: dict[str, Any] = dataclasses.field(default_factory=dict)
    family: str = "other"
    changes_shapes: bool = False

    @property
    def published(self) -> dict[str, Any]:
        """Hyper-parameter -> its default."""
        return defaults_of(self.unlearn)

    @property
    def is_baseline(self) -> bool:
        """Whether it does nothing or retrains: what methods are compared with."""
        return self.family in BASELINES

    def hparams(self, reference: bool = False) -> dict[str, Any]:
        """The published hyper-parameters; with reference, those of the released code."""
        return {**self.published, **(self.reference if reference else {})}


def defaults_of(unlearn: Callable[..., Any]) -> dict[str, Any]:
    """Hyper-parameter -> default of a function that takes problem and states before them."""
    parameters = list(inspect.signature(unlearn).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in parameters
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
