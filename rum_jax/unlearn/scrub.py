"""SCRUB (Kurmanji et al., arXiv 2302.09880; released as `SCRUB`).

    in epochs e <= msteps, first over F:  minimize -KL_T
    in every epoch, over R:               minimize gamma * CE + beta * KL_T

    KL_T = T^2 / B * sum over the batch of KL(teacher softmax at T || student softmax at T)

The teacher is the model before unlearning, in evaluation mode; the student is in train mode. One
optimizer, with one momentum, serves both phases; the last epoch's rate is that of both. `msteps`
counts from zero, so the released code has msteps + 1 max phases (docs/parity.md#q4, kept;
`inclusive` False gives msteps of them). In the first max step student and teacher differ by
BatchNorm's statistics at most.

gamma and beta have no released default; the values here are those of the SCRUB authors' code for
CIFAR-10.
"""

import jax
import jax.numpy as jnp
import numpy as np

from rum_jax.core import checks
from rum_jax.data.plans import stream
from rum_jax.models import Model
from rum_jax.train.objectives import PyTree, batch_cross_entropy_and_logits, mean_over_examples
from rum_jax.train.state import Aux, Batch, Context, TrainState
from rum_jax.unlearn.base import Algorithm, Float, History, Problem
from rum_jax.unlearn.descent import LAST_EPOCH, descend, ensure_plan_fits, one_pass, rates
from rum_jax.unlearn.spaces import integers, log_uniform, uniform


def distillation(student: jax.Array, teacher: jax.Array, temperature: jax.Array,
                 mask: jax.Array) -> jax.Array:
    """KL_T of logits float[B,C] from the teacher's, mean over the unmasked examples."""
    log_p = jax.nn.log_softmax(student / temperature)
    log_q = jax.nn.log_softmax(teacher / temperature)
    divergence = (jnp.exp(log_q) * (log_q - log_p)).sum(-1)
    return temperature ** 2 * mean_over_examples(divergence, mask)


def objective(model: Model, params: PyTree, model_state: PyTree, streams: dict[str, Batch],
              context: Context) -> tuple[jax.Array, Aux]:
    """ce_weight * CE + kl_weight * KL_T; the weights are those of the step's phase."""
    batch, hparams = streams["examples"], context.hparams
    loss, logits, model_state = batch_cross_entropy_and_logits(
        model, params, model_state, batch, train=True)
    assert context.teacher is not None  # `unlearn` gives one
    taught, taught_state = context.teacher
    teacher, _ = model.apply(taught, taught_state, batch.pixels, batch.mask, train=False)
    divergence = distillation(logits, teacher.logits, hparams["temperature"], batch.mask)
    return hparams["ce_weight"] * loss + hparams["kl_weight"] * divergence, Aux(model_state)


def phases_of(epochs: int, msteps: int, inclusive: bool) -> list[tuple[str, int]]:
    """(part of the data, epoch) of each phase, in order."""
    phases: list[tuple[str, int]] = []
    for epoch in range(epochs):
        if epoch < msteps + inclusive:
            phases.append(("forget", epoch))
        phases.append(("retain", epoch))
    return phases


def unlearn(problem: Problem, states: TrainState, *, epochs: int = 5, learning_rate: Float = 5e-3,
            last_epoch_factor: Float = 1.0, msteps: int = 4, inclusive: bool = True,
            temperature: Float = 4.0, gamma: Float = 0.99, beta: Float = 0.001,
            ) -> tuple[TrainState, History]:
    """Alternates between moving away from the teacher on F and staying near it on R.

    Raises:
      DivergedError: a loss is not finite.
    """
    ensure_plan_fits(problem, problem.forget.shape[1] + problem.retain.shape[1], epochs)
    phases = phases_of(epochs, msteps, inclusive)
    parts = [one_pass(problem, *phase) for phase in phases]
    steps = [part.shape[1] for part in parts]
    minimizing = np.repeat([part == "retain" for part, _ in phases], steps)
    epoch_of_step = np.repeat([epoch for _, epoch in phases], steps)

    def weights(value: Float, maximizing: float) -> np.ndarray:
        return np.where(minimizing, problem.each(value)[:, None], maximizing)

    index = np.concatenate(parts, axis=1)
    return descend(problem, objective, states, {"examples": stream(index, problem.task.labels)},
                   rates(problem, epochs, learning_rate, last_epoch_factor),
                   {"temperature": temperature},
                   {"ce_weight": weights(gamma, 0.0), "kl_weight": weights(beta, -1.0)},
                   epoch_of_step, teacher=(states.params, states.model_state))


ALGORITHM = Algorithm(
    "scrub", unlearn, family="distillation",
    checks={"epochs": checks.integer(1), "learning_rate": checks.number(0, open_low=True),
            **LAST_EPOCH, "msteps": checks.integer(0), "inclusive": checks.boolean,
            "temperature": checks.number(0, open_low=True), "gamma": checks.number(0),
            "beta": checks.number(0)},
    search={"epochs": integers(2, 10), "msteps": integers(0, 4),
            "learning_rate": log_uniform(5e-4, 0.1), "gamma": uniform(0.5, 1.0),
            "beta": log_uniform(1e-3, 1.0)})
