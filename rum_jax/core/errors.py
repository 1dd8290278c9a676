"""The exceptions that carry one clear message for the user instead of a traceback."""

import re

MOST_FAULTS, LONGEST_FAULT = 100, 2000  # faults listed in a message, characters of each
MOST_DIFFERENCES = 20  # listed between recorded and present values that should be equal


class InputError(ValueError):
    """A bad input: the message names the field or file, its value and what is allowed.

    `rum_jax.main` prints the message alone and exits with code 2.
    """


class RunError(RuntimeError):
    """A run that cannot go on (diverged training, a full disk): says where and what to do.

    `rum_jax.main` prints the message alone and exits with code 1.
    """


def _cut(fault: str) -> str:
    half = LONGEST_FAULT // 2
    return fault if len(fault) <= LONGEST_FAULT else f"{fault[:half]} ... {fault[-half:]}"


def without_addresses(text: str) -> str:
    """A text without the addresses that Python writes into the repr of objects."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def one_line(error: BaseException) -> str:
    """Kind and message of an error in one line, whatever the error is."""
    kind = type(error).__name__
    try:
        message = without_addresses(" ".join(str(error).split()))
    except Exception:  # a user's own class may do anything
        message = ""
    if isinstance(error, SystemExit):
        return f"it ends the program (SystemExit: {message or 0})"
    return f"{kind}: {message if len(message) < 300 else message[:297] + '...'}".rstrip(": ")


def listed(faults: list[str], most: int = MOST_FAULTS) -> str:
    """A line for each of the first `most` faults, and how many more there are."""
    more = [f"and {len(faults) - most} more"] if len(faults) > most else []
    return "".join(f"\n  - {_cut(fault)}" for fault in [*faults[:most], *more])


def raise_if_any(faults: list[str], heading: str) -> None:
    """Raises InputError listing every fault; does nothing for an empty list."""
    if faults:
        raise InputError(heading + listed(faults))
