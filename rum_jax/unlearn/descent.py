"""Gradient descent from given models: what most algorithms do in the end."""

import dataclasses
from typing import Any

import jax
import numpy as np

from rum_jax.core import checks
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import key_data
from rum_jax.data.plans import Stream, batches, cosine, multistep
from rum_jax.train.fit import Plan, Task, fit
from rum_jax.train.memory import check_plan
from rum_jax.train.recipe import contexts, dropout_keys
from rum_jax.train.state import Objective, PyTree, TrainState, with_fresh_optimizer
from rum_jax.unlearn.base import Float, History, Problem

FACTOR = 0.1  # of the rate at each milestone (docs/parity.md#unlearning)
LAST_EPOCH = {"last_epoch_factor": checks.number(0, 1, open_low=True)}  # checks of `rates`


def rates(problem: Problem, epochs: int, learning_rate: Float,
          last_epoch_factor: Float = 1.0) -> np.ndarray:
    """The learning rate of each epoch.

    Args:
      problem: the algorithm's own argument.
      epochs: E.
      learning_rate: of the first epoch, a number or float[M].
      last_epoch_factor: learning rate of the last epoch relative to the others, a number or
        float[M]; below 1 it lets the model settle. Without effect if there is one epoch alone,
        whose rate is the learning rate itself.

    Returns:
      float64[M,E].
    """
    relative = multistep(epochs, problem.optimizer.milestones, FACTOR)
    if problem.optimizer.schedule == "cosine":
        relative = relative * cosine(epochs, epochs)
    of_epoch = np.outer(problem.each(learning_rate), relative)
    if epochs > 1:
        of_epoch[:, -1] *= problem.each(last_epoch_factor)
    return of_epoch


def epochs_of(problem: Problem, part: str, epochs: int) -> np.ndarray:
    """Every model's forget or retain set, reshuffled in each epoch: int32[M,E*ceil(n/B),B].

    Args:
      problem: the algorithm's own argument.
      part: "forget" or "retain".
      epochs: how many passes.

    Raises:
      InputError: the plan does not fit into memory.
    """
    ensure_plan_fits(problem, getattr(problem, part).shape[1], epochs)
    return np.concatenate([one_pass(problem, part, epoch) for epoch in range(epochs)], axis=1)


def ensure_plan_fits(problem: Problem, examples: int, epochs: int) -> None:
    """Raises InputError where the plan of so many epochs does not fit into memory."""
    check_plan(f"unlearning of {problem.names[0]}", len(problem.seeds), epochs, examples,
               problem.optimizer.batch_size)


def one_pass(problem: Problem, part: str, epoch: int) -> np.ndarray:
    """One shuffled epoch over the forget or retain sets: int32[M,ceil(n/B),B] positions."""
    sets = zip(getattr(problem, part), problem.generators(part, epoch), strict=True)
    return np.stack([batches(rng.permutation(positions), problem.optimizer.batch_size)
                     for positions, rng in sets])


def trainable(problem: Problem) -> Task:
    """The task, with frozen BatchNorm statistics if `optimizer.batch_norm` is "eval"."""
    frozen = problem.optimizer.batch_norm == "eval"
    model = dataclasses.replace(problem.task.model, frozen_statistics=frozen)
    return problem.task._replace(model=model)


