"""The exceptions that carry one clear message for the user instead of a traceback."""


class InputError(ValueError):
    """A bad input: the message names the field or file, its value and what is allowed.

    `rum_jax.main` prints the message alone and exits with code 2.
    """


class RunError(RuntimeError):
    """A run that cannot go on (diverged training, a full disk): says where and what to do.

    `rum_jax.main` prints the message alone and exits with code 1.
    """


def raise_if_any(faults: list[str], heading: str) -> None:
    """Raises InputError listing every fault; does nothing for an empty list."""
    if faults:
        lines = "\n".join(f"  - {fault}" for fault in faults)
        raise InputError(f"{heading}\n{lines}")
