"""Whether every replicate has the examples that forget sets by memorization are made of.

That is known once the memorization models are trained, and is checked for all replicates before
any oracle is: a study does not stop at its last replicate.
"""

import pathlib
from collections.abc import Sequence

import numpy as np
from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core import records
from rum_jax.core.errors import InputError, raise_if_any
from rum_jax.forget import LEVELS, overlap_faults, scores_of
from rum_jax.forget.by_entanglement_score import bound_fault
from rum_jax.forget.by_score import select
from rum_jax.forget.selection import MEMORIZATION
from rum_jax.replicates.base_models import BASE
from rum_jax.replicates.folders import folder_of
from rum_jax.runtime import distributed
from rum_jax.storage.stage_cache import STAGES, verified


def check_levels(workdir: pathlib.Path, config: ConfigDict, data_seeds: Sequence[int]) -> None:
    """Checks the forget sets by memorization of all parts.

    Args:
      workdir: of the study.
      config: of the study.
      data_seeds: of its replicates, and of its search, whose memorization models are trained.

    Raises:
      InputError: a set cannot be chosen, sets of two levels have examples in common, or the
        memorization scores are damaged.
    """
    fault = None
    if distributed.is_writer():
        sets = [(part, configs.of_part(config, part).forget) for part in configs.parts_of(config)]
        faults = [f"data seed {data_seed}: {fault}"
                  for data_seed in data_seeds
                  for fault in _faults(folder_of(workdir, data_seed) / BASE, sets)]
        fault = "\n".join(faults[:3]) or None
    fault = distributed.broadcast_from_writer(fault)
    raise_if_any([fault] if fault else [], "The forget sets have faults:")


def _faults(base: pathlib.Path, sets: list[tuple[str, ConfigDict]]) -> list[str]:
    asked = [(part, name, forget.size) for part, forget in sets for name in forget.sets
             if MEMORIZATION in scores_of(name)]
    if not asked:
        return []
    stage = verified(base / STAGES / MEMORIZATION)
    scores = records.read_arrays(stage / "memorization.npz")["memorization"]
    faults = [f"{fault} (part {part})" for part, name, size in asked
              if (fault := bound_fault(name, scores, size))]
    named = [(part, name.partition(":")[2], size) for part, name, size in asked
             if name.startswith(f"{MEMORIZATION}:")]
    chosen: dict[str, np.ndarray] = {}
    for part, level, size in named:
        try:
            positions = select(level, scores, size)
        except InputError as error:
            faults.append(f"{error} (part {part})")
            continue
        if level in LEVELS:
            chosen.setdefault(f"{MEMORIZATION}:{level}", positions)

    def fits(size: int) -> bool:
        return not overlap_faults({name: select(name.partition(":")[2], scores, size)
                                   for name in chosen})

    return faults or overlap_faults(chosen, fits)
