"""The whole study: stage after stage, each skipped if it is already there."""

import pathlib
from typing import NamedTuple

from ml_collections import ConfigDict

from rum_jax.memorization.influence import NONE
from rum_jax.stages.evaluation import References, evaluated
from rum_jax.stages.forget import forget_set, load_forget
from rum_jax.stages.memorization import influence, memorization
from rum_jax.stages.models import again_seeds, originals, retrained
from rum_jax.stages.study import Study, check_memory, make_study
from rum_jax.stages.unlearning import unlearned


class Finished(NamedTuple):
    """Folders of a finished study.

    Attributes:
      study: what all stages shared.
      original, forget, memorization: those stages' folders.
      rows: row -> folder of its evaluation, in the order of the table.
      influence: folder, if it was asked for.
    """

    study: Study
    original: pathlib.Path
    forget: pathlib.Path
    memorization: pathlib.Path
    rows: dict[str, pathlib.Path]
    influence: pathlib.Path | None


def run(workdir: pathlib.Path, config: ConfigDict) -> Finished:
    """Runs every stage of a checked config that is not yet there.

    Raises:
      InputError: a bad input that only shows with the data or an earlier stage's files.
      RunError: a loss diverged, or the disk is full.
    """
    study = make_study(workdir, config)
    check_memory(study)
    original = originals(study)
    scores = memorization(study)
    influences = influence(study) if config.campaign.influence != NONE else None
    forget = forget_set(study, scores)
    positions, _ = load_forget(forget)
    oracle = retrained(study, "retrain", config.seeds, positions)
    models = {"original": original, "retrain": oracle,
              "retrain_again": retrained(study, "retrain_again", again_seeds(config.seeds),
                                         positions)}
    for row in config.rows:
        models[row] = unlearned(study, row, original, forget)
    references = References(original, oracle, positions)
    rows = {row: evaluated(study, row, folder, references) for row, folder in models.items()}
    return Finished(study, original, forget, scores, rows, influences)
