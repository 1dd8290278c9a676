"""Command-line flags, with one clear message for everything that is wrong with them."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from absl import flags
from ml_collections import ConfigDict, config_flags

from rum_jax.config import config_file
from rum_jax.config.arguments import Argument, arguments_of, hiding, twice, without_value
from rum_jax.config.unused import notes
from rum_jax.config.validate import faults
from rum_jax.core.checks import cut, shortened, similar
from rum_jax.core.errors import InputError, one_line, raise_if_any
from rum_jax.core.paths import STORES, local, workdir_fault
from rum_jax.core.plugins import folder_and_output_kept
from rum_jax.runtime import distributed

_INPUT_ERROR = f"{InputError.__module__}.{InputError.__name__}: "
HEADING = "The command line has faults:"
LASTING = tuple(store for store in STORES if store != "memory")  # after the process has ended
MOST_PROCESSES = 100_000


class Arguments(NamedTuple):
    """What a command was asked to do.

    Attributes:
      config: checked; plain values can be read, nothing can be changed by accident.
      workdir: folder of the run, or a URL.
      coordinator, processes, process: of a run of several processes, see `distributed.initialize`.
      notes: what is on the command line, and has no effect with the rest of the config.
    """

    config: ConfigDict
    workdir: str
    coordinator: str
    processes: int
    process: int
    notes: tuple[str, ...] = ()


FLAGS = ("config", "workdir", "coordinator", "processes", "process")


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
    given = arguments_of(argv[1:])
    argv = [argv[0], *(_text(argument) for argument in given)]
    named = [argument.value or "" for argument in given
             if isinstance(argument, Argument) and argument.name == "config"]
    raise_if_any(twice(given) + hiding(given) + [
        fault for path in named if (fault := config_file.fault(path))], HEADING)
    raise_if_any([f"--{name}: has no value; allowed: --{name}=<value>"
                  for name in without_value(given) if _needs_value(argv, name)], HEADING)
    try:
        values = _read(argv)
    except Exception as error:
        raise_if_any(_all_faults(argv, data) or [_message(error)], HEADING)
        raise
    missing = [f"--{name}: missing" for name in ("config", "workdir") if not values[name].value]
    raise_if_any(missing + _host_faults(values), HEADING)
    config = values.config.to_dict()
    raise_if_any(faults(config, data) + _workdir_faults(values.workdir, config), HEADING)
    fields = [argument.field() for argument in given if isinstance(argument, Argument)]
    return Arguments(values.config, local(values.workdir), values.coordinator, values.processes,
                     values.process, tuple(notes(config, fields)))


def _text(argument: Argument | str) -> str:
    """An argument as the flag parser takes it."""
    if isinstance(argument, str):
        return argument
    if argument.name == "config" and argument.value:
        argument = argument._replace(value=config_file.located(argument.value))
    return argument.text()


def _workdir_faults(workdir: str, config: Mapping) -> list[str]:
    campaign = {**config}.get("campaign")  # a faulty config may lack it
    alone = isinstance(campaign, Mapping) and "alone" in campaign and campaign["alone"]
    fault = workdir_fault(workdir, alone, LASTING)
    return [f"--workdir: {fault}"] if fault else []


def _host_faults(values: flags.FlagValues) -> list[str]:
    if not values.coordinator:
        named = [name for name in ("processes", "process") if values[name].present]
        return [f"--{name}: is {values[name].value}; needs --coordinator=host:port"
                for name in named]
    if values.coordinator == distributed.AUTO:
        return [f"--{name}: is {values[name].value}; allowed with --coordinator=auto: not given"
                for name in ("processes", "process") if values[name].present]
    problems = []
    host, _, port = values.coordinator.rpartition(":")
    if not re.fullmatch(r"[^:\s]+", host) or not (
            re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) < 2**16):
        problems.append(f"--coordinator: is {shortened(values.coordinator)}; allowed: host:port or "
                        "auto, with a port in 1..65535")
    if not 2 <= values.processes <= MOST_PROCESSES:
        problems.append(f"--processes: is {shortened(values.processes)}; allowed: 2 or more, at "
                        f"most {MOST_PROCESSES}")
    if not 0 <= values.process < values.processes:
        problems.append(f"--process: is {shortened(values.process)}; allowed: "
                        f"0..{cut(str(values.processes - 1))}")
    return problems


def _read(argv: list[str]) -> flags.FlagValues:
    """Flags and config; what a file of the user's raises is raised as an Exception."""
    values = flags.FlagValues()
    define(values, argv)
    try:
        with folder_and_output_kept():
            rest = values(argv)
            if values.config is not None:
                values.config.to_dict()  # what could not be loaded only shows when it is used
    except (SystemExit, GeneratorExit) as error:
        raise InputError(f"--config: cannot be run: {one_line(error)}") from error
    if len(rest) > 1:
        raise InputError(f"{cut(rest[1])}: not a flag; write --config.<field>=<value>")
    return values


