"""What each step of a row does to the subsets that it is not about: the onion effect.

A step that makes a model worse, or better, on everything changes all that a model knows. So the
change of a subset is looked at beyond that of the retain set in the same step, seed by seed. There
is one test for each claim (a measure, and subsets before or after their own step): of the mean over
all steps and rows; single changes are shown, and not tested.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rum_jax.evaluate.hypothesis_tests import verdicts
from rum_jax.evaluate.interval import paired_difference, summary
from rum_jax.report.labels import function_names
from rum_jax.report.section_lines import panels
from rum_jax.report.words import interval, joined
from rum_jax.rum.row_spec import STEPS
from rum_jax.unlearn.none import ALGORITHM as NONE

TITLE = "Interference between steps (onion effect)"
RETAIN, TEST, WAITING, UNLEARNED, TARGET = "retain", "test", "waiting", "unlearned", "own"
# Measures whose changes are looked at, in words; more of either means better known.
WORDS = {"called_member": "the share that the attack calls members",
         "residual_memorization": "residual memorization"}
ROLES = {UNLEARNED: "{} that were unlearned before",
         WAITING: "{} that have yet to be unlearned"}
IN_TABLE = {UNLEARNED: "unlearned before", WAITING: "yet to be unlearned"}


def assemble(traces: Mapping[str, dict], sets: Sequence[str], seeds: int,
             specs: Mapping[str, Mapping]) -> dict | None:
    """What was found, as JSON values; None where nothing was traced.

    Args:
      traces: row -> content of its trace.json, see `study.step_trace.traced`.
      sets: names of the forget sets.
      seeds: number of seeds; the cases are ordered by set, then by seed.
      specs: row -> fields of `row_spec.Resolved`.
    """
    if not traces:
        return None
    rows = []
    for row, trace in traces.items():
        for number, name in enumerate(sets):
            cases = slice(number * seeds, (number + 1) * seeds)
            parts = {measure: {part: [per_case[cases] for per_case in values]
                               for part, values in of_parts.items()}
                     for measure, of_parts in trace["measures"].items()}
            rows.append({"row": row, "set": name, "spec": dict(specs[row]),
                         "steps": trace["steps"],
                         "after": {measure: {part: [_summary(per_seed) for per_seed in values]
                                             for part, values in of_parts.items()}
                                   for measure, of_parts in parts.items()},
                         "changes": list(_changes(trace["steps"], parts))})
    return {"rows": rows}


def _summary(values: Sequence[float | None]) -> dict | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return summary(known) if len(known) == len(values) else None


def _changes(steps: list[dict], parts: dict) -> Iterator[dict]:
    """What each step changes in every part, beyond the retain set's change, too, seed by seed."""
    for number, step in enumerate(steps):
        handled = [earlier["subset"] for earlier in steps[:number]]
        for measure in (name for name in WORDS if name in parts):
            retain = _change(parts[measure].get(RETAIN), number)
            for part, values in parts[measure].items():
                change = _change(values, number)
                if part == TEST or change is None:
                    continue
                role = (TARGET if part == step["subset"] else RETAIN if part == RETAIN
                        else UNLEARNED if part in handled else WAITING)
                beyond = None if retain is None or part == RETAIN else paired_difference(
                    change["per_seed"], retain["per_seed"])
                yield {"step": number, "subset": step["subset"], "algorithm": step["algorithm"],
                       "measure": measure, "part": part, "role": role, "change": change,
                       "retain_change": retain, "beyond_retain": beyond}


def _change(values: Sequence[Sequence[float | None]] | None, number: int) -> dict | None:
    """After a step minus before it; None where a value is not known."""
    if values is None:
        return None
    before, after = (_summary(values[place]) for place in (number, number + 1))
    if before is None or after is None:
        return None
    return paired_difference(after["per_seed"], before["per_seed"])


def sentences(section: dict) -> list[str]:
    """What the numbers say."""
    return changes_in_words([row for row in section["rows"] if not _is_merged(row)], "subsets",
                            list(ROLES))


