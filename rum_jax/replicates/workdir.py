"""The workdir of a study over replicates, which several workers may be at work in."""

import os
import pathlib

from ml_collections import ConfigDict

from rum_jax.config import replicates as configs
from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import user_path
from rum_jax.replicates.folders import folder_of
from rum_jax.runtime import distributed
from rum_jax.storage.workdir import CONFIG, OVER_REPLICATES, changes, kind_of, made_from_others

SEARCHED = ("config.vanilla.", "config.rum_f.", "config.rum.")  # sections that a search fills


def entered(path: str, config: ConfigDict) -> pathlib.Path:
    """The folder, made if it is not there, with the config in it.

    Raises:
      InputError: it cannot be written, holds something else, or models or forget sets that were
        made with other values; nothing is written then.
    """
    folder, fault = user_path(path), None
    if distributed.is_writer():
        try:
            fault = _fault(folder) or _changed(folder, config)
            if fault is None:
                folder.mkdir(parents=True, exist_ok=True)
                records.write_json(folder / CONFIG, config.to_dict())
        except OSError as error:
            fault = (f"cannot be written ({error.strerror or error}); choose a folder that can")
        except InputError as error:
            fault = str(error)
    fault = distributed.broadcast_from_writer(fault)
    if fault:
        raise InputError(f"--workdir: {path}: {fault}")
    return folder


def _fault(folder: pathlib.Path) -> str | None:
    """Why a folder cannot be used; None: it can."""
    if not folder.exists():
        return None
    if not folder.is_dir():
        return "is a file; choose a folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return "cannot be written (no permission); choose a folder that can"
    others = sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))
    if not (folder / CONFIG).exists():
        return (f"has no {CONFIG} but other files ({', '.join(others[:3])}); choose a new or an "
                "empty folder") if others else None
    kind = kind_of(folder)
    return None if kind == OVER_REPLICATES else f"holds {kind}; choose another folder"


def _changed(folder: pathlib.Path, config: ConfigDict) -> str | None:
    """Fields whose values differ from those that finished stages were made from.

    All replicates have the same ones, so that the first one of the study and of the search will do.
    What searches choose is left out.
    """
    places = [(folder_of(folder, data_seed) / part, configs.of_replicate(
        configs.base_of(config) if part == configs.BASE else configs.of_part(config, part),
        data_seed, seeds)) for data_seeds, seeds in (
            (config.tuning.replicates, config.tuning.seeds), (config.replicates, config.seeds))
        for data_seed in data_seeds[:1] for part in (configs.BASE, *configs.parts_of(config))]
    faults = [fault for place, study in places for fault in changes(place, study.to_dict())
              if not fault.startswith(SEARCHED)]
    return f"{made_from_others(list(dict.fromkeys(faults)))}." if faults else None
