"""What each step of a row does to the subsets that it is not about: the onion effect."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report.labels import function_names
from rum_jax.report.section_lines import panels
from rum_jax.report.words import certain, interval, joined
from rum_jax.rows import STEPS, parse

TITLE = "What each step does to the others"
RETAIN, TEST, WAITING = "retain", "test", "waiting"
# Measures whose changes are looked at, in words; more of either means better known.
WORDS = {"called_member": "the share that the attack calls members",
         "residual_memorization": "residual memorization"}
ROLES = {"unlearned": "{} that were unlearned before",
         WAITING: "{} that have yet to be unlearned", RETAIN: "the retain set"}
CHANCE = 0.05   # share of tests at 95% that find something where there is nothing


def assemble(traces: Mapping[str, dict], sets: Sequence[str], seeds: int) -> dict | None:
    """What was found, as JSON values; None where nothing was traced.

    Args:
      traces: row -> what its stage "trace" wrote.
      sets: names of the forget sets.
      seeds: of each; cases are set after set.
    """
    if not traces:
        return None
    rows = []
    for row, trace in traces.items():
        for number, name in enumerate(sets):
            cases = slice(number * seeds, (number + 1) * seeds)
            parts = {measure: {part: [done[cases] for done in values]
                               for part, values in of_parts.items()}
                     for measure, of_parts in trace["measures"].items()}
            rows.append({"row": row, "set": name, "steps": trace["steps"],
                         "after": {measure: {part: [_summary(one) for one in values]
                                             for part, values in of_parts.items()}
                                   for measure, of_parts in parts.items()},
                         "changes": list(_changes(trace["steps"], parts))})
    return {"rows": rows}


def _summary(values: Sequence[float | None]) -> dict | None:
    return None if None in values or not np.isfinite(values).all() else summary(values)


def _changes(steps: list[dict], parts: dict) -> Iterator[dict]:
    """What each step that does something changes in every part, seed by seed."""
    for number, step in enumerate(steps):
        handled = [earlier["subset"] for earlier in steps[:number]]
        for measure in (name for name in WORDS if name in parts):
            for part, values in parts[measure].items():
                before, after = values[number], values[number + 1]
                if part == TEST or _summary(before) is None or _summary(after) is None:
                    continue
                role = ("own" if part == step["subset"] else RETAIN if part == RETAIN
                        else "unlearned" if part in handled else WAITING)
                yield {"step": number, "subset": step["subset"], "algorithm": step["algorithm"],
                       "measure": measure, "part": part, "role": role,
                       "change": paired_difference(after, before)}


def sentences(found: dict) -> list[str]:
    """What the numbers say."""
    return changes_in_words([row for row in found["rows"] if not _is_merged(row["row"])],
                            "subsets", ROLES)


def changes_in_words(rows: Sequence[dict], named: str, roles: Sequence[str]) -> list[str]:
    """How steps that do something change parts of those roles.

    Args:
      rows: of what was found, in which each step starts where the one before ended.
      named: what the parts are called.
      roles: of ROLES.
    """
    said = []
    for measure, words in WORDS.items():
        for role in roles:
            ones = [(row, one) for row in rows for one in row["changes"]
                    if one["measure"] == measure and one["role"] == role
                    and one["algorithm"] != "none"]
            if ones:
                said.append(_counted(ones, words, ROLES[role].format(named)))
    return said


def _is_merged(row: str) -> bool:
    """Whether each step starts from the original, so that none comes after another."""
    return parse(row).options.get("steps") == STEPS[1]


def _counted(ones: list[tuple[dict, dict]], words: str, whom: str) -> str:
    sure = [(row, one) for row, one in ones if certain(one["change"])]
    up = sum(one["change"]["mean"] > 0 for _, one in sure)
    text = (f"A step changes {words} of {whom} in {len(sure)} of {len(ones)} cases at 95% "
            f"({CHANCE * len(ones):.1f} by chance alone): up in {up}, down in {len(sure) - up}")
    rising = [pair for pair in sure if pair[1]["change"]["mean"] > 0]
    row, one = max(rising or sure or ones, key=lambda pair: abs(pair[1]["change"]["mean"]))
    largest = "largest rise" if rising else "largest change"
    return (f"{text}. The {largest}, {interval(one['change'], sign=True)}, is that of "
            f"{one['part']} when {row['row']} unlearns {one['subset']}"
            f"{joined([row['set']] if row['set'] else [], ' of ')}.")


def table(found: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): changes of what is not a step's own subset that are certain at 95%."""
    header = ["row", "forget set", "step", "algorithm", "part", "which is", "measure", "change"]
    lines = [[row["row"], row["set"], f"{one['step'] + 1}: {one['subset']}", one["algorithm"],
              one["part"], one["role"], WORDS[one["measure"]],
              interval(one["change"], sign=True)]
             for row in found["rows"] for one in row["changes"]
             if one["role"] != "own" and certain(one["change"])]
    return header, lines


def figures(found: dict) -> dict[str, bytes]:
    """Both measures of every part after each step, for the first forget set.

    A figure for each algorithm, with a panel for each of its rows.
    """
    groups: dict[tuple[str, str], list[dict]] = {}
    for measure in WORDS:
        for row in found["rows"]:
            if row["set"] == found["rows"][0]["set"] and any(
                    one["measure"] == measure for one in row["changes"]):
                groups.setdefault((measure, _algorithm(row)), []).append(row)
    drawn: dict[str, bytes] = {}
    for (measure, algorithm), rows in groups.items():
        name = f"onion_{measure}_{_file_part(algorithm)}"
        other = sum(earlier.startswith(f"{name}.") or earlier.startswith(f"{name}-")
                    for earlier in drawn)
        name += f"-{other + 1}.svg" if other else ".svg"
        drawn[name] = panels(rows, measure, WORDS[measure])
    return drawn


def _algorithm(row: dict) -> str:
    """The algorithm of all steps that do something; `rum` where they differ."""
    algorithms = {step["algorithm"] for step in row["steps"]} - {"none"}
    return algorithms.pop() if len(algorithms) == 1 else "rum"


def _file_part(algorithm: str) -> str:
    """A part of a file's name, of letters, digits and underscores."""
    return re.sub(r"\W+", "_", function_names(algorithm), flags=re.ASCII)
