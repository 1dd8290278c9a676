"""The one exception type that means "the user can mend this"."""


class InputError(ValueError):
    """A bad input: the message names the field or file, its value and what is allowed.

    `rum_jax.main` prints the message alone (no traceback) and exits with code 2.
    """


def raise_if_any(faults: list[str], heading: str) -> None:
    """Raises InputError listing every fault; does nothing for an empty list."""
    if faults:
        lines = "\n".join(f"  - {fault}" for fault in faults)
        raise InputError(f"{heading}\n{lines}")
