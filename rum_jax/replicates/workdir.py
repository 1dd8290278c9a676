"""The workdir of a study over replicates, which several workers may be at work in."""

import os
import pathlib

from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.core.errors import InputError
from rum_jax.core.paths import user_path
from rum_jax.runtime import distributed
from rum_jax.storage.workdir import CONFIG


def entered(path: str, config: ConfigDict) -> pathlib.Path:
    """The folder, made if it is not there, with the config in it.

    Raises:
      InputError: it cannot be written, or holds something else.
    """
    folder, fault = user_path(path), None
    if distributed.is_writer():
        try:
            fault = _fault(folder)
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
    try:
        replicates = records.read_json(folder / CONFIG)["replicates"]
    except (OSError, ValueError, KeyError, TypeError):
        replicates = []
    return None if replicates else ("holds a run without config.replicates; choose another "
                                    "folder")
