"""Rows of a study's table: what is done to the original model, in one line of text.

    vanilla:<algorithm>     the whole forget set at once
    rum_f:<algorithm>       the same algorithm for every subset, one after another
    rum                     the algorithms of config.rum.algorithms
    rum_shuffled            short for rum[by=shuffled]

Rows of subsets may say in brackets, separated by semicolons, what differs from their section of
the config: `by=<refinement>`, `subsets=<number>`, `order=<order>`, `steps=merged`. Examples:
`rum[by=confidence]`, `rum_f:salun[order=descending]`, `rum_f:finetune[order=mid-low-high]`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rum_jax import refine
from rum_jax.core import plugins
from rum_jax.core.checks import shortened, similar
from rum_jax.core.errors import InputError
from rum_jax.refine.contract import SUBSETS, level_of
from rum_jax.unlearn import ALGORITHMS, plugin

VANILLA, RUM_F, RUM = "vanilla", "rum_f", "rum"
REFERENCE, REFERENCES = "reference", ("original", "retrain", "retrain_again")
ALIASES = {"rum_shuffled": f"rum[by={refine.SHUFFLED}]"}
ORDERS = ("ascending", "descending")
STEPS = ("sequential", "merged")  # one after another, or each from the original model
MOST_SUBSETS = 100
_FILE_WITH_MARKS = re.compile(r"[\[\];][^\[\];=]*\.py:")


class Row(NamedTuple):
    """A row, taken apart.

    Attributes:
      kind: VANILLA, RUM_F or RUM.
      algorithm: key of ALGORITHMS, or a user's own; "" for RUM.
      options: what is said in brackets, key -> text.
    """

    kind: str
    algorithm: str
    options: dict[str, str]


def parse(row: str) -> Row:
    """The parts of a row's text; nothing is checked."""
    text = ALIASES.get(row, row)
    head, bracket, rest = text.partition("[")
    kind, _, algorithm = head.partition(":")
    inside = rest.removesuffix("]").split(";") if bracket else []
    options = {key: value for key, _, value in (part.partition("=") for part in inside)}
    return Row(kind, algorithm, {key.strip(): value.strip() for key, value in options.items()})


def options_of(config: Mapping[str, Any], row: str) -> dict[str, str]:
    """`by`, `subsets`, `order` and `steps` of a row of subsets: its own, or its section's."""
    parsed = parse(row)
    section = config[parsed.kind]
    return {"by": section["refinement"], "subsets": str(section["subsets"]),
            "order": section["order"], "steps": section["steps"], **parsed.options}


def of_subset(table: Mapping[str, Any], subset: str) -> Any:
    """The entry of a subset, or of its level."""
    return table[subset if subset in table else level_of(subset)]


class Resolved(NamedTuple):
    """What a row does, with every default of its section filled in; None where it has none.

    Attributes:
      kind: VANILLA, RUM_F, RUM, or REFERENCE: original, retrain and retrain_again.
      algorithm: key of ALGORITHMS, or a user's own; None for RUM, which has one for each subset.
      refinement: what makes the subsets.
      subsets: how many; None where the user's own refinement decides.
      order: `ascending`, `descending`, or the subsets' names; one text for one order, however it
        was asked for.
      steps: one of STEPS.
    """

    kind: str
    algorithm: str | None = None
    refinement: str | None = None
    subsets: int | None = None
    order: str | None = None
    steps: str | None = None


def resolve(config: Mapping[str, Any], row: str) -> Resolved:
    """What a row of a checked config, or one that rows are compared with, does.

    Rows with equal values do the same, except for user-defined functions: see `row_identity`.

    Raises:
      InputError: its order does not fit its subsets.
    """
    if row in REFERENCES:
        return Resolved(REFERENCE)
    parsed = parse(row)
    if parsed.kind == VANILLA:
        return Resolved(VANILLA, parsed.algorithm)
    options = options_of(config, row)
    names = refine.subset_names(options["by"], int(options["subsets"]))
    return Resolved(parsed.kind, parsed.algorithm or None, options["by"],
                    None if names is None else int(options["subsets"]),
                    options["order"] if names is None else _order_text(names, options["order"]),
                    options["steps"])


def _order_text(names: Sequence[str], order: str) -> str:
    """One text for each order of these subsets."""
    ordered = in_order(names, order)
    for text in ORDERS:
        if ordered == in_order(names, text):
            return text
    return "-".join(ordered)


def row_identity(config: Mapping[str, Any], row: str) -> Resolved:
    """Equal for rows that do the same, whatever way a user-defined function's file is named.

    Merged steps all start from the original with the same retain set, so they have no order.
    """
    resolved = resolve(config, row)
    if resolved.steps == STEPS[1]:
        resolved = resolved._replace(order=None)
    return resolved._replace(**{field: plugins.absolute(value) for field in (
        "algorithm", "refinement") if plugins.is_reference(value := getattr(resolved, field))})


