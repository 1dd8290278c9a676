"""Stages on disk: a finished stage is a folder, there or not there, and is never redone.

A stage is made in `stages/<name>.partial`, gets a `done.json` with the SHA-256 of each of its
files, and is then renamed to `stages/<name>`. Whatever stops a run, the same command goes on
after the last finished stage. Of several processes one writes; the others make their stages in
a folder of their own that is thrown away, and read what the one has written.
"""

import errno
import pathlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator

from rum_jax import hosts, records
from rum_jax.errors import InputError, RunError
from rum_jax.progress import say

DONE = "done.json"


def stage(workdir: pathlib.Path, name: str,
          make: Callable[[pathlib.Path], None]) -> pathlib.Path:
    """The folder of a finished stage, made now if it is not there.

    Args:
      workdir: of the run.
      name: folder below `stages`, may have slashes.
      make: writes the stage's files into the folder it is given.

    Raises:
      InputError: a file of the finished stage was damaged.
      RunError: making it failed for a reason the user can do something about.
    """
    folder = workdir / "stages" / name
    if hosts.agreed(folder.exists()):
        say(f"{name}: already there")
        return verified(folder)
    if hosts.is_writer():
        _make(workdir, name, folder, make)
        say(f"{name}: done in {seconds(folder):.1f} s")
    else:
        with tempfile.TemporaryDirectory() as scratch:
            make(pathlib.Path(scratch))
    hosts.wait(f"stage {name}")
    return folder


def _make(workdir: pathlib.Path, name: str, folder: pathlib.Path,
          make: Callable[[pathlib.Path], None]) -> None:
    partial = folder.with_name(folder.name + ".partial")
    start = time.monotonic()
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        make(partial)
        _finish(partial, time.monotonic() - start)
    except RunError as error:
        raise type(error)(f"stage {name}: {error}") from error
    except Exception as error:
        if disk_is_full(error):
            raise RunError(f"stage {name}: no space left on the device of {workdir}; make room "
                           "and run the same command again, finished stages are kept") from error
        raise
    partial.replace(folder)


def discard_partials(workdir: pathlib.Path) -> None:
    """Removes what an interrupted process left unfinished; call with the workdir locked."""
    if not hosts.is_writer():
        return
    for path in list((workdir / "stages").rglob("*.partial")):
        shutil.rmtree(path, ignore_errors=True)


def seconds(folder: pathlib.Path) -> float:
    """Wall time that making the stage took, compilation included."""
    return records.read_json(folder / DONE)["seconds"]


def finished(workdir: pathlib.Path, pattern: str) -> Iterator[pathlib.Path]:
    """Folders of finished stages that match a pattern, in the order of their names."""
    root = workdir / "stages"
    names = [str(path.parent.relative_to(root)) for path in sorted(root.glob(f"{pattern}/{DONE}"))
             if not path.parent.name.endswith(".partial")]
    return (root / name for name in hosts.agreed(names))


def _files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != DONE)


def _finish(partial: pathlib.Path, elapsed: float) -> None:
    digests = {str(path.relative_to(partial)): records.sha256(path) for path in _files(partial)}
    records.write_json(partial / DONE, {"seconds": elapsed, "sha256": digests})


def verified(folder: pathlib.Path) -> pathlib.Path:
    """The folder of a finished stage, once each of its files is what was written.

    Raises:
      InputError: a file was changed, cut short or removed.
    """
    remedy = f"delete the folder {folder} and run the same command again to make it anew"
    try:
        expected = records.read_json(folder / DONE)["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / DONE}: cannot be read ({error}); {remedy}") from error
    for name, digest in expected.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: is missing; {remedy}")
        if records.sha256(path) != digest:
            raise InputError(f"{path}: is damaged, its content is not what was written "
                             f"({path.stat().st_size} bytes now); {remedy}")
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
