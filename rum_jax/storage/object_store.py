"""A folder that several processes write into at the same time: on a disk, on NFS, or behind a URL.

Every file appears whole or not at all, and `create` succeeds for one process only, whatever the
others do at that moment. On file systems that takes hard links; behind a URL (of the STORES, by
fsspec) it takes writes that fail if the object is there. Both are tried first.
"""

import contextlib
import errno
import io
import os
import pathlib
import shutil
import time
import uuid
from collections.abc import Iterator
from typing import IO, Protocol

import fsspec

from rum_jax.core.errors import InputError, RunError, one_line
from rum_jax.core.paths import STORES, is_url

PARTIAL = ".partial"
PARTIAL_SECONDS = 86_400  # after which what is half-written was left by a killed process


class Folder(Protocol):
    """A shared folder: files by relative names with slashes; subfolders are made as needed."""

    def create(self, name: str, content: bytes) -> bool:
        """Writes a file that must not be there; False if it is."""
        ...

    def put(self, name: str, content: bytes) -> None:
        """Writes a file, in place of what is there."""

    def put_file(self, name: str, path: pathlib.Path) -> None:
        """Moves or uploads a file."""

    def get(self, name: str) -> bytes | None:
        """The content of a file; None if there is none."""
        ...

    def names(self, under: str) -> list[str]:
        """Names of the files directly in a subfolder, sorted."""
        ...

    def remove(self, name: str) -> None:
        """Removes a file, if it is there."""

    def tidy(self, under: str) -> None:
        """Removes partial files directly in a subfolder that are older than PARTIAL_SECONDS."""


def opened(path: str, probe: bool = True) -> Folder:
    """The folder of that path or URL, which need not exist.

    Args:
      path: of the folder.
      probe: whether to test writing, and that a second creation of the same file fails.

    Raises:
      InputError: it cannot be written, or files cannot be created by one process only.
    """
    try:
        folder = _remote(path) if is_url(path) else Local(pathlib.Path(path))
        if probe:
            _try(folder, path)
    except (PermissionError, FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"--workdir: {path}: cannot be written ({error}); choose a folder that "
                         "can") from error
    except OSError as error:  # may pass: another process, or this one later, may succeed
        never = (errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)
        kind = InputError if error.errno in never else RunError
        raise kind(f"--workdir: {path}: cannot be written ({error})") from error
    except (InputError, RunError):
        raise
    except Exception as error:  # stores raise many kinds, as for missing credentials
        if not is_url(path):
            raise
        raise RunError(f"--workdir: {path}: cannot be written ({one_line(error)}); try it with the "
                       "store's own tools, and run the same command again") from error
    return folder


def _remote(url: str) -> Folder:
    kind, _, path = url.partition("://")
    if kind == "file":
        return Local(pathlib.Path("/", path))
    if kind not in STORES:
        raise InputError(f"--workdir: {url}: cannot be written by several workers; allowed: a "
                         f"path, or a URL of {', '.join(STORES)}")
    try:
        return Remote(url)
    except ImportError as error:
        raise InputError(f"--workdir: {url}: needs another package ({error})") from error


def _try(folder: Folder, path: str) -> None:
    """Raises InputError unless a second creation of the same file fails."""
    name = f"{uuid.uuid4().hex}{PARTIAL}"
    try:
        if not folder.create(name, b"1") or folder.create(name, b"2"):
            raise InputError(f"--workdir: {path}: files cannot be created there by one process "
                             "only, so that workers could count a model twice; choose a file "
                             "system with hard links, or a store that fsspec can create in")
    finally:
        folder.remove(name)


class Local:
    """A folder of a file system."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root

    def create(self, name: str, content: bytes) -> bool:
        """See Folder."""
        with self._beside(name) as partial:
            _write(partial, io.BytesIO(content))
            try:
                os.link(partial, self.root / name)
            except FileExistsError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
                    raise
                raise InputError(f"{self.root}: is on a file system without hard links, where "
                                 "workers could count a model twice; choose another, or the "
                                 "URL of the store behind it") from error
        return True

    def put(self, name: str, content: bytes) -> None:
        """See Folder."""
        with self._beside(name) as partial:
            _write(partial, io.BytesIO(content))
            partial.replace(self.root / name)

    def put_file(self, name: str, path: pathlib.Path) -> None:
        """See Folder."""
        with self._beside(name) as partial, path.open("rb") as file:
            _write(partial, file)
            partial.replace(self.root / name)

    def get(self, name: str) -> bytes | None:
        """See Folder."""
        for _ in range(2):  # NFS: the file was replaced, or removed, while it was read
            try:
                return (self.root / name).read_bytes()
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno != errno.ESTALE:
                    raise
        return None

    def names(self, under: str) -> list[str]:
        """See Folder."""
        path = self.root / under
        names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
        return [name for name in names if not name.endswith(PARTIAL)]

    def remove(self, name: str) -> None:
        """See Folder."""
        (self.root / name).unlink(missing_ok=True)

    def tidy(self, under: str) -> None:
        """See Folder."""
        for path in list((self.root / under).glob(f"*{PARTIAL}")):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > PARTIAL_SECONDS:
                    path.unlink()

    @contextlib.contextmanager
    def _beside(self, name: str) -> Iterator[pathlib.Path]:
        """A path beside the wanted file; what is there at the end is removed."""
        target = self.root / name
        partial = target.with_name(f"{target.name}.{uuid.uuid4().hex}{PARTIAL}")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
        finally:
            partial.unlink(missing_ok=True)


def _write(path: pathlib.Path, content: IO[bytes]) -> None:
    """Copies to a new file, through to the disk."""
    with path.open("wb") as file:
        shutil.copyfileobj(content, file)
        file.flush()
        os.fsync(file.fileno())


class Remote:
    """A folder behind a URL; objects are written in one request, so they are whole."""

    def __init__(self, url: str) -> None:
        self._files, self._root = fsspec.core.url_to_fs(url)

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def create(self, name: str, content: bytes) -> bool:
        """See Folder."""
        try:
            self._files.pipe_file(self._path(name), content, mode="create")
        except FileExistsError:
            return False
        return True

    def put(self, name: str, content: bytes) -> None:
        """See Folder."""
        self._files.pipe_file(self._path(name), content)

    def put_file(self, name: str, path: pathlib.Path) -> None:
        """See Folder."""
        self._files.put_file(str(path), self._path(name))

    def get(self, name: str) -> bytes | None:
        """See Folder."""
        try:
            return self._files.cat_file(self._path(name))
        except FileNotFoundError:
            return None

    def names(self, under: str) -> list[str]:
        """See Folder."""
        self._files.invalidate_cache()
        try:
            paths = self._files.ls(self._path(under), detail=False)
        except FileNotFoundError:
            return []
        names = [path.rstrip("/").rpartition("/")[2] for path in paths]
        return sorted(name for name in names if name and not name.endswith(PARTIAL))

    def remove(self, name: str) -> None:
        """See Folder."""
        with contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._path(name))

    def tidy(self, under: str) -> None:
        """See Folder; a store has nothing half-written."""
