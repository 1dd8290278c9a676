"""Unlearning and refined unlearning of a user's own model."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rum_jax.api.models import Models
from rum_jax.api.problem import Problem
from rum_jax.api.scores import Scores, values_of
from rum_jax.core.checks import similar
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.refine.by_score import by_score
from rum_jax.refine.contract import level_of, names_of, ties_of
from rum_jax.rum import row_spec
from rum_jax.rum.chain import WHOLE, Chain, Step, partition, run
from rum_jax.runtime.progress import shown
from rum_jax.unlearn import ALGORITHMS, retrain
from rum_jax.unlearn import algorithm as algorithm_of
from rum_jax.unlearn.apply import hparam_faults

RETRAINED = retrain.ALGORITHM.name


def unlearn(problem: Problem, algorithm: str, **hparams: Any) -> Models:
    """Unlearns the whole forget set with one algorithm.

    Args:
      problem: what is to be forgotten.
      algorithm: a key of `rum.ALGORITHMS`, or "my_file.py:function".
      hparams: of the algorithm; those that are not given have their published values. A float one
        may be float[M], a value for each seed.

    Returns:
      M unlearned models.

    Raises:
      InputError: an unknown algorithm or hyper-parameter, or a value that is not allowed.
      rum.DivergedError: a loss or a parameter is not finite.
    """
    step = _step("algorithm", WHOLE, algorithm, hparams)
    return _run(problem, algorithm, [step], [{WHOLE: problem.forget}] * len(problem.seeds))


def refined_unlearn(problem: Problem, scores: Scores | np.ndarray, *,
                    algorithms: Mapping[str, str], order: str = "ascending", subsets: int = 3,
                    hparams: Mapping[str, Mapping[str, Any]] | None = None) -> Models:
    """RUM: cuts the forget set by a score, and unlearns the subsets one after another.

    Args:
      problem: what is to be forgotten.
      scores: of the training examples, the higher the more strongly memorized: what
        `rum.memorization` or `rum.proxy` gives, or float[n]. Each model is refined by its own score
        where there is one for each.
      algorithms: subset -> algorithm. Three subsets are called low, mid and high; more of them low,
        mid_1, mid_2, ..., high, and have the algorithm of their level where they have none.
      order: "ascending", "descending", or names such as "high-low-mid".
      subsets: how many.
      hparams: subset -> hyper-parameters of its algorithm; the others have published values.

    Returns:
      M unlearned models.

    Raises:
      InputError: names the argument, the value and what is allowed.
      rum.DivergedError: a loss or a parameter is not finite.
    """
    if fault := row_spec.subsets_fault(subsets):
        raise InputError(f"subsets: {fault}")
    if fault := row_spec.order_fault(order):
        raise InputError(f"order: {fault}")
    names, given = names_of(subsets), dict(hparams or {})
    for what, table in (("algorithms", algorithms), ("hparams", given)):
        unknown = [name for name in table if name not in names and name not in
                   {level_of(subset) for subset in names}]
        if unknown:
            raise InputError(f"{what}: has {unknown[0]!r}; allowed: {', '.join(names)}")
    missing = [name for name in names if name not in algorithms
               and level_of(name) not in algorithms]
    if missing:
        raise InputError(f"algorithms: has none for {missing[0]!r}; allowed: one for each of "
                         f"{', '.join(names)}")
    steps = [_step("algorithms", subset, row_spec.of_subset(algorithms, subset),
                   given.get(subset, given.get(level_of(subset), {})))
             for subset in row_spec.in_order(names, order)]
    return _run(problem, "rum", steps, _partitions(problem, scores, subsets))


def _partitions(problem: Problem, scores: Any, subsets: int) -> list[dict[str, np.ndarray]]:
    if subsets > len(problem.forget):
        raise InputError(f"subsets: is {subsets} of a forget set of {len(problem.forget)}; "
                         "allowed: at most as many as it has examples")
    if isinstance(scores, Scores) and not np.array_equal(scores.ids, problem.ids):
        raise InputError("scores: are of examples with other ids; allowed: those of this problem")
    values, name = values_of(scores, len(problem.train)), getattr(scores, "name", MEMORIZATION)
    per_seed = getattr(scores, "per_seed", None)
    if per_seed is None or len(per_seed) != len(problem.seeds):
        per_seed = [values] * len(problem.seeds)
    ties = generator(0, "tie", *name.encode()).permutation(len(problem.train))[problem.forget]
    return [partition(by_score(name), problem.forget, {
        name: values[problem.forget], ties_of(name): ties}, subsets, generator(seed, "shuffle"))
        for values, seed in zip(per_seed, problem.seeds, strict=True)]


def _step(argument: str, subset: str, name: str, hparams: Mapping[str, Any]) -> Step:
    if fault := row_spec.algorithm_fault(name):
        raise InputError(f"{argument}: {fault}")
    if name == RETRAINED:
        raise InputError(f"{argument}: is {name!r}; allowed: rum.retrain(problem), whose recipe is "
                         f"the problem's{similar(name, ALGORITHMS)}")
    chosen = algorithm_of(name)
    values = {**chosen.hparams(), **{key: _value(value) for key, value in hparams.items()}}
    if faults := hparam_faults(chosen, values):
        raise InputError("; ".join(faults))
    return Step(subset, name, values)


def _value(value: Any) -> Any:
    """A hyper-parameter; sequences of floats become float64[M]."""
    if isinstance(value, list | np.ndarray) and np.asarray(value).dtype.kind == "f":
        return np.asarray(value, np.float64)
    return value.item() if isinstance(value, np.generic) else value


def _run(problem: Problem, name: str, steps: Sequence[Step],
         partitions: Sequence[dict[str, np.ndarray]]) -> Models:
    for step in steps:
        for key, value in step.hparams.items():
            if isinstance(value, np.ndarray) and value.shape != (len(problem.seeds),):
                raise InputError(f"{key}: has shape {value.shape}; allowed: a number, or "
                                 f"({len(problem.seeds)},), one for each seed")
    chain = Chain(problem.task, problem.tiled(problem.train), partitions, steps, problem.seeds,
                  problem.recipe.unlearning(), problem.states)
    with shown(name) as progress:
        result = run(chain, progress)
    return Models(problem, name, result.states, result.seconds,
                  sum(history.examples for history in result.histories),
                  {"steps": [step._asdict() for step in steps]})
