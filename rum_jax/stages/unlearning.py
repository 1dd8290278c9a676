"""The stages that unlearn: one per row of the table."""

import pathlib

import numpy as np
from ml_collections import ConfigDict

from rum_jax.progress import Progress
from rum_jax.randomness import generator
from rum_jax.refine import REFINEMENTS
from rum_jax.rum import WHOLE, Step, chain, partition
from rum_jax.stages.forget import load_forget
from rum_jax.stages.models import Trained, epoch_means, load_states, model_stage
from rum_jax.stages.study import Study, unlearn_optimizer

SHUFFLED = "shuffled"


def steps_of(config: ConfigDict, row: str) -> list[Step]:
    """What a row does, in order: a name of `config.rows` as a chain."""
    kind, _, algorithm = row.partition(":")
    if kind == "vanilla":
        return [Step(WHOLE, algorithm, config.vanilla.hparams[algorithm].to_dict())]
    section = config.rum_f if kind == "rum_f" else config.rum
    chosen = [algorithm or section.algorithms[subset] for subset in section.order]
    return [Step(subset, name, section.hparams[name][subset].to_dict())
            for subset, name in zip(section.order, chosen, strict=True)]


def refinement_of(config: ConfigDict, row: str) -> str | None:
    """A row's key of REFINEMENTS; None where the forget set stays whole."""
    kind = row.partition(":")[0]
    return {"vanilla": None, "rum_f": config.rum_f.refinement, "rum": config.rum.refinement,
            "rum_shuffled": SHUFFLED}[kind]


def unlearned(study: Study, row: str, original: pathlib.Path,
              forget: pathlib.Path) -> pathlib.Path:
    """Runs the chain of a row from the original models; stage "unlearn/<row>"."""
    return run_chain(study, f"unlearn/{row.replace(':', '-')}", steps_of(study.config, row),
                     refinement_of(study.config, row), original, forget)


def run_chain(study: Study, name: str, steps: list[Step], refinement: str | None,
              original: pathlib.Path, forget: pathlib.Path) -> pathlib.Path:
    """Runs a chain from the original models, as a stage of that name."""
    seeds = study.config.seeds
    positions, scores = load_forget(forget)

    def make(progress: Progress) -> Trained:
        partitions = [_subsets(refinement, positions, scores, seed) for seed in seeds]
        done = chain(study.task, study.dataset.train, partitions, steps, seeds,
                     unlearn_optimizer(study.config),
                     load_states(study, original, len(seeds)), progress)
        losses = {f"{number} {step.subset} {step.algorithm}":
                  epoch_means(history.losses, step.hparams.get("epochs", 1))
                  for number, (step, history) in enumerate(zip(steps, done.histories,
                                                               strict=True))}
        return Trained(done.states, losses, done.seconds)

    return model_stage(study, name, seeds, make)


def _subsets(refinement: str | None, positions: np.ndarray, scores: np.ndarray,
             seed: int) -> dict[str, np.ndarray]:
    if refinement is None:
        return {WHOLE: positions}
    return partition(REFINEMENTS[refinement], positions, scores, generator(seed, "shuffle"))
