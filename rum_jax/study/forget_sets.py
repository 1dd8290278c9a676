"""The stage that chooses the forget sets of a study, one for each set that is named and seed.

A *case* is one forget set with one seed: what one model is unlearned for. All cases of a study
have sets of one size, and are worked on together.
"""

import pathlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rum_jax.config import identity
from rum_jax.core import records
from rum_jax.core.errors import raise_if_any
from rum_jax.forget import (
    LEVELS,
    choose,
    overlap_faults,
    same_faults,
    size_faults,
    statistics,
)
from rum_jax.forget import scores_of as scores_of_set
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.study.example_scores import ExampleScores

HEADING = "The forget sets have faults:"


class Cases(NamedTuple):
    """M cases, set after set, and in each seed after seed.

    Attributes:
      sets: names of the L forget sets; M is L times the number of seeds.
      seeds: M seeds, of the original, the oracle and all randomness of each case.
      forget: int32[M,F] ascending positions in the data.
      earlier: int32[M,E] positions of earlier requests, already unlearned; E is 0 for the first.
      request: number of earlier requests; part of the address of random draws.
    """

    sets: tuple[str, ...]
    seeds: tuple[int, ...]
    forget: np.ndarray
    earlier: np.ndarray
    request: int = 0

    @property
    def forgotten(self) -> np.ndarray:
        """int32[M,E+F] ascending positions of all that is to be forgotten by now."""
        return np.sort(np.concatenate([self.earlier, self.forget], axis=1), axis=1)

    def original(self, case: int) -> int:
        """The number of a case's original among those of all seeds."""
        return case % (len(self.seeds) // len(self.sets))

    def set_of(self, case: int) -> str:
        """The name of a case's forget set."""
        return self.sets[case // (len(self.seeds) // len(self.sets))]

    def of_set(self, name: str) -> slice:
        """The cases of a forget set."""
        number, first = len(self.seeds) // len(self.sets), self.sets.index(name)
        return slice(first * number, (first + 1) * number)


def forget_sets(example_scores: ExampleScores) -> pathlib.Path:
    """Stage "forget": `forget.npz` and `statistics.json`.

    `forget.npz` has the L `sets`, the S `seeds`, and `ids`, `positions` int32[L,S,F] and, where
    it is known, `memorization`, each [L,S,F].

    Raises:
      InputError: a forget set cannot be chosen, the sets have different sizes, two of them are
        the same, or levels (low, mid, high) of one score have examples in common.
    """

    def write(folder: pathlib.Path) -> None:
        dataset, config = example_scores.study.dataset, example_scores.study.config
        positions = _chosen(example_scores)
        arrays = {"sets": np.array(config.forget.sets), "seeds": np.array(config.seeds),
                  "ids": dataset.ids[positions], "positions": positions}
        if example_scores.has_memorization:
            memorization = example_scores.score(MEMORIZATION)
            arrays[MEMORIZATION] = np.stack(
                [[memorization[m][forget] for m, forget in enumerate(of_set)]
                 for of_set in positions])
        records.write_arrays(folder / "forget.npz", **arrays)
        records.write_json(folder / "statistics.json", _statistics(example_scores, arrays))

    study = example_scores.study
    scores = scores_of(study.config.forget.sets) + [MEMORIZATION] * example_scores.has_memorization
    return example_scores.stage("forget", write, study.content.part(*identity.FORGET_SETS),
                                [study.data, *example_scores.folders(scores)],
                                study.content.files.get("config.forget.sets"))


def scores_of(names: Sequence[str]) -> list[str]:
    """Scores that forget sets of these names are chosen by."""
    return [score for name in names for score in scores_of_set(name)]


def _chosen(example_scores: ExampleScores) -> np.ndarray:
    """int32[L,S,F] positions, of all sets and seeds."""
    config = example_scores.study.config
    chosen = [[choose(name, example_scores.of_seed(m), config.forget.size)
               for m in range(len(config.seeds))] for name in config.forget.sets]
    sizes = {name: len(forget) for name, part in zip(config.forget.sets, chosen, strict=True)
             for forget in part}
    raise_if_any(size_faults(sizes), HEADING)

    def fits(size: int) -> bool:
        return not any(overlap_faults({name: choose(name, example_scores.of_seed(m), size)
                                       for name in _by_level(config.forget.sets)})
                       for m in range(len(config.seeds)))

    for of_seed in zip(*chosen, strict=True):
        by_name = dict(zip(config.forget.sets, of_seed, strict=True))
        raise_if_any(overlap_faults(by_name, fits) or same_faults(by_name), HEADING)
    return np.array(chosen)


def _by_level(names: Sequence[str]) -> list[str]:
    """Those of the forget sets that are the low, mid or high ones of a score."""
    return [name for name in names if name.partition(":")[2] in LEVELS]


def _statistics(example_scores: ExampleScores, arrays: dict[str, np.ndarray]) -> list[dict]:
    """What is said of each set, and its overlap with the others; values of all seeds."""
    sets, positions = arrays["sets"].tolist(), arrays["positions"]
    overlaps = [statistics.overlaps(dict(zip(sets, positions[:, m], strict=True)))
                for m in range(positions.shape[1])]
    return [{**describe(example_scores, name, positions[number]),
             "overlap": {other: [overlap[name][other] for overlap in overlaps]
                         for other in sets if other != name}}
            for number, name in enumerate(sets)]


def describe(example_scores: ExampleScores, name: str, forget: np.ndarray) -> dict:
    """Statistics of a forget set (see `forget.statistics`), one value per seed, as JSON values.

    Args:
      example_scores: of the models to unlearn the set from; `remaining` is the set and its
        retain set.
      name: of the set.
      forget: int32[S,F] ascending positions.
    """
    dataset, features = example_scores.study.dataset, example_scores.features()
    statistics_of_seeds = [
        statistics.in_embedding(features[m], positions, example_scores.remaining[m],
                                example_scores.of_seed(m).generator())
        for m, positions in enumerate(forget)]
    memorized = (np.take_along_axis(example_scores.score(MEMORIZATION), forget, 1)
                 if example_scores.has_memorization else None)
    return {"set": name, "size": forget.shape[1],
            **{key: [of_seed[key] for of_seed in statistics_of_seeds]
               for key in statistics_of_seeds[0]},
            "mean_memorization": None if memorized is None else np.nanmean(memorized, 1).tolist(),
            "class_histogram": [statistics.class_histogram(
                dataset.labels, positions, dataset.spec.classes) for positions in forget]}


def load_cases(folder: pathlib.Path, sets: Sequence[str]) -> Cases:
    """What the stage chose.

    Args:
      folder: of the stage. The names that it stored are those of the run that made it, whose
        files may have been moved since.
      sets: names that the config has now, of the same sets in the same order.
    """
    stored = records.read_arrays(folder / "forget.npz")
    sets, seeds = tuple(sets), tuple(stored["seeds"].tolist())
    forget = stored["positions"].reshape(-1, stored["positions"].shape[-1])
    return Cases(sets, seeds * len(sets), forget, np.empty((len(forget), 0), np.int32))


def load_statistics(folder: pathlib.Path, sets: Sequence[str]) -> list[dict]:
    """Statistics of each set, see `describe`; arguments: see `load_cases`."""
    stored = records.read_json(folder / "statistics.json")
    return [{**of_set, "set": name, "overlap": dict(zip(
        [other for other in sets if other != name], of_set["overlap"].values(), strict=True))}
        for name, of_set in zip(sets, stored, strict=True)]


def copy_files(folder: pathlib.Path, sets: Sequence[str], workdir: pathlib.Path) -> None:
    """The stage's files in the workdir itself; arguments: see `load_cases`."""
    arrays = {**records.read_arrays(folder / "forget.npz"), "sets": np.array(sets)}
    records.write_arrays(workdir / "forget.npz", **arrays)
    records.write_json(workdir / "forget_statistics.json", load_statistics(folder, sets))
