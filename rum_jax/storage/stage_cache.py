"""Stages on disk: a finished stage is a folder that says what it was made from.

A stage is made in `stages/<name>.partial`, gets a `done.json`, and is then renamed to
`stages/<name>`. `done.json` has the SHA-256 of each of its files and an `Origin`: the part of the
config that it depends on, and the identity of every stage that it read. A finished stage is used
again only for the same origin, so that a folder that was copied from another run, or made from
models that have been trained anew since, is noticed. Whatever stops a run, the same command goes
on after the last finished stage. Of several processes one writes; the others make their stages in
a folder of their own that is thrown away, and read what the one has written.
"""

import errno
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rum_jax import __version__
from rum_jax.core import records
from rum_jax.core.checks import shortened
from rum_jax.core.errors import MOST_DIFFERENCES, InputError, RunError, listed
from rum_jax.runtime import distributed
from rum_jax.runtime.progress import say

DONE, STAGES = "done.json", "stages"
FORMAT = 3  # version of the stage files; finished stages of another version are refused
FIELDS_OF_0_1 = {"seconds", "sha256"}  # of `done.json` as version 0.1 wrote it
# Left out of a stage's identity, as the same computation may write other bytes: run times, and
# Orbax checkpoints with their timestamps. Models are identified by their outputs on all examples.
INCIDENTAL_FILES, INCIDENTAL_FOLDERS = ("models.json", "cost.json"), ("states",)


class Origin(NamedTuple):
    """What a stage is made from.

    Attributes:
      values: JSON values by name; those of config fields are called `config.<field>`. Files are
        represented by the digests of their contents.
      reads: folders of the stages whose files it reads.
      row: of the study's table, as the config has it, if the stage belongs to one.
      files: path as the config has it -> digest of each file that it names for this stage. For
        messages: where a file is does not count, and its content is part of `values`.
    """

    values: Mapping[str, Any] = {}
    reads: Sequence[pathlib.Path] = ()
    row: str = ""
    files: Mapping[str, str] = {}


def stage(workdir: pathlib.Path, name: str, make: Callable[[pathlib.Path], None],
          origin: Origin) -> pathlib.Path:
    """The folder of a finished stage, made now if it is not there.

    Args:
      workdir: of the run.
      name: folder below `stages`, may have slashes.
      make: writes the stage's files into the folder it is given.
      origin: what it is made from.

    Raises:
      InputError: a file of the finished stage was damaged, or it was made from something else.
      RunError: making it failed for a reason the user can do something about.
    """
    folder = workdir / STAGES / name
    if distributed.broadcast_from_writer(os.path.lexists(folder)):
        verified(folder)
        _check_origin(workdir, name, origin)
        say(f"{name}: already there")
        return folder
    if distributed.is_writer():
        _make(workdir, name, folder, make, origin)
        say(f"{name}: done in {seconds(folder):.1f} s")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            make(pathlib.Path(scratch))
    distributed.barrier(f"stage {name}")
    return folder


def _make(workdir: pathlib.Path, name: str, folder: pathlib.Path,
          make: Callable[[pathlib.Path], None], origin: Origin) -> None:
    partial = folder.with_name(folder.name + ".partial")
    start = time.monotonic()
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        digests = {path.relative_to(partial).as_posix(): records.sha256(path)
                   for path in _files(partial)}
        records.write_json(partial / DONE, {
            "seconds": time.monotonic() - start, "sha256": digests,
            "made_from": _recorded(workdir, name, origin)})
    except RunError as error:
        raise type(error)(f"stage {name}: {error}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(f"{error.filename}: is a file where a folder of this run belongs; move "
                         "it elsewhere and run the same command again") from error
    except Exception as error:
        if disk_is_full(error):
            raise RunError(f"stage {name}: no space left on the device of {workdir}; make room "
                           "and run the same command again, finished stages are kept") from error
        raise
    partial.replace(folder)


def _recorded(workdir: pathlib.Path, name: str, origin: Origin) -> dict:
    """An origin as JSON; with the stage's name, since several stages are made from the same."""
    return {"row": origin.row, "files": dict(origin.files),
            "values": {"stage": name, "format": FORMAT, **records.plain(origin.values)},
            "stages": {folder.relative_to(workdir / STAGES).as_posix(): identity(folder)
                       for folder in origin.reads}}


def identity(folder: pathlib.Path) -> str:
    """Hexadecimal SHA-256 of a finished stage's origin and of its results.

    Stages with the same origin and the same results have the same identity, whenever they were
    made: INCIDENTAL_FILES and INCIDENTAL_FOLDERS are left out.
    """
    about = read_done(folder)
    origin = {name: about["made_from"][name] for name in ("values", "stages")}
    results = {name: digest for name, digest in about["sha256"].items()
               if name.rpartition("/")[2] not in INCIDENTAL_FILES
               and name.partition("/")[0] not in INCIDENTAL_FOLDERS}
    return records.digest([origin, results])


