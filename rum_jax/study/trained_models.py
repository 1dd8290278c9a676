"""Stages that leave models behind: originals, oracles and unlearned models.

Their folders hold `states` (Orbax), `logits.npz` (float32[M,N,C] for all examples),
`metrics.jsonl` (mean loss of each epoch) and `models.json` (how many models, their outputs,
seconds without compilation, example gradients of each, and what they were computed with).
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

from rum_jax.config import identity
from rum_jax.core import records
from rum_jax.core.paths import user_path
from rum_jax.experiment.build import recipe
from rum_jax.models.torch_import import load_variables
from rum_jax.proxies import learning_events
from rum_jax.rum.chain import retain_sets
from rum_jax.runtime.progress import Progress, say, shown
from rum_jax.runtime.stopwatch import stopwatch
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study import given_models
from rum_jax.study.checkpoints import checkpointing, clear_checkpoints
from rum_jax.study.context import Study
from rum_jax.train import checkpoint
from rum_jax.train.predict import predict
from rum_jax.train.recipe import period_means
from rum_jax.train.state import TrainState, fresh, with_fresh_optimizer
from rum_jax.unlearn.retrain import oracles

EVENTS_FILE = "learning_events.npz"


class Trained(NamedTuple):
    """What such a stage computes.

    Attributes:
      states: leading axis M, on the host.
      losses: label of each phase -> float[M,periods] mean losses of its epochs, or of its steps
        where epochs differ in their number of steps.
      seconds: of the M models together, without compilation.
      examples: how many example gradients each model took.
      steps: how many optimizer steps.
      files: SHA-256 of each file that they were read from.
      events: `learning_events.EVENTS` -> float64[M,N], NaN outside the training set; of originals
        alone.
    """

    states: TrainState
    losses: dict[str, np.ndarray]
    seconds: float
    examples: int
    steps: int
    files: dict[str, str] = {}
    events: dict[str, np.ndarray] = {}


def model_stage(study: Study, name: str, seeds: tuple[int, ...], origin: Origin,
                make: Callable[[Progress], Trained],
                more: Callable[[pathlib.Path], None] | None = None) -> pathlib.Path:
    """Runs make once, and keeps its models and their outputs; `more` writes other files."""

    def write(folder: pathlib.Path) -> None:
        with shown(name) as progress:
            trained = make(progress)
        checkpoint.save(folder / "states", trained.states)
        records.write_arrays(folder / "logits.npz", logits=predict(study.task, trained.states))
        if trained.events:
            records.write_arrays(folder / EVENTS_FILE, **trained.events)
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": name, "phase": phase, "seed": seed, "loss_per_epoch": losses[m].tolist()}
            for phase, losses in trained.losses.items() for m, seed in enumerate(seeds)))
        records.write_json(folder / "models.json", {
            "models": len(seeds), "outputs": study.task.model.outputs(trained.states.params),
            "seconds": trained.seconds, "example_gradients": trained.examples,
            "optimizer_steps": trained.steps,
            "convolution": study.task.model.network.lowering, "dtype": study.task.model.dtype,
            "files": trained.files})
        if more:
            more(folder)

    models = stage_cache.stage(study.workdir, name, write, origin)
    clear_checkpoints(study, name)
    return models


def training_of(study: Study) -> dict:
    """What identifies a training from scratch, as JSON values for an `Origin`."""
    return study.content.part(*identity.TRAINING, less=identity.NOT_OF_TRAINING)


def network_of(study: Study) -> dict:
    """What identifies the network, as JSON values for an `Origin`."""
    image = study.task.model.image
    return {**study.content.part(*identity.NETWORK),
            "type of the models' numbers": study.task.model.dtype,
            "normalization": [image.mean, image.std]}


def load_states(study: Study, folder: pathlib.Path) -> TrainState:
    """The models of a stage."""
    stored = records.read_json(folder / "models.json")
    return checkpoint.load(folder / "states", study.task.model, stored["models"],
                           stored["outputs"])


def load_logits(folder: pathlib.Path) -> np.ndarray:
    """float32[M,N,C] of a stage's models."""
    return records.read_arrays(folder / "logits.npz")["logits"]


def load_seconds_per_model(folder: pathlib.Path) -> float:
    """Seconds without compilation, an equal share for each model trained together."""
    stored = records.read_json(folder / "models.json")
    return stored["seconds"] / stored["models"]


def work_of(folder: pathlib.Path) -> dict[str, int]:
    """`example_gradients` and `optimizer_steps` that each model of a stage took."""
    stored = records.read_json(folder / "models.json")
    return {name: stored[name] for name in ("example_gradients", "optimizer_steps")}


