"""A command line as pairs of flag and value, before any flag is looked up."""

import re
from collections.abc import Collection
from typing import NamedTuple

from absl import flags

from rum_jax.core.checks import shortened
from rum_jax.core.errors import InputError, one_line

_NUMBER = re.compile(r"-[\d.]")
_IGNORED = ("undefok",)  # flags of absl that would hide a mistake in another one


class Argument(NamedTuple):
    """A flag: its name without dashes, and what it is set to, or None where nothing is said."""

    name: str
    value: str | None

    def text(self) -> str:
        """The flag as --name=value."""
        return f"--{self.name}" if self.value is None else f"--{self.name}={self.value}"

    def field(self) -> str:
        """What it sets: `config.trace` for --noconfig.trace, too."""
        return self.name.removeprefix("no") if self.name.startswith("noconfig.") else self.name

    def value_text(self) -> str:
        """What it is set to, in words."""
        return shortened(self.value) if self.value is not None else (
            "False" if self.name != self.field() else "True")


def arguments_of(argv: list[str]) -> list[Argument | str]:
    """Flags, however they are written, and what is no flag as it stands.

    Args:
      argv: without the program; `--flagfile=FILE` is replaced by the flags in the file.

    Raises:
      InputError: a file of flags cannot be read.
    """
    try:
        words = flags.FlagValues().read_flags_from_files(list(argv), force_gnu=False)
    except Exception as error:
        raise InputError(f"--flagfile: cannot be read: {one_line(error)}") from error
    arguments, place = [], 0
    while place < len(words):
        word = words[place]
        place += 1
        if not re.match(r"--?[A-Za-z]", word):
            arguments.append(word)
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals and place < len(words) and (
                not words[place].startswith("-") or _NUMBER.match(words[place])):
            equals, value, place = "=", words[place], place + 1
        arguments.append(Argument(name, value if equals else None))
    return arguments


def twice(given: list[Argument | str], repeatable: Collection[str] = ()) -> list[str]:
    """What is wrong with flags that are given more than once: no one could tell what counts."""
    by_field: dict[str, list[str]] = {}
    for argument in given:
        if isinstance(argument, Argument) and argument.name not in repeatable:
            by_field.setdefault(argument.field(), []).append(argument.value_text())
    return [f"--{name}: is given {len(values)} times, as {' and as '.join(values[:3])}; allowed: "
            "once" + (", with all values of a tuple together" if name.startswith("config.") else "")
            for name, values in by_field.items() if len(values) > 1]


def without_value(given: list[Argument | str]) -> list[str]:
    """Names of flags that stand alone or before another flag, which absl takes as their value."""
    following = [*given[1:], None]
    return [argument.name for argument, after in zip(given, following, strict=True)
            if isinstance(argument, Argument) and argument.value is None and (
                not isinstance(after, str) or after.startswith("--"))]


def hiding(given: list[Argument | str]) -> list[str]:
    """Flags that would have others ignored."""
    return [f"--{argument.name}: is given; allowed: not at all, as it would hide mistakes in other "
            "flags" for argument in given
            if isinstance(argument, Argument) and argument.name in _IGNORED]
