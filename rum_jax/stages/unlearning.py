"""The stages that unlearn: one per row of the table."""

import pathlib
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from rum_jax import own
from rum_jax.errors import InputError
from rum_jax.progress import Progress
from rum_jax.randomness import generator
from rum_jax.refine import refinement
from rum_jax.rum import WHOLE, Step, chain, partition
from rum_jax.stages.forget import load_forget
from rum_jax.stages.models import Trained, load_states, model_stage
from rum_jax.stages.study import Study, folder_of, unlearn_optimizer
from rum_jax.unlearn import algorithm

SHUFFLED = "shuffled"


def steps_of(config: ConfigDict, row: str) -> list[Step]:
    """What a row does, in order: a name of `config.rows` as a chain."""
    kind, _, name = row.partition(":")
    if kind == "vanilla":
        return [Step(WHOLE, name, _hparams(config.vanilla, name))]
    section = config.rum_f if kind == "rum_f" else config.rum
    chosen = [name or section.algorithms[subset] for subset in section.order]
    return [Step(subset, one, _hparams(section, one, subset))
            for subset, one in zip(section.order, chosen, strict=True)]


def _hparams(section: ConfigDict, name: str, subset: str | None = None) -> dict:
    """Hyper-parameters from a section's table; a user's own algorithm may rely on its defaults."""
    if not own.is_reference(name):
        table = section.hparams[name]
        return (table[subset] if subset else table).to_dict()
    table = section.hparams.to_dict().get(own.short_name(name), {})
    return {**algorithm(name).hparams(), **(table.get(subset, {}) if subset else table)}


def refinement_of(config: ConfigDict, row: str) -> str | None:
    """A row's key of REFINEMENTS; None where the forget set stays whole."""
    kind = row.partition(":")[0]
    return {"vanilla": None, "rum_f": config.rum_f.refinement, "rum": config.rum.refinement,
            "rum_shuffled": SHUFFLED}[kind]


def unlearned(study: Study, row: str, original: pathlib.Path,
              forget: pathlib.Path) -> pathlib.Path:
    """Runs the chain of a row from the original models; stage "unlearn/<row>"."""
    steps, refined = steps_of(study.config, row), refinement_of(study.config, row)
    seeds, (positions, scores) = study.config.seeds, load_forget(forget)

    def make(progress: Progress) -> Trained:
        partitions = partitions_of(refined, positions, scores, seeds)
        done = chain(study.task, study.dataset.train, partitions, steps, seeds,
                     unlearn_optimizer(study.config), load_states(study, original), progress)
        losses = {f"{number} {step.subset} {step.algorithm}":
                  history.mean_losses
                  for number, (step, history) in enumerate(zip(steps, done.histories,
                                                               strict=True))}
        return Trained(done.states, losses, done.seconds,
                       sum(history.examples for history in done.histories))

    return model_stage(study, f"unlearn/{folder_of(row)}", seeds, make)


def partitions_of(refined: str | None, positions: np.ndarray, scores: np.ndarray,
                  seeds: Sequence[int]) -> list[dict[str, np.ndarray]]:
    """For each model {subset: int32[k] positions}.

    Args:
      refined: how, see `refinement_of`.
      positions, scores: [F], of the forget set.
      seeds: of the models; addresses of refinements that draw.

    Raises:
      InputError: the sizes of the subsets differ between models.
    """
    if refined is None:
        return [{WHOLE: positions}] * len(seeds)
    made = [partition(refinement(refined), positions, scores, generator(seed, "shuffle"))
            for seed in seeds]
    sizes = {tuple(len(own_part[name]) for name in sorted(own_part)) for own_part in made}
    if len(sizes) > 1:
        raise InputError(f"{refined}: gives subsets of other sizes for other seeds; allowed: the "
                         "same sizes, as the models of all seeds are trained together")
    return made
