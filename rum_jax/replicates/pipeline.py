"""A study over replicates: every part of every replicate, by any number of workers.

First the models that all parts share, of the search's data seeds and of the replicates; then the
search for hyper-parameters; then every part of every replicate, as an ordinary study. Each of
these is a piece of work that one worker does while the others do other ones.
"""

import functools
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core import records
from rum_jax.replicates import base_models, values
from rum_jax.replicates.folders import folder_of, piece
from rum_jax.replicates.levels import check_levels
from rum_jax.replicates.pieces import Piece, complete
from rum_jax.replicates.values import Values
from rum_jax.replicates.workdir import entered
from rum_jax.runtime import distributed
from rum_jax.runtime.provenance import provenance
from rum_jax.runtime.worker_index import Worker
from rum_jax.storage import object_store
from rum_jax.storage.leases import Leases, identity
from rum_jax.storage.workdir import opened
from rum_jax.study import pipeline as study_pipeline
from rum_jax.tuning import given
from rum_jax.tuning import pipeline as tuning

Fields = Mapping[str, Mapping[str, Any]]  # part -> fields that its search has chosen, nested


def run(path: str, config: ConfigDict, worker: Worker) -> tuple[pathlib.Path, Values]:
    """Does all that is missing, together with the other workers.

    Args:
      path: of the workdir, shared by all workers.
      config: checked; with `replicates`.
      worker: which one this is.

    Returns:
      The workdir, and the values of all replicates.

    Raises:
      InputError: the workdir is in use for something else, or has damaged files; see also
        `tuning.given.check`.
      DivergedError: a loss is not finite.
    """
    given.check(config, tuning.digests(config))
    workdir = entered(path, config)
    process = {**identity(worker.index), "provenance": provenance()}
    leases = Leases(object_store.opened(str(workdir)), process, config.campaign.lease_seconds)
    if distributed.is_writer():
        with leases.alive():
            _complete(workdir, config, leases)
    else:
        _complete(workdir, config, None)
    return workdir, collected(workdir, config)


def _complete(workdir: pathlib.Path, config: ConfigDict, leases: Leases | None) -> None:
    searched_on = tuning.data_seeds(config)
    bases = [*_bases(workdir, config, searched_on, config.tuning.seeds),
             *_bases(workdir, config, config.replicates, config.seeds)]
    complete(bases, leases, "models of replicates")
    check_levels(workdir, config, (*searched_on, *config.replicates))
    for searches in tuning.pieces(workdir, config):
        complete(searches, leases, "searches")
    parts = _parts(workdir, config, tuning.fields(workdir, config))
    complete(parts, leases, "studies of replicates")


def _bases(workdir: pathlib.Path, config: ConfigDict, data_seeds: Sequence[int],
           model_seeds: Sequence[int]) -> list[Piece]:
    """One piece for the originals and memorization models of each data seed."""
    pieces = []
    for data_seed in data_seeds:
        study = configs.of_replicate(configs.base_of(config), data_seed, model_seeds)
        folder = folder_of(workdir, data_seed)
        pieces.append(piece(folder, base_models.BASE, base_models.made_from(study),
                            functools.partial(base_models.train, folder / base_models.BASE,
                                              study)))
    return pieces


def _parts(workdir: pathlib.Path, config: ConfigDict, fields: Fields) -> list[Piece]:
    """One piece for each part of each replicate, replicate after replicate."""
    pieces = []
    for data_seed in config.replicates:
        studies = studies_of(config, fields, data_seed)
        folder = folder_of(workdir, data_seed)
        pieces += [piece(folder, part, records.digest(
                             [values.VERSION, base_models.made_from(study)]),
                         functools.partial(_run_part, folder, part, studies))
                   for part, study in studies.items()]
    return pieces


def studies_of(config: ConfigDict, fields: Fields, data_seed: int) -> dict[str, ConfigDict]:
    """Part -> its study of a replicate, with what the search has chosen for it."""
    return {part: configs.of_replicate(
        configs.overlaid(configs.of_part(config, part), fields.get(part, {})), data_seed)
        for part in configs.parts_of(config)}


def _run_part(folder: pathlib.Path, part: str,
              studies: Mapping[str, ConfigDict]) -> dict[str, Any]:
    """Runs a part of a replicate as an ordinary study; its values."""
    study = studies[part]
    with opened(str(folder / part), study.to_dict()) as workdir:
        base_models.adopt(folder / base_models.BASE, workdir)
        for other, config in studies.items():
            if other != part and base_models.same_oracles(study, config):
                base_models.adopt(folder / other, workdir, base_models.ORACLES)
        distributed.barrier(f"adopted {part}")
        return values.of_study(study_pipeline.run(workdir, study))


def collected(workdir: pathlib.Path, config: ConfigDict) -> Values:
    """The values of all replicates; every piece must be done."""
    return Values(tuple(config.replicates), {
        part: [records.read_json(folder_of(workdir, data_seed) / f"{part}.json")
               for data_seed in config.replicates] for part in configs.parts_of(config)})
