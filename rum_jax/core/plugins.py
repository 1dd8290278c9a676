"""Code of the user's own, named in a config as `my_file.py:function`."""

import contextlib
import functools
import hashlib
import importlib.machinery
import importlib.util
import inspect
import os
import pathlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import Any, TypeGuard

from rum_jax.core.checks import similar
from rum_jax.core.errors import InputError, RunError, one_line, without_addresses
from rum_jax.core.paths import file_fault, path_fault, user_path

MESSAGE_LENGTH = 300  # letters of an exception's own text
_REFERENCE = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)")


MARKS = "[];"  # of a row's options


@contextlib.contextmanager
def folder_and_output_kept() -> Iterator[None]:
    """Undoes what a user's code does to the current folder, sys.stdout and sys.stderr."""
    folder, streams = os.getcwd(), (sys.stdout, sys.stderr)
    try:
        yield
    finally:
        os.chdir(folder)
        sys.stdout, sys.stderr = streams


def is_reference(value: object) -> TypeGuard[str]:
    """Whether a config value names a function in a file."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def _parts(reference: str) -> re.Match[str]:
    """`path` and `name` of a text that `is_reference`."""
    match = _REFERENCE.fullmatch(reference)
    assert match, reference
    return match


def short_name(reference: str) -> str:
    """The function's name: what its hyper-parameters are called in a config."""
    return _parts(reference)["name"]


def absolute(reference: str) -> str:
    """The same reference with its file's full path: equal for all ways to name one file."""
    match = _parts(reference)
    return f"{pathlib.Path(match['path']).expanduser().resolve()}:{match['name']}"


def load(reference: str, arguments: tuple[str, ...]) -> Callable[..., Any]:
    """The function that a reference names; the file is looked up from the current folder.

    Args:
      reference: `my_file.py:function`.
      arguments: what it must take by position.

    Raises:
      InputError: there is no such file or function, the file cannot be run, or the function
        does not take those arguments.
    """
    match = _parts(reference)
    if fault := _name_fault(match["path"]) or file_fault(match["path"]):
        raise InputError(f"{reference}: {fault}")
    path, name = user_path(match["path"]), match["name"]
    function = getattr(_module(path.resolve()), name, None)
    if not callable(function):
        known = [key for key, value in vars(_module(path.resolve())).items()
                 if inspect.isfunction(value)
                 and value.__module__ == _module_name(path.resolve())]
        raise InputError(f"{reference}: there is no function {name}; the file has "
                         f"{', '.join(known) or 'none'}{similar(name, known)}")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise InputError(f"{reference}: is {type(function).__name__}, which does not say what it "
                         "takes; allowed: a function defined in the file") from error
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise InputError(f"{reference}: is {name}{signature}; allowed: it must take "
                         f"({', '.join(arguments)}) by position, and have defaults for all "
                         "else") from error
    return function


def call(reference: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Calls code of the user's own: function(*args, **kwargs).

    Raises:
      InputError, RunError: as the code raises them, after the reference and the line; it may call
        functions of this package.
      RunError: it raises anything else, or calls sys.exit: names the reference, the line of its
        file, and the exception. KeyboardInterrupt stays what it is.

    The current folder, sys.stdout and sys.stderr are what they were afterwards.
    """
    try:
        with folder_and_output_kept():
            return function(*args, **kwargs)
    except KeyboardInterrupt:
        raise
    except (InputError, RunError) as error:
        raise type(error)(f"{reference}{_line_of(reference, error)}: {one_line(error)}") from error
    except BaseException as error:
        what = (f"called sys.exit({error.code!r})" if isinstance(error, SystemExit)
                else f"raised {_text_of(error)}")
        raise RunError(f"{reference}{_line_of(reference, error)}: {what}; allowed: a function "
                       "that returns. Mend the file and run the same command again, finished "
                       "stages are kept") from error


def _text_of(error: BaseException) -> str:
    """Type and text of an exception in one line, cut when long."""
    text = without_addresses(" ".join("".join(traceback.format_exception_only(error)).split()))
    return text if len(text) <= MESSAGE_LENGTH else text[:MESSAGE_LENGTH] + "..."


def _line_of(reference: str, error: BaseException) -> str:
    """", line 12": the last line of the reference's file that ran; "": none did."""
    match = _REFERENCE.fullmatch(reference)
    path = pathlib.Path(match["path"]).expanduser().resolve() if match else None
    lines = [frame.tb_lineno for frame in _frames(error)
             if pathlib.Path(frame.tb_frame.f_code.co_filename) == path]
    return f", line {lines[-1]}" if lines else ""


def _frames(error: BaseException) -> list:
    """The traceback's entries, from the outermost call to the innermost."""
    entries, entry = [], error.__traceback__
    while entry is not None:
        entries.append(entry)
        entry = entry.tb_next
    return entries


def fault(load_it: Callable[[str], object], reference: str) -> str | None:
    """Why a reference cannot be loaded; None: it can."""
    try:
        load_it(reference)
    except InputError as error:
        return str(error)
    return None


def _name_fault(path: str) -> str | None:
    """Why rows cannot name such a file; None: they can."""
    if used := [mark for mark in MARKS if mark in path]:
        return (f"the file's path has {' and '.join(used)}, which rows use for their options; "
                "rename the file or its folder")
    return path_fault(path)


def _module_name(path: pathlib.Path) -> str:
    return f"own_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


@functools.cache
def _module(path: pathlib.Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader(_module_name(path), str(path))
    spec = importlib.util.spec_from_file_location(loader.name, path, loader=loader)
    assert spec  # as there is a loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        with folder_and_output_kept():
            loader.exec_module(module)
    except KeyboardInterrupt:
        del sys.modules[spec.name]
        raise
    except BaseException as error:  # SystemExit, too: the file is the user's
        del sys.modules[spec.name]
        raise InputError(f"{path}: cannot be run: {one_line(error)}") from error
    return module


def references(config: object) -> set[str]:
    """All references in the values of a config, rows such as `vanilla:my_file.py:f` included."""
    if isinstance(config, Mapping):
        return set().union(*(references(value) for value in config.values()), set())
    if isinstance(config, tuple | list):
        return set().union(*(references(value) for value in config), set())
    if not isinstance(config, str):
        return set()
    parts = (re.sub(r"^(vanilla|rum_f):|^by\s*=\s*", "", part.strip())
             for part in re.split(r"[\[\];]", config))
    return {part for part in parts if is_reference(part)}


def paths(config: object) -> list[str]:
    """Paths of all files of the user's own that the values of a config name, sorted."""
    return sorted({_parts(reference)["path"] for reference in references(config)})
