"""The stage that chooses the examples of one request of a stream, and the scores it uses."""

import pathlib

import numpy as np

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.forget import FAMILIES
from rum_jax.forget.remaining import as_request, choose_left
from rum_jax.forget.selection import MEMORIZATION, REQUESTS
from rum_jax.proxies import PROXIES
from rum_jax.rum.chain import retain_sets
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases, describe, scores_of


class ScoresAfterUnlearning(ExampleScores):
    """Scores for a later request, computed from the models after the earlier requests.

    Memorization, and proxies recorded while the originals are trained, stay those of the originals.

    Args:
      first: scores before the first request.
      models: folder of the models after the earlier requests, one per seed.
      prefix: of the names of stages.
      remaining: int32[S,r] ascending positions of the training examples of no earlier request.
    """

    def __init__(self, first: ExampleScores, models: pathlib.Path, prefix: str,
                 remaining: np.ndarray) -> None:
        super().__init__(first.study, models, prefix)
        self._first, self._remaining = first, remaining

    @property
    def remaining(self) -> np.ndarray:
        """int32[S,r] ascending positions of the training examples of no earlier request."""
        return self._remaining

    def score(self, name: str) -> np.ndarray:
        """float64[S,N]; `entanglement` is NaN for all but the remaining examples."""
        if _is_unaffected(name):
            return self._first.score(name)
        return super().score(name)

    def _distance_values(self) -> dict:
        """What distances depend on besides the models: the remaining examples."""
        return {"left": records.array_sha256(self._remaining)}

    def _folder(self, name: str) -> pathlib.Path | None:
        return self._first.folders([name])[0] if _is_unaffected(name) else super()._folder(name)


def _is_unaffected(score: str) -> bool:
    """Whether a score stays what it was, whatever is unlearned."""
    return score == MEMORIZATION or (score in PROXIES and not PROXIES[score].compute)


def nothing_earlier(study: Study) -> np.ndarray:
    """int32[S,0]: what was asked for before the first request."""
    return np.empty((len(study.config.seeds), 0), np.int32)


def check_requests(example_scores: ExampleScores) -> None:
    """Refuses requests that cannot be met, as far as is known before anything is unlearned.

    Checks the first request, and later ones until one depends on a row's unlearned models.

    Raises:
      InputError: the set cannot be chosen, or no training example would remain.
    """
    config = example_scores.study.config
    earlier = nothing_earlier(example_scores.study)
    for number, name in enumerate(config.stream.requests):
        family = name.partition(":")[0]
        if number and not (FAMILIES[family].needs_only_data or _is_unaffected(family)):
            return
        chosen = _requested(example_scores, name, number, earlier, "every row")
        earlier = np.concatenate([earlier, chosen], axis=1)


def request(example_scores: ExampleScores, row: str, stage: str, number: int,
            earlier: np.ndarray) -> pathlib.Path:
    """Chooses the examples of a request among the remaining ones, in a stage of that name.

    `request.npz` has `ids` and `positions` int32[S,F]; `statistics.json` has their statistics
    relative to the other remaining examples, see `forget_sets.describe`.

    Args:
      example_scores: of the models after the earlier requests.
      row: that these models belong to, for messages.
      stage: name of the stage.
      number: of the request, from 0.
      earlier: int32[S,E] positions of all earlier requests.

    Raises:
      InputError: the set cannot be chosen, or no training example would remain.
    """
    study, name = example_scores.study, example_scores.study.config.stream.requests[number]

    def write(folder: pathlib.Path) -> None:
        dataset = study.dataset
        positions = _requested(example_scores, name, number, earlier, row)
        records.write_arrays(folder / "request.npz", ids=dataset.ids[positions],
                             positions=positions)
        records.write_json(folder / "statistics.json", describe(example_scores, name, positions))

    scores = scores_of([name]) + [MEMORIZATION] * example_scores.has_memorization
    values = {"request": study.content.values["config.stream.requests"][number],
              "size": study.config.stream.size, "number": number, "seeds": study.config.seeds,
              "earlier": records.array_sha256(earlier)}
    reads = [study.data, example_scores.original, *example_scores.folders(scores)]
    origin = Origin(values, reads, row=row,
                    files=study.content.files.get("config.stream.requests", {}))
    return stage_cache.stage(study.workdir, stage, write, origin)


def _requested(example_scores: ExampleScores, name: str, number: int, earlier: np.ndarray,
               row: str) -> np.ndarray:
    """int32[S,F] positions that a request, the set of that name, asks for; see `request`."""
    study = example_scores.study
    size, train, seeds = study.config.stream.size, study.dataset.train, study.config.seeds
    try:
        chosen = [choose_left(name, as_request(example_scores.of_seed(m), seeds[m], number), left,
                              size)
                  for m, left in enumerate(retain_sets(train, earlier))]
        _check_sizes(sorted({len(positions) for positions in chosen}), earlier.shape[1],
                     len(train), size)
    except InputError as error:
        raise InputError(f"{row}, request {number + 1}: {error}") from error
    return np.stack(chosen)


def _check_sizes(sizes: list[int], earlier: int, examples: int, size: int) -> None:
    """Raises InputError if seeds ask for different sizes, or for all that is left.

    Args:
      sizes: ascending, of what the seeds ask for.
      earlier: how many were asked for before.
      examples: how many there are.
      size: as the config has it.
    """
    if len(sizes) > 1:
        raise InputError(f"{REQUESTS.size}: is {size}; allowed where seeds would have sets of "
                         f"{sizes[0]} to {sizes[-1]}: at least 1, as their models are worked on "
                         "together")
    if sizes[0] + earlier == examples:
        raise InputError(f"{REQUESTS.names}: ask for the whole training set; allowed: some that "
                         "leave examples to retain")


def load_request(study: Study, folder: pathlib.Path, number: int, earlier: np.ndarray) -> Cases:
    """What the stage chose; earlier: int32[S,E] positions that were asked for before."""
    stored, config = records.read_arrays(folder / "request.npz"), study.config
    return Cases((config.stream.requests[number],), tuple(config.seeds), stored["positions"],
                 earlier, number)
