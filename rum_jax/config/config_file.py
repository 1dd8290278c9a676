"""A config file, which is a program of the user's: run, with one message for all it may do."""

import inspect
from collections.abc import Iterator, Mapping

from ml_collections import ConfigDict, FrozenConfigDict

from rum_jax.config import shipped
from rum_jax.core.checks import cut, shortened
from rum_jax.core.errors import InputError, one_line
from rum_jax.core.plugins import folder_and_output_kept

GET_CONFIG = "get_config"
LONGEST = 1000  # letters of a message that a config file raises as InputError


def located(argument: str) -> str:
    """The value of --config with the path of its file; a faulty one stays as it is."""
    path, colon, variant = argument.partition(":")
    try:
        return f"{shipped.file_of(path)}{colon}{variant}" if path else argument
    except InputError:
        return argument


def fault(argument: str) -> str | None:
    """Why a value of --config gives no config; None: it does.

    Args:
      argument: `file.py`, or `file.py:variant` for a `get_config` that takes the variant; the
        name of a shipped config in place of a file.
    """
    path, colon, variant = argument.partition(":")
    if not path:
        return f"--config: is {shortened(argument)}; allowed: a config file"
    if problem := shipped.fault(path):
        return f"--config: {problem}"
    try:
        return _config_fault(argument, [variant] if colon else [])
    except KeyboardInterrupt:
        raise
    except InputError as error:
        return f"--config: {argument}: {cut(str(error), LONGEST)}"
    except BaseException as error:  # SystemExit, too: the file is the user's
        return f"--config: {path}: cannot be run: {one_line(error)}"


def _config_fault(argument: str, variant: list[str]) -> str | None:
    """What is wrong with what a file's get_config returns; raises what the file raises."""
    path = argument.partition(":")[0]
    with folder_and_output_kept():
        module = shipped.run(shipped.file_of(path))
        function = getattr(module, GET_CONFIG, None)
        if not callable(function):
            return (f"--config: {path}: has no function {GET_CONFIG}; allowed: a config file, "
                    f"whose {GET_CONFIG}() returns a ConfigDict")
        if problem := _call_fault(function, variant):
            return f"--config: {argument}: {problem}"
        config = function(*variant)
    if not isinstance(config, ConfigDict) or isinstance(config, FrozenConfigDict):
        return (f"--config: {path}: {GET_CONFIG} returned a {type(config).__name__}; allowed: a "
                "ConfigDict, such as rum_jax.config.base.get_config() makes")
    config.copy_and_resolve_references().to_dict()  # which raises where a value is still missing
    values = config.to_dict()
    return next((f"--config: {path}: {problem}" for problem in _value_faults(values, "config")),
                None)


def _call_fault(function, variant: list[str]) -> str | None:
    """Why it cannot be called with the variant, or without one."""
    signature = inspect.signature(function)
    try:
        signature.bind(*variant)
    except TypeError:
        if variant:
            return (f"{GET_CONFIG}{signature} takes no variant; allowed: --config without a colon "
                    "and what follows")
        return (f"{GET_CONFIG}{signature} needs an argument; allowed: one that has defaults, or a "
                "variant after a colon, --config=FILE:VARIANT")
    return None


def _value_faults(values: Mapping, path: str) -> Iterator[str]:
    """Names and values that no record of a run could hold."""
    for name, value in values.items():
        if not isinstance(name, str):
            yield f"{path}: has the name {shortened(name)}; allowed: names that are texts"
        elif isinstance(value, Mapping):
            yield from _value_faults(value, f"{path}.{name}")
        else:
            for item in value if isinstance(value, tuple | list) else [value]:
                if not isinstance(item, bool | int | float | str):
                    yield (f"{path}.{name}: is {shortened(value)}; allowed: numbers, texts, True "
                           "or False, and tuples of these")
                    break
