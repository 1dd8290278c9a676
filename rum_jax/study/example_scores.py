"""What is known of the training examples: scores and features, each a stage run when needed."""

import pathlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from rum_jax.config import identity
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.randomness import generator
from rum_jax.experiment.build import recipe
from rum_jax.forget.entanglement import centroid_distances
from rum_jax.forget.selection import (
    ENTANGLEMENT,
    FIRST,
    MEMORIZATION,
    SelectionContext,
    selection_context,
)
from rum_jax.proxies import PROXIES, ProxyInputs, scores
from rum_jax.refine import SCORES
from rum_jax.refine.by_score import finite
from rum_jax.refine.contract import ties_of
from rum_jax.runtime.progress import say, shown
from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study
from rum_jax.study.memorization import COST_FILE, memorization
from rum_jax.study.trained_models import EVENTS_FILE, load_states
from rum_jax.train.predict import embed


class ExampleScores:
    """Scores of all N examples by name, for each of S originals; NaN outside the training set.

    See `SelectionContext.score`.

    Args:
      study: see there.
      original: folder of the originals.
      prefix: of the names of stages that depend on the originals.
    """

    def __init__(self, study: Study, original: pathlib.Path, prefix: str = "") -> None:
        self.study, self.original, self._prefix = study, original, prefix
        self._features: np.ndarray | None = None
        self._scores: dict[str, np.ndarray] = {}
        self._folders: dict[str, pathlib.Path | None] = {}

    def stage(self, name: str, write: Callable[[pathlib.Path], None], values: Mapping,
              reads: Sequence[pathlib.Path] = (), files: Mapping[str, str] | None = None,
              ) -> pathlib.Path:
        """A stage that depends on the originals, on these values, and on other stages."""
        origin = Origin(values, [self.original, *reads], files=files or {})
        return stage_cache.stage(self.study.workdir, self._prefix + name, write, origin)

    def folders(self, scores: Iterable[str]) -> list[pathlib.Path]:
        """Folders of the stages that those scores are read from, each once."""
        for name in scores:
            if name not in self._folders:
                self._folders[name] = self._folder(name)
        folders = [self._folders[name] for name in scores]
        return [folder for folder in dict.fromkeys(folders) if folder]

    def _folder(self, name: str) -> pathlib.Path | None:
        if name == MEMORIZATION:
            return self.memorization()
        if name == ENTANGLEMENT:
            return self.entanglement()
        return self.proxy(name) if name in PROXIES else None

    def score(self, name: str) -> np.ndarray:
        """float64[S,N]. InputError: there is nothing that it could be made from."""
        if name not in self._scores:
            self._scores[name] = self._score(name)
        return self._scores[name]

    def _score(self, name: str) -> np.ndarray:
        seeds = len(self.study.config.seeds)
        if name == MEMORIZATION:
            stored = records.read_arrays(self.folders([name])[0] / "memorization.npz")
            return np.tile(self.study.dataset.at_positions(stored["memorization"]), (seeds, 1))
        if name == ENTANGLEMENT:
            return -records.read_arrays(self.folders([name])[0] / "distances.npz")["distances"]
        return scores(name, records.read_arrays(self.folders([name])[0] / "values.npz")["values"])

    def features(self) -> np.ndarray:
        """float32[S,N,D], penultimate features of the originals; kept in memory."""
        if self._features is None:
            features = embed(self.study.task, load_states(self.study, self.original))
            self._features = features.astype(np.float32)
        return self._features

    @property
    def has_memorization(self) -> bool:
        """Whether the study has memorization scores: of its own models, or given ones."""
        config = self.study.config
        return bool(config.campaign.models or config.memorization.scores)

    def memorization(self) -> pathlib.Path:
        """Folder of the memorization estimate."""
        if not self.has_memorization:
            raise InputError("config.campaign.models: is 0; allowed where memorization is asked "
                             "for: at least 4, or scores in config.memorization.scores")
        return memorization(self.study)

    def entanglement(self) -> pathlib.Path:
        """Stage "entanglement": `distances.npz`, float64[S,N], NaN outside of `remaining`.

        Euclidean distance of an example's features to the mean over all remaining examples.
        """

        def write(folder: pathlib.Path) -> None:
            distances = np.full(self.features().shape[:2], np.nan)
            for m, positions in enumerate(self.remaining):
                distances[m, positions] = centroid_distances(self.features()[m][positions])
            records.write_arrays(folder / "distances.npz", distances=distances)

        return self.stage("entanglement", write, self._distance_values())

    @property
    def remaining(self) -> np.ndarray:
        """int32[S,r] ascending positions of the training examples of no earlier request."""
        return np.tile(self.study.dataset.train, (len(self.study.config.seeds), 1))

    def _distance_values(self) -> dict:
        """What distances depend on besides the models."""
        return {}

    def proxy(self, name: str) -> pathlib.Path:
        """Stage "proxies/<name>": `values.npz`, float64[S,N] as the proxy is defined.

        `cost.json` has `seconds` and `example_gradients` per model, beyond the original's own
        training. Proxies that are computed after it also have a `caution`, which is printed.
        """

        def write(folder: pathlib.Path) -> None:
            values, cost = self._proxy(name)
            records.write_arrays(folder / "values.npz", values=values.astype(np.float64))
            records.write_json(folder / COST_FILE, cost)

        values = {}
        if PROXIES[name].compute:
            values = self.study.content.part(f"proxies.{name}", *identity.PROXY_OPTIMIZER)
        return self.stage(f"proxies/{name}", write, values)

    def _proxy(self, name: str) -> tuple[np.ndarray, dict]:
        study, config = self.study, self.study.config
        compute = PROXIES[name].compute
        if not compute:
            path = self.original / EVENTS_FILE
            if not path.is_file():
                raise InputError(f"{name}: is read while the originals are trained, and these "
                                 "were not trained here (config.train.from_files); allowed: "
                                 "heldout_retrain or loss_curvature, or from_files=()")
            return records.read_arrays(path)[name], {"seconds": 0.0, "example_gradients": 0}
        with stopwatch() as seconds, shown(f"proxies/{name}") as progress:
            inputs = ProxyInputs(
                study.task, load_states(study, self.original), study.dataset.train,
                study.dataset.positions, recipe(config, config.train).optimizer,
                tuple(config.seeds), progress)
            result = compute(inputs, config.proxies[name].to_dict())
            cost = {"seconds": seconds() / len(config.seeds),
                    "example_gradients": result.gradients, "caution": result.caution}
        if result.caution:
            say(f"{self._prefix}proxies/{name}: {result.caution}")
        return study.dataset.at_positions(result.values), cost

    def of_seed(self, m: int) -> SelectionContext:
        """What the original of the m-th seed makes of the training set."""
        dataset, seed = self.study.dataset, self.study.config.seeds[m]
        return selection_context(
            dataset, lambda name: self.score(name)[m], lambda: self.features()[m],
            lambda: generator(seed, "forget_set"), self.ties,
            file_ids=self.study.config.forget.file_ids)

    def ties(self, score: str) -> np.ndarray:
        """int64[N], the order of training examples with equal scores, the same for all seeds.

        It is drawn at (config.data.seed, "tie", score): a score that is the same for all seeds
        then selects the same examples for all. config.forget.ties="first" is the order of the data.
        """
        config, dataset = self.study.config, self.study.dataset
        order = np.arange(len(dataset.ids))
        if config.forget.ties != FIRST:
            draw = generator(config.data.seed, "tie", *score.encode())
            order[dataset.train] = draw.permutation(len(dataset.train))
        return order

    def of_forget(self, m: int, forget: np.ndarray) -> Mapping[str, np.ndarray]:
        """Scores and labels of a forget set, int32[F] positions, by name."""
        return _OfForgetSet(self, m, forget)


_TIES = {ties_of(name): name for name in (*SCORES, "label")}


class _OfForgetSet(Mapping[str, np.ndarray]):
    """What a refinement reads; see `refine.contract.Refinement`."""

    def __init__(self, example_scores: ExampleScores, m: int, forget: np.ndarray) -> None:
        self._example_scores, self._m, self._forget = example_scores, m, forget

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "label":
            return self._example_scores.study.dataset.labels[self._forget]
        if name in _TIES:
            return self._example_scores.ties(_TIES[name])[self._forget]
        if name not in SCORES:
            raise InputError(f"refinement: asks for {name!r}; known: {', '.join(self)}")
        return finite(name, self._example_scores.score(name)[self._m][self._forget])

    def __iter__(self) -> Iterator[str]:
        return iter((*SCORES, "label"))

    def __len__(self) -> int:
        return len(SCORES) + 1