def descend(problem: Problem, objective: Objective, states: TrainState,
            streams: dict[str, Stream], learning_rate: np.ndarray,
            hparams: dict[str, Any] | None = None, schedules: dict[str, np.ndarray] | None = None,
            epoch_of_step: np.ndarray | None = None, **extra: Any) -> tuple[TrainState, History]:
    """Runs SGD from the given states, with a fresh optimizer.

    Args:
      problem: the algorithm's own argument.
      objective: loss of a step.
      states: leading axis M; only params and model_state are used.
      streams: stream name -> arrays int32[M,T,B].
      learning_rate: float[M,E] of each epoch. Without `epoch_of_step` epochs are equally long and
        T is a multiple of E; a rate for each step, E = T, makes every step an epoch.
      hparams: float hyper-parameters of the objective, a number or float[M].
      schedules: those that change, float[M,T].
      epoch_of_step: int[T], the number of each step's epoch, from 0 to E-1 and never falling, for
        epochs that differ in their number of steps. Augmentation is drawn once an epoch, and
        losses are averaged over epochs.
      **extra: grad_mask, update_mask (trees like params), teacher; leading axis M.

    Raises:
      DivergedError: a loss is not finite.
      InputError: a mask is not like the params; streams or schedules differ in their number of
        models or steps, or the epochs do not fit the steps.
    """
    for name in ("grad_mask", "update_mask"):
        _check_mask(name, extra.get(name), states.params)
    epochs: int = learning_rate.shape[1]
    models, steps = _common_shape(streams, schedules or {}, learning_rate,
                                  equal_epochs=epoch_of_step is None)
    of_step: np.ndarray = (np.repeat(np.arange(epochs), steps // epochs)
                           if epoch_of_step is None
                           else _checked_epochs(epoch_of_step, steps, epochs))

    def drawn() -> np.ndarray:
        each_epoch = np.array([[key_data(rng) for rng in problem.generators("augment", epoch)]
                               for epoch in range(epochs)])
        return each_epoch[of_step].swapaxes(0, 1)

    of_steps = problem.optimizer.warmed_up(learning_rate[:, of_step], steps / epochs)
    plan = Plan(streams, of_steps, schedules or {},
                problem.optimizer.augmented(drawn))
    task = trainable(problem)
    keys = dropout_keys(task.model, lambda: problem.generators("dropout", 0))
    context = contexts(models, problem.optimizer, hparams, key_data=keys, **extra)
    start = with_fresh_optimizer(states, problem.optimizer.name)
    fitted = fit(task, objective, start, plan, context,
                 problem.names, problem.progress, problem.stop_when_diverged)
    examples = sum(int((stream.index[0] >= 0).sum()) for stream in streams.values())
    periods = epochs if epoch_of_step is None else tuple(np.bincount(of_step).tolist())
    return with_fresh_optimizer(fitted.states), History(fitted.losses, examples, periods)


def cast_like(old: np.ndarray, new: Any) -> np.ndarray:
    """A new leaf in the dtype of the old one."""
    return np.asarray(new, old.dtype)


def result_without_steps(states: TrainState, params: PyTree,
                         examples: int) -> tuple[TrainState, History]:
    """The states with new params (host tree, cast to the old dtypes), and an empty history."""
    models = len(states.step)
    with np.errstate(over="ignore"):  # what is not finite is found by the caller
        like = jax.tree.map(cast_like, states.params, params)
    return (dataclasses.replace(with_fresh_optimizer(states), params=like),
            History(np.zeros((models, 0), np.float32), examples))


def _checked_epochs(epoch_of_step: np.ndarray, steps: int, epochs: int) -> np.ndarray:
    """int[T] that names every epoch, one after another."""
    given = np.asarray(epoch_of_step)
    whole = given.shape == (steps,) and np.issubdtype(given.dtype, np.integer)
    if not whole or not np.array_equal(np.unique(given), np.arange(epochs)) or (
            np.diff(given) < 0).any():
        raise InputError(f"epoch_of_step: is {given.dtype}{list(given.shape)}; allowed: an integer "
                         f"for each of the {steps} steps, from 0 to {epochs - 1}, each of them "
                         "at least once, and never falling")
    return given


def _common_shape(streams: dict[str, Stream], schedules: dict[str, np.ndarray],
                  learning_rate: np.ndarray, equal_epochs: bool) -> tuple[int, int]:
    """(M, T) of all streams and schedules."""
    shapes = {**{name: stream.index.shape[:2] for name, stream in streams.items()},
              **{name: np.shape(values) for name, values in schedules.items()}}
    if len(set(shapes.values())) != 1:
        raise InputError(f"streams and schedules: have (models, steps) {shapes}; allowed: the "
                         "same for all, as every step takes a batch of each")
    (models, steps), (rows, epochs) = next(iter(shapes.values())), learning_rate.shape
    if rows != models or not epochs or equal_epochs and steps % epochs:
        raise InputError(f"learning_rate: has shape {learning_rate.shape}; allowed: ({models}, "
                         f"epochs), where epochs divides the {steps} steps")
    return models, steps


def leaves_by_path(tree: PyTree) -> dict[str, Any]:
    """Path of each leaf, as text -> the leaf."""
    leaves: dict[str, Any] = {}

    def note(path: tuple[Any, ...], leaf: Any) -> Any:
        leaves["".join(map(str, path))] = leaf
        return leaf

    jax.tree_util.tree_map_with_path(note, tree)
    return leaves


def _check_mask(name: str, mask: PyTree, params: PyTree) -> None:
    if mask is None:
        return
    given, expected = ({path: np.shape(leaf) for path, leaf in leaves_by_path(tree).items()}
                       for tree in (mask, params))
    faults = [f"{path}: has shape {given.get(path, 'absent')}, allowed: "
              f"{expected.get(path, 'absent')}"
              for path in sorted({*given, *expected}) if given.get(path) != expected.get(path)]
    if faults:
        raise InputError(f"{name}: is not like the model's parameters: {'; '.join(faults)}")
