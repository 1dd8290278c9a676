"""Stages that leave models behind: originals, oracles and unlearned models.

Their folders hold `states` (Orbax), `logits.npz` (float32[M,N,C] for all examples),
`metrics.jsonl` (mean loss of each epoch) and `cost.json` (seconds without compilation).
"""

import pathlib
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rum_jax import records, store
from rum_jax.clock import stopwatch
from rum_jax.progress import Progress, shown
from rum_jax.randomness import ROLES, generator
from rum_jax.stages.study import Study, recipe
from rum_jax.train import checkpoint
from rum_jax.train.predict import predict
from rum_jax.train.recipe import initial_states, train
from rum_jax.train.state import TrainState
from rum_jax.unlearn import retrain
from rum_jax.unlearn.base import Problem, rested


class Trained(NamedTuple):
    """What such a stage computes.

    Attributes:
      states: leading axis M, on the host.
      losses: label of each phase -> float32[M,epochs] mean losses.
      seconds: of the M models together, without compilation.
    """

    states: TrainState
    losses: dict[str, np.ndarray]
    seconds: float


def model_stage(study: Study, name: str, seeds: tuple[int, ...],
                make: Callable[[Progress], Trained]) -> pathlib.Path:
    """Runs make once, and keeps its models and their outputs."""

    def write(folder: pathlib.Path) -> None:
        with shown(name) as progress:
            trained = make(progress)
        checkpoint.save(folder / "states", trained.states)
        records.write_arrays(folder / "logits.npz", logits=predict(study.task, trained.states))
        records.write_lines(folder / "metrics.jsonl", (
            {"stage": name, "phase": phase, "seed": seed, "loss_per_epoch": losses[m].tolist()}
            for phase, losses in trained.losses.items() for m, seed in enumerate(seeds)))
        records.write_json(folder / "cost.json", {"seconds": trained.seconds,
                                                  "models": len(seeds)})

    return store.stage(study.workdir, name, write)


def load_states(study: Study, folder: pathlib.Path, models: int) -> TrainState:
    """The models of a stage."""
    return checkpoint.load(folder / "states", study.task.model, models)


def load_logits(folder: pathlib.Path) -> np.ndarray:
    """float32[M,N,C] of a stage's models."""
    return records.read_arrays(folder / "logits.npz")["logits"]


def load_seconds_per_model(folder: pathlib.Path) -> float:
    """Seconds without compilation, an equal share for each model trained together."""
    cost = records.read_json(folder / "cost.json")
    return cost["seconds"] / cost["models"]


def epoch_means(losses: np.ndarray, epochs: int) -> np.ndarray:
    """float32[M,T] losses of steps -> float32[M,epochs]; nothing for an algorithm without."""
    return losses.reshape(len(losses), epochs, -1).mean(-1) if losses.size else losses


def originals(study: Study) -> pathlib.Path:
    """Models trained on the whole training set, one per seed, in one program."""
    config, seeds = study.config, study.config.seeds
    how, dataset = recipe(config, config.train.epochs), study.dataset

    def order(seed: int):
        return lambda epoch: generator(seed, "order", 0, epoch)

    def make(progress: Progress) -> Trained:
        with stopwatch() as seconds:
            states = initial_states(study.task.model, [(s, ROLES["init"], 0) for s in seeds])
            states, losses = train(study.task, np.tile(dataset.train, (len(seeds), 1)), states,
                                   how, [order(seed) for seed in seeds],
                                   [f"seed {seed}" for seed in seeds], progress)
            done = seconds()
        return Trained(rested(states), {"train": epoch_means(losses, how.epochs)}, done)

    return model_stage(study, "original", seeds, make)


def retrained(study: Study, name: str, seeds: tuple[int, ...],
              forget: np.ndarray) -> pathlib.Path:
    """Oracles: models trained without the forget set int32[F], one per seed."""
    config, models = study.config, len(seeds)
    how = recipe(config, config.train.epochs)
    retain = np.setdiff1d(study.dataset.train, forget).astype(np.int32)
    hparams = {"epochs": how.epochs, "learning_rate": how.learning_rate}

    def make(progress: Progress) -> Trained:
        problem = Problem(study.task, np.tile(forget, (models, 1)), np.tile(retain, (models, 1)),
                          seeds, 0, how.optimizer, progress)
        with stopwatch() as seconds:
            states, history = retrain.unlearn(problem, None, hparams)
            done = seconds()
        return Trained(states, {"retrain": epoch_means(history.losses, how.epochs)}, done)

    return model_stage(study, name, seeds, make)


def again_seeds(seeds: tuple[int, ...]) -> tuple[int, ...]:
    """As many seeds that are not among the given ones: those of the second oracles."""
    return tuple(range(max(seeds) + 1, max(seeds) + 1 + len(seeds)))
