"""Where a study over replicates keeps its files, and pieces of work that end in one of them.

    <workdir>/replicates/00003/base       data, originals and memorization models of data seed 3
    <workdir>/replicates/00003/low        an ordinary study: the part `low` of this replicate
    <workdir>/replicates/00003/low.json   its values
    <workdir>/tuning/low.json             what the search chose for the rows of this part
    <workdir>/leases, workers             which worker does what
"""

import pathlib
from collections.abc import Callable
from typing import Any

from rum_jax.core import records
from rum_jax.replicates.pieces import Piece
from rum_jax.runtime import distributed

REPLICATES = "replicates"


def folder_of(workdir: pathlib.Path, data_seed: int) -> pathlib.Path:
    """The folder of a replicate."""
    return workdir / REPLICATES / f"{data_seed:05d}"


def stored(path: pathlib.Path, made_from: str) -> dict[str, Any] | None:
    """A result as it was written; None: it is not there, damaged, or made from something else."""
    try:
        result = records.read_json(path)
        return result if result["made_from"] == made_from else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def piece(folder: pathlib.Path, name: str, made_from: str,
          work: Callable[[], dict[str, Any]]) -> Piece:
    """A piece whose result is the file <name>.json in a folder, written last.

    Args:
      folder: of the file.
      name: of the file.
      made_from: digest of all that the result depends on; a result of something else is no result.
      work: gives the result as JSON values.
    """
    path = folder / f"{name}.json"

    def is_done() -> bool:
        return stored(path, made_from) is not None

    def do() -> None:
        result = work()
        if distributed.is_writer():
            folder.mkdir(parents=True, exist_ok=True)
            records.write_json(path, {"made_from": made_from, **result})

    return Piece(f"{folder.name}-{name}", is_done, do)