def changes_in_words(rows: Sequence[dict], named: str, roles: Sequence[str]) -> list[str]:
    """Sentences: how steps change parts with these roles; all tests are one family.

    Args:
      rows: see `assemble`; only rows whose steps each start from the models of the step before.
      named: noun for the parts, as "subsets".
      roles: keys of ROLES.
    """
    claims = {}
    for measure in WORDS:
        for role in roles:
            cases = [(row, change) for row in rows for change in counted(row, measure, role)]
            if cases:
                claims[measure, role] = cases
    means = [_mean([change["beyond_retain"] for _, change in cases]) for cases in claims.values()]
    return [_claim(cases, mean, test.text, WORDS[measure], ROLES[role].format(named))
            for ((measure, role), cases), mean, test in zip(
                claims.items(), means, verdicts(means), strict=True)]


def counted(row: Mapping, measure: str, role: str) -> list[dict]:
    """Changes of a row by steps that do something, where the retain set's is known, too."""
    return [change for change in row["changes"]
            if (change["measure"], change["role"]) == (measure, role)
            and change["algorithm"] != NONE.name and change["beyond_retain"]]


def _mean(differences: Sequence[dict]) -> dict:
    """The paired difference of means over several, seed by seed."""
    per_seed = np.mean([difference["per_seed"] for difference in differences], axis=0)
    return paired_difference(per_seed, np.zeros_like(per_seed))


def _is_merged(row: Mapping) -> bool:
    """Whether each step starts from the original, so that none comes after another."""
    return row["spec"]["steps"] == STEPS[1]


def _claim(cases: list[tuple[dict, dict]], mean: dict, text: str, words: str, whom: str) -> str:
    of_part, of_retain = (_mean([change[key] for _, change in cases])
                          for key in ("change", "retain_change"))
    row, largest = max(cases, key=lambda pair: pair[1]["beyond_retain"]["mean"])
    return (f"A step changes {words} of {whom} by {interval(of_part, sign=True)}, and of the "
            f"retain set by {interval(of_retain, sign=True)} (means over {len(cases)} steps and "
            f"parts). Beyond the retain set: {interval(mean, sign=True)}, {text}. The largest, "
            f"selected post hoc: {interval(largest['beyond_retain'], sign=True)} of "
            f"{largest['part']} when {row['row']} unlearns {largest['subset']}"
            f"{joined([row['set']] if row['set'] else [], ' of ')}.")


def table(section: dict) -> tuple[list[str], list[list[str]]]:
    """(header, lines): mean changes of each row, of parts that its steps are not about."""
    header = ["row", "forget set", "measure", "parts", "steps and parts", "change",
              "retain set's change", "beyond the retain set"]
    lines = []
    for row in section["rows"]:
        for measure, words in WORDS.items():
            for role in ROLES if not _is_merged(row) else ():
                changes = counted(row, measure, role)
                if changes:
                    lines.append([
                        row["row"], row["set"], words, IN_TABLE[role], str(len(changes)),
                        *(interval(_mean([change[key] for change in changes]), sign=True)
                          for key in ("change", "retain_change", "beyond_retain"))])
    return header, lines


def figures(section: dict) -> dict[str, bytes]:
    """Both measures of every part after each step, for the first forget set.

    A figure for each algorithm, with a panel for each of its rows.
    """
    groups: dict[tuple[str, str], list[dict]] = {}
    for measure in WORDS:
        for row in section["rows"]:
            if row["set"] == section["rows"][0]["set"] and any(
                    change["measure"] == measure for change in row["changes"]):
                groups.setdefault((measure, _algorithm(row)), []).append(row)
    drawn: dict[str, bytes] = {}
    for (measure, algorithm), rows in groups.items():
        name = f"onion_{measure}_{_file_part(algorithm)}"
        namesakes = sum(earlier.startswith(f"{name}.") or earlier.startswith(f"{name}-")
                        for earlier in drawn)
        name += f"-{namesakes + 1}.svg" if namesakes else ".svg"
        drawn[name] = panels(rows, measure, WORDS[measure])
    return drawn


def _algorithm(row: dict) -> str:
    """The algorithm of all steps that do something; `rum` where they differ."""
    algorithms = {step["algorithm"] for step in row["steps"]} - {NONE.name}
    return algorithms.pop() if len(algorithms) == 1 else "rum"


def _file_part(algorithm: str) -> str:
    """A part of a file's name, of letters, digits and underscores."""
    return re.sub(r"\W+", "_", function_names(algorithm), flags=re.ASCII)