def _can_read(argv: list[str]) -> bool:
    try:
        _read(argv)
    except Exception:
        return False
    return True


def _message(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"--config: cannot be loaded: {one_line(error)}"
    if isinstance(error, flags.UnrecognizedFlagError):
        near = similar(f"--{error.flagname}", [f"--{name}" for name in FLAGS])
        return (f"--{cut(error.flagname)}: unknown flag"
                f"{near or '; known: ' + ', '.join(f'--{name}' for name in FLAGS)}")
    if isinstance(error, flags.Error | InputError):
        heading, traceback, rest = str(error).partition("Traceback (most recent call last):")
        if not traceback:
            return cut(str(error), 400)
        return f"{heading.strip()} {rest.strip().splitlines()[-1]}".replace(_INPUT_ERROR, "")
    return one_line(error)


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
    if not name.startswith("config.") and name.lower().startswith("config."):
        return f"--{shortened(name)}: not a flag; fields are written as --{cut(name.lower())}"
    if not name.startswith("config.") or config is None:
        try:
            _read([*base, arg])
        except Exception as error:
            return _message(error)
        return None
    leaves, path = dict(_leaves(config)), name.split(".")
    if name not in leaves:
        return f"{name}: {_unknown(config, path[1:], 'config')}"
    if not all(map(str.isidentifier, path)):
        return f"{name}: cannot be set here, as its name is no Python name; set it in the file"
    return f"{name}: is {shortened(value)}; allowed: {_kind(leaves[name])}"


def _needs_value(argv: list[str], name: str) -> bool:
    """Whether a flag is known, and none that can be on or off."""
    base = [argv[0], *(word for word in argv if word.startswith("--config="))]
    leaves = dict(_leaves(_read(base).config or ConfigDict())) if _can_read(base) else {}
    return name in FLAGS or (name in leaves and not isinstance(leaves[name], bool))


def _unknown(config: ConfigDict, path: list[str], section: str) -> str:
    """What is wrong with a field that is not there, from the first part of its name that is not."""
    first, *rest = path
    if first in config and isinstance(config[first], ConfigDict):
        if not rest:
            return f"is a section; set one of its fields: {_listed(config[first])}"
        return _unknown(config[first], rest, f"{section}.{first}")
    if first in config:
        return f"unknown field; {section}.{first} has no fields of its own"
    near = similar(first, [name for name in config if not rest or (
        isinstance(config[name], ConfigDict) and _reaches(config[name], rest))])
    if near and " or " not in near:
        name = near.removeprefix("; did you mean ").removesuffix("?")
        return f"unknown field; did you mean {'.'.join([section, name, *rest])}?"
    return f"unknown field; known in {section}: {_listed(config)}"


def _reaches(config: ConfigDict, path: list[str]) -> bool:
    """Whether a section has a field of that name."""
    for name in path:
        if not isinstance(config, ConfigDict) or name not in config:
            return False
        config = config[name]
    return True


def _listed(config: ConfigDict) -> str:
    return cut(", ".join(config) or "none", 600)


def _leaves(config: ConfigDict, path: str = "config") -> Iterator[tuple[str, object]]:
    for name, value in config.items():
        if isinstance(value, ConfigDict):
            yield from _leaves(value, f"{path}.{name}")
        else:
            yield f"{path}.{name}", value


def _kind(value: object) -> str:
    kind = {bool: "True or False", int: "an integer", float: "a number", tuple: "a tuple",
            str: "text"}
    return f"{kind.get(type(value), 'a value')} like {shortened(value)}"
