"""Paths and URLs as users write them: where they are, and what is wrong with them."""

import difflib
import os
import pathlib
import re

from rum_jax.core import checks
from rum_jax.core.errors import InputError

STORES = ("gs", "gcs", "s3", "s3a", "memory")  # URL schemes with atomic, exclusive creation
LONGEST_NAME = 255  # bytes of one part of a path, the limit of common file systems
LONGEST_PATH = 3000  # bytes; leaves room for the paths of files below it
_SCHEME = re.compile(r"(?P<kind>[A-Za-z][A-Za-z0-9+.-]+):(?P<slashes>/*)")
_SCHEMES = ("gs", "gcs", "s3", "s3a", "http", "https", "file", "memory", "ftp", "az", "abfs",
            "hdfs", "ssh", "sftp")


def is_url(path: str) -> bool:
    """Whether a path is not one of this machine's file systems."""
    return "://" in path


def user_path(text: str | os.PathLike) -> pathlib.Path:
    """The path that a user has written, with `~` and `~name` for home folders.

    Raises:
      InputError: there is no such home folder, or no file can have that name.
    """
    if fault := path_fault(os.fspath(text)):
        raise InputError(fault)
    return pathlib.Path(text).expanduser()


def path_fault(text: str) -> str | None:
    """Why no file can have that path; None: one can."""
    if not text.isprintable():
        return (f"is {checks.shortened(text)}; allowed: a path without line breaks and control "
                "characters")
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in text.split("/")):
        return (f"is {checks.shortened(text)}; allowed: at most {LONGEST_NAME} letters between "
                "two slashes")
    if len(os.fsencode(text)) > LONGEST_PATH:
        return f"is {checks.shortened(text)}; allowed: a path of at most {LONGEST_PATH} letters"
    try:
        pathlib.Path(text).expanduser()
    except RuntimeError:
        user = text.partition("/")[0]
        return f"is {checks.shortened(text)}; there is no home folder {user}; write it in full"
    return None


def file_fault(text: str, folders: bool = False) -> str | None:
    """Why there is no such file to read; None: there is.

    Args:
      text: as the user has written it, from the current folder.
      folders: whether it may also be a folder.
    """
    if fault := path_fault(text):
        return fault
    path = user_path(text)
    try:
        if path.is_file() or (folders and path.is_dir()):
            with path.open("rb") if path.is_file() else os.scandir(path):
                return None
        if path.is_dir():
            return f"there is no file {checks.cut(str(path), 300)}; it is a folder"
        hint = _similar_file(path)
    except OSError as error:
        return f"is {checks.shortened(text)}; it cannot be read ({error.strerror or error})"
    where = "" if path.is_absolute() else f" in {pathlib.Path.cwd()}"
    return f"there is no file {checks.cut(str(path), 300)}{where}{hint}"


def _similar_file(path: pathlib.Path) -> str:
    """A file of the same folder that may have been meant."""
    if not path.parent.is_dir():
        return ""
    names = sorted(os.listdir(path.parent))[:10_000]
    close = difflib.get_close_matches(path.name, names, 1, cutoff=0.85)
    return f"; did you mean {path.with_name(close[0])}?" if close else ""


def local(text: str) -> str:
    """A workdir with its home folder spelled out, and `file:///folder` as a path; else a URL."""
    if text.startswith("file:///"):
        text = text.removeprefix("file://")
    return text if is_url(text) else str(user_path(text))


def workdir_fault(text: str, shared: bool, stores: tuple[str, ...]) -> str | None:
    """Why a run cannot have such a workdir; None: it can, as far as its name tells.

    Args:
      text: as the user has written it.
      shared: whether a campaign's workers share it; only they may use an object store.
      stores: URL schemes of the object stores that are allowed then.
    """
    if not text.strip():
        return f"is {text!r}; allowed: a folder"
    if text.startswith("file:///"):
        return path_fault(text)
    scheme = _SCHEME.match(text)
    kind = scheme["kind"] if scheme else ""
    if not is_url(text):
        if kind.lower() in _SCHEMES:
            return (f"is {checks.shortened(text)}; did you mean {kind.lower()}://...? A folder of "
                    "that name is written ./" + checks.cut(text))
        return path_fault(text)
    if not text.isprintable():
        return f"is {checks.shortened(text)}; allowed: a URL without line breaks"
    if not shared:
        return (f"is {checks.shortened(text)}; allowed: a folder of a file system; only a "
                "campaign by itself (config.campaign.alone=True) works behind a URL")
    if kind not in stores:
        return (f"is {checks.shortened(text)}; allowed: a folder, or a URL of {', '.join(stores)}, "
                "where results stay and several workers can write")
    if not text.partition("://")[2].strip("/"):
        return f"is {checks.shortened(text)}; allowed: a bucket, and a folder in it"
    return None