def order_fault(value: object) -> str | None:
    """What is wrong with an order; None: nothing."""
    names = value.split("-") if isinstance(value, str) else []
    levels = [level_of(name) for name in names]
    if value in ORDERS or (len(names) > 1 and set(levels) <= set(SUBSETS)
                           and len(set(names)) == len(names)):
        return None
    return (f"is {shortened(value)}; known: {', '.join(ORDERS)}, or each of the subsets, as "
            f"{'-'.join(reversed(SUBSETS))}{similar(value, ORDERS)}")


def subsets_fault(value: object) -> str | None:
    """What is wrong with a number of subsets, as a number or in a row; None: nothing."""
    number = int(value) if isinstance(value, str) and value.isdecimal() else value
    if isinstance(number, int) and not isinstance(number, bool) and 2 <= number <= MOST_SUBSETS:
        return None
    return f"is {shortened(value)}; allowed: 2 to {MOST_SUBSETS}"


def steps_fault(value: object) -> str | None:
    """What is wrong with how steps follow; None: nothing."""
    return None if value in STEPS else (
        f"is {shortened(value)}; known: {', '.join(STEPS)}{similar(value, STEPS)}")


OPTIONS = {"by": refine.fault, "order": order_fault, "subsets": subsets_fault,
           "steps": steps_fault}


def algorithm_fault(value: object) -> str | None:
    """What is wrong with the name of an algorithm; None: nothing."""
    if plugins.is_reference(value):
        return plugins.fault(plugin.load, value)
    if value in ALGORITHMS:
        return None
    return (f"is {shortened(value)}; known: {', '.join(sorted(ALGORITHMS))}; or "
            f"my_file.py:function{similar(value, ALGORITHMS)}")


def fault(row: object) -> str | None:
    """What is wrong with a row's text; None: nothing."""
    if not isinstance(row, str):
        return f"is {shortened(row)}; allowed: a text"
    if not row.isprintable() or _FILE_WITH_MARKS.search(row):
        return (f"is {shortened(row)}; allowed: no line breaks, and names of files without "
                f"{' '.join(plugins.MARKS)}, which rows use for their options; rename the file or "
                "its folder")
    parsed = parse(row)
    if parsed.kind not in (VANILLA, RUM_F, RUM) or (parsed.kind == RUM) != (not parsed.algorithm):
        return (f"is {shortened(row)}; allowed: {VANILLA}:<algorithm>, {RUM_F}:<algorithm>, "
                f"{RUM}, {', '.join(ALIASES)}, the last ones with options in brackets"
                f"{_similar_row(row, parsed)}")
    if parsed.kind != RUM and (reason := algorithm_fault(parsed.algorithm)):
        return f"is {shortened(row)}, whose algorithm {reason}"
    if parsed.options and parsed.kind == VANILLA:
        return f"is {shortened(row)}; allowed: no brackets, as {VANILLA} has no subsets"
    if len(parsed.options) < row.count(";") + bool(parsed.options):
        return f"is {shortened(row)}; allowed: each option once"
    for key, value in parsed.options.items():
        if key not in OPTIONS:
            return (f"is {shortened(row)}, with the option {shortened(key)}; known: "
                    f"{', '.join(OPTIONS)}{similar(key, OPTIONS)}")
        if reason := OPTIONS[key](value):
            return f"is {shortened(row)}, whose option {key} {reason}"
    if "[" in row and not row.endswith("]"):
        return f"is {shortened(row)}; allowed: a closing bracket at its end"
    return None


def _similar_row(row: str, parsed: Row) -> str:
    """What was probably meant by a row of no known kind."""
    rest = row[len(parsed.kind):]
    if rest.startswith(":"):
        return similar(parsed.kind, (VANILLA, RUM_F)).replace("?", f"{rest}?")
    if row in ALGORITHMS:
        return f"; did you mean {VANILLA}:{row}?"
    return similar(row, (RUM, *ALIASES))


def in_order(subsets: Sequence[str], order: str) -> list[str]:
    """Subsets of a refinement, in the order in which they are unlearned.

    Args:
      subsets: as the refinement gives them, ascending.
      order: see `order_fault`; a level that is no subset's name stands for all subsets of that
        level which `order` does not name (mid: mid_1, mid_2, ...), in the given order.

    Raises:
      InputError: the order leaves a subset out, or names one that is not there.
    """
    if order in ORDERS:
        return list(subsets) if order == ORDERS[0] else list(reversed(subsets))
    named = order.split("-")
    ordered: list[str] = []
    for name in named:
        ordered += [name] if name in subsets else [
            subset for subset in subsets if level_of(subset) == name and subset not in named]
    if sorted(ordered) != sorted(subsets) or any(
            name not in subsets and level_of(name) != name for name in named):
        raise InputError(f"order: is {order}; allowed: each of {', '.join(subsets)} once")
    return ordered
