"""Numbers and names as people write them."""

from collections.abc import Sequence


def interval(value: dict, digits: int = 3, sign: bool = False) -> str:
    """`0.123 ± 0.045`: mean and half-width of the 95% interval, of a `summary`.

    Values of 10 and more have so many significant digits, smaller ones so many after the point.
    """
    mean, half = value["mean"], value["ci95"]
    if abs(mean) >= 10:
        return f"{mean:{'+' if sign else ''},.{digits}g} ± {half:,.{digits}g}"
    return f"{mean:{'+' if sign else ''}.{digits}f} ± {half:.{digits}f}"


def joined(names: Sequence[str], before: str = "", after: str = "") -> str:
    """`a, b, c` between two texts; nothing at all where there are no names."""
    return f"{before}{', '.join(names)}{after}" if names else ""


def certain(difference: dict) -> bool:
    """Whether a paired difference is distinguishable from 0 at 95%."""
    return abs(difference["mean"]) > difference["ci95"]


def verdict(difference: dict) -> str:
    """`better`, `worse`, or `not distinguishable`, at 95%."""
    if not certain(difference):
        return "not distinguishable"
    return "better" if difference["mean"] > 0 else "worse"
