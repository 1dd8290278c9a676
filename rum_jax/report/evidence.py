"""Which rows are evidence for the effect of a change on unlearning, and tests of the effect.

The change is from the first to the last forget set or request. The ToW of a row that unlearns
almost nothing changes as the ToW of the original does. A row is therefore evidence only if its ToW
is higher than the original's by more than the 95% interval, on the set or request where the
original's mean ToW is lower: an original that is close to the oracles leaves nothing to gain. The
test compares a row's change of ToW with the original's change, paired by seed. There is one test
for each row, and all rows are one family, including rows that are not evidence.
"""

from collections.abc import Mapping, Sequence

from rum_jax.evaluate.hypothesis_tests import (
    ALPHA,
    HIGHER,
    LOWER,
    NOT_SIGNIFICANT,
    Verdict,
    verdicts,
)
from rum_jax.evaluate.interval import paired_difference
from rum_jax.report.words import interval, joined, outcomes
from rum_jax.rum.row_spec import REFERENCE, REFERENCES
from rum_jax.unlearn import algorithm

ORIGINAL, RETRAIN, RETRAIN_AGAIN = REFERENCES


def family_of(spec: Mapping) -> str | None:
    """The family of a row's algorithm; None where it has none, or one for each subset."""
    return algorithm(spec["algorithm"]).family if spec["algorithm"] else None


def beyond(metrics: Sequence[Mapping], original: Sequence[Mapping] | None) -> dict:
    """Whether a row does more than the original, and how its change differs from the original's.

    Args:
      metrics: summaries by name, on each set or after each request.
      original: those of the original; None: it is not there, or it is the row itself.

    Returns:
      `gain`: ToW minus the original's on the first and the last; `is_evidence`: whether it is
      above 0 by more than the 95% interval where the original's mean ToW is lower;
      `is_gain_tested`: whether that gain differs between seeds, so that there is an interval;
      `beyond_original`: the change of ToW minus the original's. None where there is no original.
    """
    if original is None:
        return {"gain": None, "is_evidence": False, "is_gain_tested": False,
                "beyond_original": None}
    ends = [(metrics[place]["tow"]["per_seed"], original[place]["tow"]["per_seed"])
            for place in (0, -1)]
    gain = [paired_difference(*pair) for pair in ends]
    hard = int(original[-1]["tow"]["mean"] < original[0]["tow"]["mean"])
    return {"gain": gain, "is_evidence": _is_above_zero(gain[hard]),
            "is_gain_tested": gain[hard]["ci95"] is not None,
            "beyond_original": paired_difference(gain[1]["per_seed"], gain[0]["per_seed"])}


def _is_above_zero(difference: dict) -> bool:
    return difference["mean"] > 0 and difference["p"] is not None and difference["p"] < ALPHA


def with_verdicts(rows: list[dict]) -> list[dict]:
    """The same rows, each with `verdict` of its change beyond the original's; None: no test."""
    methods = [row for row in rows if row["spec"]["kind"] != REFERENCE and row["beyond_original"]]
    tests = verdicts([row["beyond_original"] for row in methods])
    by_row = {row["row"]: test._asdict() for row, test in zip(methods, tests, strict=True)}
    return [{**row, "verdict": by_row.get(row["row"])} for row in rows]


def unlearning(section: dict) -> list[dict]:
    """The rows that unlearn; not those that they are compared with."""
    return [row for row in section["rows"] if row["spec"]["kind"] != REFERENCE]


def tests_of(rows: Sequence[dict]) -> dict[str, Verdict]:
    """Row -> what the test of its change says, of rows that are evidence."""
    return {row["row"]: Verdict(**row["verdict"]) for row in rows
            if row["is_evidence"] and row["verdict"]}


def evidence(rows: Sequence[dict], changes: str) -> list[str]:
    """A sentence with the results of the tests, and the rows that are not evidence.

    Args:
      rows: that unlearn, see `levels.assemble` and `streams.assemble`.
      changes: what is compared, as "ToW from <first forget set> to <last forget set>".
    """
    tests = tests_of(rows)
    idle = [row for row in rows if row["beyond_original"] and not row["is_evidence"]]
    none = joined([row["row"] for row in idle if row["is_gain_tested"]],
                  " Not evidence, because their ToW is not significantly above the original's "
                  "(paired t, 95%) where the original's is lowest: ", ".")
    none += joined([row["row"] for row in idle if not row["is_gain_tested"]],
                   " Not evidence, because their ToW there differs from the original's by the same "
                   "for all seeds, of which there is no test: ", ".")
    if not tests:
        return [f"{changes}: no method is evidence, so the change is not tested.{none}"]
    differences = {row["row"]: row["beyond_original"] for row in rows}
    words = {LOWER: "falls", HIGHER: "rises", NOT_SIGNIFICANT: NOT_SIGNIFICANT}
    return [f"{changes}, beyond the original's own change: it "
            f"{outcomes(tests, words, differences)}{none}"]


def references(rows: Sequence[dict]) -> list[str]:
    """How what rows are compared with changes."""
    words = {ORIGINAL: "The original, which forgets nothing, changes by {}.",
             RETRAIN_AGAIN: "Retraining again with other seeds changes by {}."}
    return [words[row["row"]].format(interval(row["change"]["tow"], sign=True))
            for row in rows if row["row"] in words]


def verdict_cell(row: dict) -> str:
    """The word of a row's test; why there is none."""
    if not row["verdict"]:
        return "-"
    return row["verdict"]["word"] if row["is_evidence"] else "not evidence"