def convolutions(workdir: pathlib.Path) -> dict[str, str]:
    """Stage -> the lowering of convolutions that its models were made with, of all processes.

    Where memorization models were made with several, all of them, separated by commas.
    """
    root, lowerings = workdir / "stages", {}
    for name, field in (("models.json", "convolution"), ("cost.json", "convolutions")):
        for path in sorted(root.rglob(name)):
            used = records.read_json(path).get(field)
            if used:
                lowerings[path.parent.relative_to(root).as_posix()] = (
                    used if isinstance(used, str) else ", ".join(used))
    return lowerings


def originals(study: Study, name: str = "original") -> pathlib.Path:
    """Models trained on the whole training set, one per seed; or read from the user's files.

    What they do on the way is kept in `learning_events.npz`, for the proxies that are made of it.
    """
    if study.config.train.from_files:
        return _imported(study, name)
    config, seeds = study.config, study.config.seeds
    how, dataset = recipe(config, config.train), study.dataset
    values = {**network_of(study), **study.content.part("seeds"), **training_of(study)}
    origin = Origin(values, [study.data])

    def make(progress: Progress) -> Trained:
        with stopwatch() as seconds:
            keep = checkpointing(study, name, origin, seconds)
            trained = learning_events.originals(study.task, dataset.train, seeds, how, progress,
                                                keep)
            done = seconds() + (keep.earlier_seconds if keep else 0)
        losses = {"train": period_means(trained.losses, how.epochs)}
        return Trained(with_fresh_optimizer(trained.states), losses, done,
                       how.epochs * len(dataset.train), trained.losses.shape[1],
                       events=trained.events)

    return model_stage(study, name, seeds, origin, make)


def _imported(study: Study, name: str) -> pathlib.Path:
    """Models of the user's files; `given.json` has their accuracies, see `given_models.judge`."""
    config, read = study.config.train, []

    def make(progress: Progress) -> Trained:
        paths = [user_path(path) for path in config.from_files]
        read[:] = [fresh(*load_variables(path, study.task.model)) for path in paths]
        progress(1.0)
        return Trained(jax.tree.map(lambda *leaves: np.stack(leaves), *read), {}, 0.0, 0, 0,
                       {str(path): records.sha256(path) for path in paths})

    def judge(folder: pathlib.Path) -> None:
        states = jax.tree.map(lambda *leaves: np.stack(leaves), *read)
        records.write_json(folder / "given.json", given_models.judge(
            study.task, study.dataset, list(config.from_files), states, load_logits(folder)))

    if config.from_files_mean:
        say(f"{name}: all models of this study, oracles too, are normalized as the given ones: "
            f"mean {tuple(config.from_files_mean)}, std {tuple(config.from_files_std)}")
    values = {**network_of(study), **study.content.part("seeds", *identity.GIVEN_MODELS)}
    origin = Origin(values, [study.data],
                    files=study.content.files.get("config.train.from_files", {}))
    return model_stage(study, name, study.config.seeds, origin, make, judge)


def given_cautions(study: Study, original: pathlib.Path, oracles: pathlib.Path,
                   forget: np.ndarray) -> list[str]:
    """What makes given models doubtful once there are oracles; nothing of models trained here.

    Args:
      original, oracles: folders of the given models, and of an oracle of each of M cases.
      forget: int32[M,F] of the cases, seed after seed in each set.
    """
    if not study.config.train.from_files:
        return []
    seeds = len(study.config.seeds)
    return given_models.cautions(study.dataset, load_logits(original), load_logits(oracles), forget,
                          [case % seeds for case in range(len(forget))])


def retrained(study: Study, name: str, seeds: tuple[int, ...],
              forget: np.ndarray) -> pathlib.Path:
    """Oracles: models trained without their forget set, int32[M,F] for M seeds."""
    config, train = study.config, study.dataset.train
    how = recipe(config, config.train)
    retain = retain_sets(train, forget)
    values = {**network_of(study), **training_of(study), "seeds": list(seeds),
              "forget set": records.array_sha256(forget)}
    origin = Origin(values, [study.data])

    def make(progress: Progress) -> Trained:
        with stopwatch() as seconds:
            keep = checkpointing(study, name, origin, seconds)
            states, history = oracles(study.task, forget, retain, seeds, how, progress, keep)
            done = seconds() + (keep.earlier_seconds if keep else 0)
        return Trained(states, {"retrain": history.mean_losses}, done, history.examples,
                       history.losses.shape[1])

    return model_stage(study, name, seeds, origin, make)


def again_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    """Seeds that are not among the given ones, one for each: those of the second oracles."""
    other = {seed: max(seeds) + 1 + i for i, seed in enumerate(dict.fromkeys(seeds))}
    return tuple(other[seed] for seed in seeds)
