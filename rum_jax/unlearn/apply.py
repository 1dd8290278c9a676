"""The way in to every algorithm: bad hyper-parameters and bad sets are refused before any work."""

from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from rum_jax.core.checks import Check
from rum_jax.core.errors import raise_if_any
from rum_jax.train.log import DivergedError
from rum_jax.train.state import TrainState
from rum_jax.unlearn.base import Algorithm, History, Problem


def apply(algorithm: Algorithm, problem: Problem, states: TrainState | None,
          hparams: dict[str, Any]) -> tuple[TrainState, History]:
    """Checks, then unlearns.

    Args:
      algorithm: see its contract.
      problem: what is to be forgotten.
      states: leading axis M; None for algorithms that do not look at them.
      hparams: exactly those that the algorithm declares; floats may be float[M].

    Raises:
      InputError: names every fault.
      DivergedError: a loss, or a parameter in the end, is not finite.
    """
    name = algorithm.name
    faults = hparam_faults(algorithm, hparams) + set_faults(problem)
    raise_if_any(faults, f"{name} cannot run:")
    unlearned, history = algorithm.unlearn(problem, states, **hparams)
    if problem.stop_when_diverged:
        _check_finite(name, problem, unlearned, history)
    return unlearned, history


def _check_finite(name: str, problem: Problem, states: TrainState, history: History) -> None:
    losses = np.isfinite(history.losses).all(1)
    if not losses.all():
        raise DivergedError(f"{name} gives a loss that is not finite at "
                            f"{problem.names[int(np.argmin(losses))]}")
    finite = np.all([np.isfinite(leaf).reshape(len(problem.seeds), -1).all(1)
                     for leaf in jax.tree.leaves((states.params, states.model_state))], axis=0)
    if not finite.all():
        raise DivergedError(f"{name} gives parameters that are not finite at "
                            f"{problem.names[int(np.argmin(finite))]}; smaller hyper-parameters, "
                            "such as the learning rate, usually help")


def hparam_faults(algorithm: Algorithm, hparams: dict[str, Any]) -> list[str]:
    """Hyper-parameters that are unknown, missing, or not allowed."""
    return value_faults(algorithm.name, algorithm.checks, hparams)


def value_faults(name: str, checks: Mapping[str, Check], hparams: Mapping[str, Any]) -> list[str]:
    """Hyper-parameters of that name's that are unknown, missing, or not allowed.

    Args:
      name: of an algorithm or a proxy.
      checks: of each hyper-parameter.
      hparams: values, or arrays of them.
    """
    allowed = ", ".join(checks) or "none"
    faults = [f"{name}.{key}: unknown hyper-parameter; known: {allowed}"
              for key in hparams if key not in checks]
    for key, check in checks.items():
        if key not in hparams:
            faults.append(f"{name}.{key}: missing")
            continue
        value = hparams[key]
        values = value.tolist() if isinstance(value, np.ndarray) else [value]
        faults += [f"{name}.{key}: {fault}" for entry in values if (fault := check(entry))]
    return faults


def set_faults(problem: Problem) -> list[str]:
    """Forget and retain sets that are empty, overlap, repeat an example, or name none."""
    faults: list[str] = []
    examples = len(problem.task.images)
    for part in ("forget", "retain"):
        positions = getattr(problem, part)
        if positions.ndim != 2 or len(positions) != len(problem.seeds):
            return [f"{part} set: has shape {positions.shape}; allowed: "
                    f"({len(problem.seeds)}, n), a row for each seed"]
        if not positions.shape[1]:
            faults.append(f"{part} set: is empty; allowed: at least one example, and fewer than "
                          "the training set has")
            continue
        if positions.min() < 0 or positions.max() >= examples:
            bad = positions[(positions < 0) | (positions >= examples)][0]
            faults.append(f"{part} set: has position {bad}; allowed: 0..{examples - 1}")
        ascending = np.sort(positions, axis=1)
        repeated = ascending[:, 1:][np.diff(ascending) == 0]
        if len(repeated):
            faults.append(f"{part} set: has position {repeated[0]} twice; allowed: once")
    for forget, retain in zip(problem.forget, problem.retain, strict=True):
        both = np.intersect1d(forget, retain)
        if len(both):
            faults.append(f"forget set: shares {len(both)} example(s) with the retain set, such "
                          f"as position {both[0]}; allowed: none")
            break
    return faults
