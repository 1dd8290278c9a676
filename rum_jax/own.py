"""Code of the user's own, named in a config as `my_file.py:function`."""

import functools
import hashlib
import importlib.util
import inspect
import pathlib
import re
import sys
from collections.abc import Callable, Mapping
from types import ModuleType

from rum_jax.errors import InputError
from rum_jax.records import sha256

_REFERENCE = re.compile(r"(?P<path>.+\.py):(?P<name>[A-Za-z_]\w*)")


def is_reference(value: object) -> bool:
    """Whether a config value names a function in a file."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def short_name(reference: str) -> str:
    """The function's name: what its hyper-parameters are called in a config."""
    return _REFERENCE.fullmatch(reference)["name"]


def absolute(reference: str) -> str:
    """The same reference with its file's full path: equal for all ways to name one file."""
    match = _REFERENCE.fullmatch(reference)
    return f"{pathlib.Path(match['path']).expanduser().resolve()}:{match['name']}"


def load(reference: str, arguments: tuple[str, ...]) -> Callable:
    """The function that a reference names; the file is looked up from the current folder.

    Args:
      reference: `my_file.py:function`.
      arguments: what it must take by position.

    Raises:
      InputError: there is no such file or function, the file cannot be run, or the function
        does not take those arguments.
    """
    match = _REFERENCE.fullmatch(reference)
    path, name = pathlib.Path(match["path"]), match["name"]
    if not path.is_file():
        raise InputError(f"{reference}: there is no file {path} in {pathlib.Path.cwd()}")
    function = getattr(_module(path.resolve()), name, None)
    if not callable(function):
        known = [key for key, value in vars(_module(path.resolve())).items()
                 if inspect.isfunction(value)
                 and value.__module__ == _module_name(path.resolve())]
        raise InputError(f"{reference}: there is no function {name}; the file has "
                         f"{', '.join(known) or 'none'}")
    signature = inspect.signature(function)
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise InputError(f"{reference}: is {name}{signature}; allowed: it must take "
                         f"({', '.join(arguments)}) by position, and have defaults for all "
                         "else") from error
    return function


def fault(load_it: Callable[[str], object], reference: str) -> str | None:
    """Why a reference cannot be loaded; None: it can."""
    try:
        load_it(reference)
    except InputError as error:
        return str(error)
    return None


def _module_name(path: pathlib.Path) -> str:
    return f"own_{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


@functools.cache
def _module(path: pathlib.Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_module_name(path), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise InputError(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
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


def digests(config: Mapping) -> dict[str, str]:
    """SHA-256 of each file of the user's own that a config names."""
    paths = {_REFERENCE.fullmatch(reference)["path"] for reference in references(config)}
    return {path: sha256(pathlib.Path(path)) for path in sorted(paths)}
