"""Config files that come with the package: found by name, and run.

In a source checkout they are in `configs/` beside the package, when installed inside of it.
"""

import importlib.machinery
import importlib.util
import os
import pathlib
import re
from types import ModuleType

from ml_collections import ConfigDict

from rum_jax.core.checks import similar
from rum_jax.core.errors import InputError
from rum_jax.core.paths import file_fault, user_path

_PACKAGE = pathlib.Path(__file__).resolve().parents[1]
_NAME = re.compile(r"\w[\w-]*")


def folder() -> pathlib.Path:
    """Where the shipped config files are."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


def names() -> tuple[str, ...]:
    """The names of all shipped configs, such as digits_rum."""
    return tuple(sorted(path.stem for path in folder().glob("*.py")
                        if not path.stem.startswith("_")))


def file_of(text: str) -> pathlib.Path:
    """The file that --config means: a file of that path, else the shipped config of that name.

    Args:
      text: as the user has written it, without a variant.

    Raises:
      InputError: no file can have that path.
    """
    path = user_path(text)
    return folder() / f"{text}.py" if text in names() and not os.path.isfile(path) else path


def fault(text: str) -> str | None:
    """Why there is no such config file; None: there is. `text` is that of `file_of`."""
    try:
        problem = file_fault(str(file_of(text)))
    except InputError as error:
        return str(error)
    if problem is None:
        return None
    if _NAME.fullmatch(text) and not os.path.exists(text):
        return (f"{problem}, and no config of that name comes with rum_jax{similar(text, names())} "
                f"(shipped: {', '.join(names())})")
    stem = pathlib.PurePath(text).stem
    if stem in names():
        return f"{problem}; the config that comes with rum_jax is called by its name, {stem}"
    return problem


def run(path: os.PathLike | str) -> ModuleType:
    """Runs a config file; raises whatever it raises."""
    loader = importlib.machinery.SourceFileLoader("config_file", os.fspath(path))
    spec = importlib.util.spec_from_file_location("config_file", path, loader=loader)
    assert spec  # as there is a loader
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def get_config(name: str, *variant: str) -> ConfigDict:
    """The config of a shipped file, from which another one can start.

    Args:
      name: of the file, such as digits_rum.
      variant: of the file; none: its default.

    Raises:
      InputError: there is no such config, or no such variant of it.
    """
    if name not in names():
        raise InputError(f"no config named {name!r} comes with rum_jax{similar(name, names())} "
                         f"(shipped: {', '.join(names())})")
    return run(folder() / f"{name}.py").get_config(*variant)
