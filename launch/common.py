"""What the launchers share: options, their checks, and the command that every worker runs."""

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence

from rum_jax.config.arguments import arguments_of, twice
from rum_jax.config.overrides import HEADING, parse
from rum_jax.config.validate import workdir_faults
from rum_jax.core.checks import Check, shortened
from rum_jax.core.errors import InputError, raise_if_any
from rum_jax.core.paths import user_path

EXIT_INPUT = 2
REPEATABLE = ("env", "node-selector")
MODULE = "rum_jax.main"
WORKER, WORKERS = "--config.campaign.worker", "--config.campaign.workers"
DNS_LABEL = r"[a-z]([-a-z0-9]{0,38}[a-z0-9])?"


class Parser(argparse.ArgumentParser):
    """Options as --name=value, with a bad one raised as InputError."""

    def __init__(self, description: str) -> None:
        super().__init__(description=description, allow_abbrev=False,
                         formatter_class=argparse.RawDescriptionHelpFormatter)
        self.register("type", int, integer_or_text)
        self.add_argument("--config", required=True, help="Config file, as rum_jax.main takes it.")
        self.add_argument("--workdir", required=True,
                          help="Folder that all workers share, or a URL such as gs://bucket/run.")
        self.add_argument("--workers", type=int, required=True, help="How many workers.")

    def error(self, message: str) -> None:
        """Raises InputError in place of leaving with a usage text."""
        raise InputError(message.removeprefix("argument "))


def integer_or_text(value: str) -> int | str:
    """The integer that an option is set to, or else the text, which the option's check refuses."""
    try:
        return int(value)
    except ValueError:
        return value


def matches(pattern: str, allowed: str) -> Check:
    """A text that the whole of a pattern matches; `allowed` describes it."""

    def check(value: str) -> str | None:
        return None if re.fullmatch(pattern, value, re.ASCII) else (
            f"is {shortened(value)}; allowed: {allowed}")

    return check


def optional(check: Check, default: str | None = "") -> Check:
    """The check of an option that may be left out: passes its default."""
    return lambda value: check(value) if value != default else None


name = matches(DNS_LABEL, "small letters, digits and -, at most 40, starting with a letter, such "
                          "as memorization")
program = matches(r"(?s)[^\s-](.*\S)?", "the path or name of a program, without spaces at its ends "
                                        "and without - at its beginning")
plain = matches(r"[\w.@:/,&|*+=()\[\]-]+", "letters, digits and punctuation, without spaces")


def command(python: Sequence[str], options: argparse.Namespace, *more: str) -> list[str]:
    """The arguments of one worker's process: the user's own, unchanged, and then `more`."""
    return [*python, "-m", MODULE, f"--config={options.config}", f"--workdir={options.workdir}",
            *options.fields, *more]


def read(parser: Parser, argv: Sequence[str], checks: Mapping[str, Check]) -> argparse.Namespace:
    """Options that are sound one by one, with all --config.<field>=<value> in `fields`.

    Args:
      parser: has the launcher's own options.
      argv: without the program.
      checks: name of an option -> check of its value; each option that is an integer has one.

    Raises:
      InputError: lists all faults.
    """
    raise_if_any(twice(arguments_of(list(argv)), REPEATABLE), HEADING)
    options, fields = parser.parse_known_args(list(argv))
    values = vars(options)
    faults = [f"--{option.replace('_', '-')}: {fault}" for option, check in checks.items()
              if (fault := check(values[option]))]
    raise_if_any(faults + _text_faults({**values, "config": [options.config, *fields]})
                 + _field_faults(fields), HEADING)
    options.fields = fields
    return options


def check_command(options: argparse.Namespace, *more: str) -> None:
    """Checks what the workers are given as rum_jax.main does, but for the data.

    A machine that submits jobs need not have the data; `--config.campaign.plan=true` and every
    worker check against them, before they compute.

    Raises:
      InputError: lists all faults.
    """
    config = parse(command([], options, *more)[1:], data=False).config
    faults = workdir_faults(config, options.workdir)
    if not config.campaign.alone:
        faults.append("config.campaign.alone: is False; allowed here: True, as in "
                      "configs/memorization.py; a study has one worker")
    raise_if_any(faults, HEADING)


def pair_faults(option: str, texts: Sequence[str]) -> list[str]:
    """Names that NAME=value sets twice."""
    names = [text.partition("=")[0] for text in texts]
    return [f"--{option}: sets {name} twice; allowed: once"
            for name in sorted(set(names)) if names.count(name) > 1]


def home(text: str) -> str:
    """A path with the home folder spelled out, as what quotes it does not.

    Raises:
      InputError: there is no such home folder.
    """
    return str(user_path(text)) if text.startswith("~") else text


def _text_faults(values: Mapping[str, object]) -> list[str]:
    """Line breaks and the like, which no job file can hold."""
    texts = [(f"--{option.replace('_', '-')}", text) for option, value in values.items()
             for text in (value if isinstance(value, list) else [value])
             if isinstance(text, str)]
    return [f"{option}: is {text!r}; allowed: text without line breaks and control characters"
            for option, text in texts if not text.isprintable()]


def _field_faults(fields: Sequence[str]) -> list[str]:
    faults = []
    for field in fields:
        option, equals, _ = field.partition("=")
        if option in (WORKER, WORKERS):
            faults.append(f"{option}: not allowed here; --workers says how many, and each worker "
                          "finds its own number")
        elif not re.fullmatch(r"--config\.[\w.]+", option) or not equals:
            faults.append(f"{field}: unknown option; --help lists those of the launcher, and a "
                          "field of the config is written --config.<field>=<value>")
    return faults


def run(render: Callable[[Sequence[str]], str], argv: Sequence[str]) -> int:
    """Prints the job file that `render` makes of the options; the exit code is 2 for bad ones."""
    try:
        text = render(argv)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_INPUT
    print(text, end="")
    return 0
