"""Models that the library has made, with what it took."""

import dataclasses
import functools
from typing import Any

import jax
import numpy as np

from rum_jax.api import checks
from rum_jax.api.problem import Problem
from rum_jax.core.errors import InputError
from rum_jax.models.contract import PyTree
from rum_jax.models.linen import Linen
from rum_jax.models.own_linen import OwnLinen
from rum_jax.train.predict import predict
from rum_jax.train.state import TrainState


@dataclasses.dataclass(frozen=True, eq=False)
class Models:
    """M models, one for each seed.

    Attributes:
      problem: what they were made for.
      name: of what made them.
      states: on the host, leading axis M.
      seconds: of all of them together, without compilation.
      example_gradients: how many each model took.
      record: what they were made with, as JSON values and arrays.
      events: learning events of training from scratch, name -> float64[M,N]; {} for others.
      seeds: of each model.
    """

    problem: Problem
    name: str
    states: TrainState
    seconds: float
    example_gradients: int
    record: dict[str, Any]
    events: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", self.seeds or self.problem.seeds)

    def __len__(self) -> int:
        return len(self.seeds)

    def __repr__(self) -> str:
        return f"Models({self.name}, seeds {self.seeds}, {self.seconds:.1f} s)"

    def as_originals(self) -> Problem:
        """The same problem with these models as the ones that are given."""
        return self.problem.starting_from(self.states, self.seeds)

    @functools.cached_property
    def logits(self) -> np.ndarray:
        """float32[M,N,C] for all examples of the problem: training, test, validation set."""
        return predict(self.problem.task, self.states)

    def predict(self, images: Any) -> np.ndarray:
        """Logits float32[M,n,C] in evaluation mode.

        Args:
          images: like those of the problem, uint8 or float [n,...].

        Raises:
          InputError: they are of another shape or type.
        """
        given, task = checks.images_of("images", images), self.problem.task
        checks.same_kind("images", given, task.images)
        return predict(task._replace(images=given, labels=np.zeros(len(given), np.int32)),
                       self.states)

    def variables(self, model: int = 0) -> tuple[PyTree, PyTree]:
        """(params, state) of one model, of the structure in which they were given.

        Args:
          model: its place, 0 to M-1.
        """
        if not 0 <= model < len(self):
            raise InputError(f"model: is {model}; allowed: 0 to {len(self) - 1}, places among the "
                             f"seeds {self.seeds}")
        return jax.tree.map(lambda leaf: np.asarray(leaf)[model],
                            (self.states.params, self.states.model_state))

    def flax_variables(self, model: int = 0) -> dict[str, PyTree]:
        """The variables of one model as Linen modules take them, {"params": ..., ...}.

        Raises:
          InputError: it is no Linen module.
        """
        params, state = self.variables(model)
        network = self.problem.task.model.network
        if isinstance(network, OwnLinen):
            return {"params": params, **({"batch_stats": state} if state else {})}
        if not isinstance(network, Linen):
            raise InputError("flax_variables: are of Linen modules; allowed: variables(model), "
                             "(params, state) as they were given")
        return {"params": params, **state}


def originals(problem: Problem) -> Models:
    """The models of a problem as they were given."""
    return Models(problem, "original", problem.states, 0.0, 0, {})
