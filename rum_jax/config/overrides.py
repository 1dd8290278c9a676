"""Command-line flags, with one clear message for everything that is wrong with them."""

import difflib
import re
from collections.abc import Iterator
from typing import NamedTuple

from absl import flags
from ml_collections import ConfigDict, config_flags

from rum_jax import hosts
from rum_jax.config.validate import faults
from rum_jax.errors import InputError, raise_if_any

_INPUT_ERROR = f"{InputError.__module__}.{InputError.__name__}: "
HEADING = "The command line has faults:"


class Arguments(NamedTuple):
    """What a command was asked to do.

    Attributes:
      config: checked; plain values can be read, nothing can be changed by accident.
      workdir: folder of the run.
      coordinator, processes, process: of a run of several processes, see `hosts.join`.
    """

    config: ConfigDict
    workdir: str
    coordinator: str
    processes: int
    process: int


def define(values: flags.FlagValues = flags.FLAGS, argv: list[str] | None = None) -> None:
    """Defines --config, --workdir, and the flags of runs of several processes."""
    config_flags.DEFINE_config_file(
        "config", None, "Config file; any field can be set with --config.<field>=<value>.",
        lock_config=True, flag_values=values, sys_argv=argv)
    flags.DEFINE_string("workdir", None, "Folder of the run; the same command resumes it.",
                        flag_values=values)
    flags.DEFINE_string("coordinator", "", "Of several processes: host:port of process 0, or "
                        "auto on SLURM, Kubernetes and TPU pods.", flag_values=values)
    flags.DEFINE_integer("processes", 1, "How many processes.", flag_values=values)
    flags.DEFINE_integer("process", 0, "Number of this process, from 0.", flag_values=values)


def parse(argv: list[str], data: bool = True) -> Arguments:
    """Reads flags and checks the config.

    Args:
      argv: as in sys.argv.
      data: also loads the data and checks the config against them; False where they are not.

    Raises:
      InputError: lists all unknown fields, wrong types and values out of range.
    """
    try:
        values = _read(argv)
    except _FAULTS as error:
        raise_if_any(_all_faults(argv, data) or [_message(error)], HEADING)
        raise
    missing = [f"--{name}: missing" for name in ("config", "workdir") if not values[name].value]
    raise_if_any(missing + _host_faults(values), HEADING)
    raise_if_any(faults(values.config.to_dict(), data), HEADING)
    return Arguments(values.config, values.workdir, values.coordinator, values.processes,
                     values.process)


def _host_faults(values: flags.FlagValues) -> list[str]:
    if not values.coordinator:
        named = [name for name in ("processes", "process") if values[name].present]
        return [f"--{name}: is {values[name].value}; needs --coordinator=host:port"
                for name in named]
    if values.coordinator == hosts.AUTO:
        return [f"--{name}: is {values[name].value}; allowed with --coordinator=auto: not given"
                for name in ("processes", "process") if values[name].present]
    found = []
    if not re.fullmatch(r"[^:\s]+:\d+", values.coordinator):
        found.append(f"--coordinator: is {values.coordinator!r}; allowed: host:port or auto")
    if values.processes < 2:
        found.append(f"--processes: is {values.processes}; allowed: 2 or more")
    if not 0 <= values.process < values.processes:
        found.append(f"--process: is {values.process}; allowed: 0..{values.processes - 1}")
    return found


# What a config file or a flag that cannot be read makes the flag parser raise.
_FAULTS = (flags.Error, InputError, AttributeError, ImportError, KeyError, TypeError, ValueError,
           SyntaxError, OSError)


def _read(argv: list[str]) -> flags.FlagValues:
    values = flags.FlagValues()
    define(values, argv)
    rest = values(argv)
    if len(rest) > 1:
        raise InputError(f"{rest[1]}: not a flag; write --config.<field>=<value>")
    if values.config is not None:
        values.config.to_dict()  # a file that could not be loaded only shows when it is used
    return values


def _can_read(argv: list[str]) -> bool:
    try:
        _read(argv)
    except _FAULTS:
        return False
    return True


def _message(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"--config: cannot be loaded: {str(error).splitlines()[-1].strip()}"
    if isinstance(error, flags.Error | InputError):
        heading, traceback, rest = str(error).partition("Traceback (most recent call last):")
        if not traceback:
            return str(error)
        return f"{heading.strip()} {rest.strip().splitlines()[-1]}".replace(_INPUT_ERROR, "")
    return f"{type(error).__name__}: {error}"


def _all_faults(argv: list[str], data: bool) -> list[str]:
    """Faults of every single argument, and those of the config made by the others."""
    bad = {arg: fault for arg in argv[1:] if (fault := _fault_of(argv, arg))}
    rest = [arg for arg in argv if arg not in bad]
    if not bad or not _can_read(rest) or _read(rest).config is None:
        return list(bad.values())
    return [*bad.values(), *faults(_read(rest).config.to_dict(), data)]


def _fault_of(argv: list[str], arg: str) -> str | None:
    """What is wrong with one argument, tried beside the config file alone."""
    base = [argv[0], *(a for a in argv[1:] if a.startswith(("--config=", "-config=")))]
    if arg in base or not _can_read(base) or _can_read([*base, arg]):
        return None
    name, _, value = arg.lstrip("-").partition("=")
    config = _read(base).config
    if not name.startswith("config.") or config is None:
        try:
            _read([*base, arg])
        except _FAULTS as error:
            return _message(error)
    known = dict(_leaves(config))
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"{name}: unknown field{hint}"
    return f"{name}: is {value!r}; allowed: {_kind(known[name])}"


def _leaves(config: ConfigDict, path: str = "config") -> Iterator[tuple[str, object]]:
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from _leaves(value, f"{path}.{name}")
        else:
            yield f"{path}.{name}", value


def _kind(value: object) -> str:
    kind = {bool: "True or False", int: "an integer", float: "a number", tuple: "a tuple",
            str: "text"}
    return f"{kind[type(value)]} like {value!r}"