def _check_origin(workdir: pathlib.Path, name: str, origin: Origin) -> None:
    """Raises InputError unless a finished stage was made from `origin`."""
    folder = workdir / STAGES / name
    recorded, expected = read_done(folder)["made_from"], _recorded(workdir, name, origin)
    faults = [f"{name}: there {shortened(recorded['values'].get(name, 'absent'))}, here "
              f"{shortened(expected['values'].get(name, 'absent'))}"
              for name in sorted({*recorded["values"], *expected["values"]})
              if recorded["values"].get(name) != expected["values"].get(name)]
    faults += [f"stages/{name}: it was made from another one than is there now"
               for name in sorted({*recorded["stages"], *expected["stages"]})
               if recorded["stages"].get(name) != expected["stages"].get(name)]
    if faults:
        raise InputError(f"{folder}: this stage was made from something else:"
                         f"{listed(faults, MOST_DIFFERENCES)}\nRestore what it was made from, or "
                         "delete the folder and run the same command again to make it anew, or "
                         "use another --workdir")


def discard_partials(workdir: pathlib.Path) -> None:
    """Removes what an interrupted process left unfinished; call with the workdir locked."""
    if not distributed.is_writer():
        return
    for path in list((workdir / STAGES).rglob("*.partial")):
        shutil.rmtree(path, ignore_errors=True)


def seconds(folder: pathlib.Path) -> float:
    """Wall time that making the stage took, compilation included."""
    return read_done(folder)["seconds"]


def finished(workdir: pathlib.Path, pattern: str) -> Iterator[pathlib.Path]:
    """Folders of finished stages that match a pattern; all processes must ask for them."""
    names = distributed.broadcast_from_writer(finished_names(workdir, pattern))
    return (workdir / STAGES / name for name in names)


def finished_names(workdir: pathlib.Path, pattern: str = "**") -> list[str]:
    """Names of finished stages that match a pattern, sorted, as this process sees them."""
    root = workdir / STAGES
    return [path.parent.relative_to(root).as_posix()
            for path in sorted(root.glob(f"{pattern}/{DONE}"))
            if not path.parent.name.endswith(".partial")]


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    """All files of a stage but hidden ones, which file systems and desktops add."""
    return sorted(path for path in folder.rglob("*")
                  if not path.is_dir() and path != folder / DONE
                  and not path.name.startswith("."))


def read_done(folder: pathlib.Path) -> dict:
    """`done.json` of a finished stage.

    Raises:
      InputError: it cannot be read, or is not what this version writes.
    """
    path = folder / DONE
    try:
        about = records.read_json(path)
        origin = about["made_from"]
        whole = (isinstance(about["seconds"], int | float) and about["sha256"]
                 and all(isinstance(part, dict) for part in (
                     about["sha256"], origin["values"], origin["stages"], origin["files"]))
                 and isinstance(origin["row"], str))
        if not whole:
            raise ValueError("it has values of other types")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, KeyError) and set(about) == FIELDS_OF_0_1:
            raise InputError(f"{path}: was written by rum_jax 0.1, which does not say what a stage "
                             f"was made from; this is rum_jax {__version__}, and converts nothing: "
                             "use another --workdir, or go on with version 0.1") from error
        kind = "has no " + str(error) if isinstance(error, KeyError) else str(error)
        raise InputError(f"{path}: cannot be read as the record of a finished stage ({kind}); "
                         f"{_remedy(folder)}") from error
    return about


def _remedy(folder: pathlib.Path) -> str:
    return f"delete the folder {folder} and run the same command again to make it anew"


def verified(folder: pathlib.Path) -> pathlib.Path:
    """The folder of a finished stage, once each of its files is what was written.

    Raises:
      InputError: a file was changed, cut short, removed or added.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: is no folder, or a link that leads nowhere; delete it and run "
                         "the same command again")
    expected = read_done(folder)["sha256"]
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: is missing; {_remedy(folder)}")
        if records.sha256(path) != digest:
            raise InputError(f"{path}: is damaged, its content is not what was written "
                             f"({path.stat().st_size} bytes now); {_remedy(folder)}")
    added = [path for path in _files(folder) if path.relative_to(folder).as_posix() not in expected]
    if added:
        raise InputError(f"{added[0]}: is a file that this stage did not write; move it "
                         f"elsewhere, or {_remedy(folder)}")
    return folder


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that caused it, says that no space is left."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left on device" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
