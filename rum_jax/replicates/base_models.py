"""What all parts of a replicate share: its data, originals and memorization models."""

import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import identity
from rum_jax.config import replicates as configs
from rum_jax.config.content import content_of
from rum_jax.core import records
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.runtime import distributed
from rum_jax.storage import stage_cache
from rum_jax.storage.workdir import opened
from rum_jax.study.context import check_memory, make_study
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.memorization import members_seconds
from rum_jax.study.trained_models import originals

BASE = configs.BASE
ORACLES = ("forget", "retrain", "retrain_again")  # of parts with the same forget sets
ALIKE = ("seeds", "forget", *identity.DATA, *identity.NETWORK, *identity.TRAINING,
         *identity.MEMORIZATION)


def train(folder: pathlib.Path, config: ConfigDict) -> dict[str, Any]:
    """Trains the originals and memorization models of a replicate, as far as they are missing.

    Args:
      folder: of the base, below that of the replicate.
      config: see `config.replicates.base_of` and `of_replicate`.

    Returns:
      Model seeds, and the seconds that it took, as JSON values.

    Raises:
      InputError: the folder has stages that were made from something else.
    """
    with opened(str(folder), config.to_dict()) as workdir:
        scores = example_scores(workdir, config)
        folders = [scores.original, *scores.folders([MEMORIZATION] * scores.has_memorization)]
        return {"seeds": list(config.seeds), "seconds": sum(
            stage_cache.seconds(each) + members_seconds(each) for each in folders)}


def example_scores(workdir: pathlib.Path, config: ConfigDict) -> ExampleScores:
    """Originals and memorization models of a study, trained as far as they are not there."""
    study = make_study(workdir, config)
    check_memory(study)
    scores = ExampleScores(study, originals(study))
    if scores.has_memorization:
        scores.folders([MEMORIZATION])
    return scores


def adopt(source: pathlib.Path, target: pathlib.Path, names: Sequence[str] | None = None) -> None:
    """Links finished stages of one workdir into another that does not have them yet.

    They are checked there like its own: a stage that was made from something else is refused.

    Args:
      source, target: workdirs.
      names: of the stages; None: all that are finished.
    """
    if not distributed.is_writer():
        return
    for name in stage_cache.finished_names(source):
        there = target / stage_cache.STAGES / name
        if (names is None or name in names) and not there.exists():
            partial = there.with_name(f"{there.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(source / stage_cache.STAGES / name, partial, copy_function=os.link)
            partial.replace(there)


def same_oracles(config: ConfigDict, other: ConfigDict) -> bool:
    """Whether two parts of a replicate have the same forget sets and oracles."""
    first, second = (content_of(part.to_dict()).part(*ALIKE) for part in (config, other))
    return first == second


def made_from(config: ConfigDict) -> str:
    """Digest of all fields of a study that change its results, files by their contents."""
    content = content_of(config.to_dict())
    fields = {name: value for name, value in content.values.items()
              if not identity.below(name.removeprefix("config."), identity.FREE)}
    return records.digest({**fields, "rows": content.values["config.rows"]})
