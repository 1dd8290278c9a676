"""Checks of the files that a config names, as far as they need no model: before one is trained."""

from collections.abc import Iterator, Mapping

import numpy as np

from rum_jax import models
from rum_jax.core.errors import InputError
from rum_jax.core.paths import file_fault, user_path
from rum_jax.core.randomness import generator
from rum_jax.data.arrays import Dataset
from rum_jax.forget import choose, overlap_faults, scores_of
from rum_jax.forget.selection import FIRST, MEMORIZATION, SelectionContext, untrained
from rum_jax.memorization.published import published_scores
from rum_jax.models.given_statistics import with_given
from rum_jax.models.torch_import import load_variables
from rum_jax.runtime.progress import listed


def file_faults(config: Mapping, dataset: Dataset) -> list[str]:
    """What is wrong with scores, with forget sets by them, and with given models.

    Args:
      config: whose fields are fine one by one.
      dataset: that it names.
    """
    faults = _model_faults(config, dataset)
    path = config["memorization"]["scores"]
    if not path or file_fault(path, folders=True) or config["campaign"]["alone"]:
        return faults  # a file that is not there is said elsewhere
    try:
        scores = published_scores(user_path(path), dataset)
    except InputError as error:
        return [*faults, str(error)]
    return [*faults, *_unknown_faults(config, path, scores),
            *_strata_faults(config, dataset, scores)]


def _unknown_faults(config: Mapping, path: str, scores: np.ndarray) -> Iterator[str]:
    """Scores float64[n] with NaN, unless every forget set and request is chosen by them."""
    unknown = int(np.isnan(scores).sum())
    others = [name for name in (*config["forget"]["sets"], *config["stream"]["requests"])
              if MEMORIZATION not in scores_of(name)]
    if unknown and others:
        yield (f"config.memorization.scores: {path}: {unknown} of {len(scores)} training examples "
               "have no score, as all or none of its models were trained on them; allowed with "
               f"{others[0]}: scores of all, or with such scores forget sets {MEMORIZATION}:... "
               f"and sets with a bound {MEMORIZATION}<... alone, which leave these out")


def _model_faults(config: Mapping, dataset: Dataset) -> list[str]:
    """Given models that are not of the architecture, or cannot be read."""
    expected, train = config["model"], config["train"]
    try:
        spec = with_given(dataset, train).spec
        model = models.build(expected["name"], spec, tuple(expected["widths"]),
                             tuple(expected["blocks"]), "native", options=expected["kwargs"])
    except InputError as error:
        return [str(error)]
    paths_by_fault: dict[str, list[str]] = {}
    for path in train["from_files"]:
        try:
            if not file_fault(path):
                load_variables(user_path(path), model)
        except InputError as error:
            paths_by_fault.setdefault(str(error).removeprefix(f"{path}: "), []).append(path)
    return [f"config.train.from_files: {listed(paths)}: {fault}"
            for fault, paths in paths_by_fault.items()]


def _strata_faults(config: Mapping, dataset: Dataset, scores: np.ndarray) -> list[str]:
    """Forget sets by given scores float64[n] that cannot be, or that overlap."""
    names = [name for name in config["forget"]["sets"]
             if name.partition(":")[0] == MEMORIZATION]
    size = config["forget"]["size"]
    if not names or not 0 < size < len(scores):
        return []
    contexts = [_context(config, dataset, scores, seed) for seed in config["seeds"]]

    def chosen(context: SelectionContext, each: int) -> dict[str, np.ndarray]:
        return {name: choose(name, context, each) for name in names}

    def fits(each: int) -> bool:
        return not any(overlap_faults(chosen(context, each)) for context in contexts)

    try:
        overlaps = (overlap_faults(chosen(context, size), fits) for context in contexts)
        return next((faults for faults in overlaps if faults), [])
    except InputError as error:
        return [str(error)]


def _context(config: Mapping, dataset: Dataset, scores: np.ndarray, seed: int) -> SelectionContext:
    """What the choice of forget sets will look at, ties included."""
    def ties(name: str) -> np.ndarray:
        if config["forget"]["ties"] == FIRST:
            return np.arange(len(scores))
        return generator(config["data"]["seed"], "tie", *name.encode()).permutation(len(scores))

    return untrained(dataset)._replace(
        score=lambda name: scores, generator=lambda: generator(seed, "forget_set"), ties=ties)
