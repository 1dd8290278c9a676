"""Writes docs/claims.md from the workdirs of finished studies of claims.

    python -m rum_jax.main --config=configs/claims.py:digits --workdir=runs/digits_claims
    python benchmarks/claims_page.py --digits=runs/digits_claims \\
        --cifar10_small=runs/cifar10_small_claims --digits_reasons=runs/digits_claim_reasons

With `_reasons` it is the workdir of configs/claim_reasons.py. Results are copied to
docs/results/claims/<study>/, and the page and its figures are made from what is there, so that one
study can be done again without the others. Every word of a verdict is that of its test.
"""

import argparse
import pathlib
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from studies_page import measured

from rum_jax.config.claims import DATA
from rum_jax.core import records
from rum_jax.report import claim_figures, claim_search, claim_tables
from rum_jax.report.claim_tables import COLUMNS
from rum_jax.report.claim_words import (
    ALL_SCORES,
    answers,
    calibrated,
    compared,
    counted,
    effect,
    families,
    full_title,
    metric_name,
    needed,
    ordered,
    p_value,
    powered,
    scope,
    tested,
)

ROOT = pathlib.Path(__file__).parents[1]
PAGE, TARGET = ROOT / "docs" / "claims.md", ROOT / "docs" / "results" / "claims"
TITLES = {"digits": "scikit-learn's digits", "cifar10_small": "Five classes of CIFAR-10",
          "cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}
REASONS = "_reasons"    # ends the name of a study of reasons
STUDIES = tuple(name for data in DATA for name in (data, data + REASONS))
SHOWN = tuple(COLUMNS[name] for name in (
    "tow_stratified", "tow_mia_stratified", "forget_frequency_agreement", "retrainings",
    "score_retrainings"))
LEGEND = ("closeness to retraining, by accuracy and by membership inference; agreement with "
          "oracles example by example; cost in retrainings, of a method and of the scores that it "
          "refines by")
LARGEST = 500_000       # bytes of results.json that are copied as they are
HEADER = ("contrast", "metric", "effect [95% interval]", "verdict", "n", "p (Holm)", "power",
          "detectable", "replicates for 80%", "test", "first - second")
HEAD = """# Claims, decided on many splits

Every claim is stated as contrasts in `rum_jax/config/claims.py` before anything is run: what is
compared, by which test, in which direction and with which margin. Each replicate is a split of its
own, with its own memorization models, originals, oracles and forget sets. Verdicts are those of
paired t-tests over replicates, with Holm's correction for the contrasts of a family that have the
same kind of test: *supported*, *refuted*, *equivalent* within the margin, or *undecided*, with the
largest difference that the 95% interval does not exclude. Nothing on this page is worded
otherwise. Claim 1 was restated, as interactions, when part of the replicates of the digits had been
run, since tests of its first form erred in half of the studies that were simulated without any
interaction. The page was written by

    {command}

Chapters called *reasons* have experiments on why claims came out as they did
(`rum_jax/config/claim_reasons.py`). They were stated after the claims had been decided, and before
they were run themselves.

Power is that of the contrast's own test for an effect of the margin, or for non-inferiority and
equivalence at the margin for an effect of 0, with the spread that was measured. Detectable: the
smallest effect, or for these the smallest margin, with a power of 80%. In figures each point is a
replicate, the shaded band the margin, and the arrow shows where effects support the claim.
"""


def copied(data: str, workdir: pathlib.Path) -> None:
    """The results of a study into docs/results/claims/<data>/."""
    folder, path = TARGET / data, workdir / "results.json"
    folder.mkdir(parents=True, exist_ok=True)
    results = records.read_json(path)
    if path.stat().st_size > LARGEST:
        results = trimmed(results)
    origin = results["provenance"]
    origin["command"] = [f"--workdir={workdir_of(data)}" if word.startswith("--workdir=") else word
                         for word in origin["command"]]
    records.write_json(folder / "results.json", results)


def trimmed(results: dict[str, Any]) -> dict[str, Any]:
    """The same without model seeds, metrics that the report has not, and candidates of searches.

    Candidates of Auto-RUM stay.
    """
    parts = [{**part, "statistics": _without(part["statistics"], "per_seed"), "rows": [
        {**row, "metrics": _without({name: value for name, value in row["metrics"].items()
                                     if name in COLUMNS}, "per_seed")} for row in part["rows"]]}
        for part in results["parts"]]
    return {**results, "parts": parts, "regrets": _without(results["regrets"], "per_seed"),
            "searches": {part: {row: found if "structure" in found else
                                _without(found, "candidates") for row, found in rows.items()}
                         for part, rows in results["searches"].items()}}


def _without(value: Any, key: str) -> Any:
    """JSON values without a key, at any depth."""
    if isinstance(value, dict):
        return {name: _without(item, key) for name, item in value.items() if name != key}
    return [_without(item, key) for item in value] if isinstance(value, list) else value


def markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    """A table."""
    return ["| " + " | ".join(line).replace("*", "\\*") + " |"
            for line in (header, ["---"] * len(header), *lines)]


def contrasts(claims: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Lines of HEADER."""
    return [[full_title(claim), metric_name(claim["metric"]), effect(claim), claim["verdict"],
             str(claim["n"]), p_value(claim["p_adjusted"]),
             *(("n/a",) * 3 if claim["power"] is None else
               (f"{claim['power']['power']:.0%}", f"{claim['power']['detectable']:.3f}",
                needed(claim["power"]))),
             tested(claim), f"`{compared(claim)}`"] for claim in claims]


def overview(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The first word of each verdict, side by side for all data sets."""
    words = {data: {(full_title(claim), metric_name(claim["metric"])): claim["word"]
                    for claim in ordered(results["claims"])} for data, results in found.items()}
    names = list(dict.fromkeys(name for of_data in words.values() for name in of_data))
    return ["", "## All verdicts", "", *markdown(
        ["contrast", "metric", *(TITLES[data] for data in found)],
        [[*name, *(of_data.get(name, "-") for of_data in words.values())] for name in names])]


def chapter(data: str, results: Mapping[str, Any]) -> list[str]:
    """What the page says of one data set; its figures are written, too."""
    claims, origin = ordered(results["claims"]), results["provenance"]
    lines = ["", f"## {_heading(data)}", "", f"    {shlex.join(origin['command'])}", "",
             f"{measured(origin)}: {len(results['scope']['replicates'])} replicates of "
             f"{results['scope']['model_seeds']} model seeds, "
             f"{results['scope']['training_examples']} training and "
             f"{results['scope']['test_examples']} test examples; {origin['cpu_count']} "
             f"{origin['cpu']} cores, jax {origin['versions']['jax']}. All numbers are in "
             f"[results.json](results/claims/{data}/results.json).", "",
             scope(results["scope"]), "", counted(claims), "",
             *(f"- **{claim}:** {said}" for claim, said in answers(claims)), "", ALL_SCORES]
    lines += ["", *markdown(HEADER, contrasts(claims)), "", powered(claims)]
    lines += [line for fault in results["not_decided"] for line in ("", f"Not decided: {fault}.")]
    if said := calibrated(results["calibration"]):
        lines += ["", " ".join(said)]
    return [*lines, *_figures(data, results), *_auto_rum(data, results), *_tables(results)]


def _tables(results: Mapping[str, Any]) -> list[str]:
    """The rows of each part, with the columns that claims are about."""
    lines = ["", f"Means over replicates ± half-width of the 95% interval; columns: {LEGEND}."]
    for of_part in results["parts"]:
        table = claim_tables.part(of_part)
        kept = [table["columns"].index(name) for name in SHOWN if name in table["columns"]]
        lines += ["", f"**Part {table['name']}.** {table['about']}.", "", *markdown(
            ["method", *(table["columns"][place] for place in kept)],
            [[f"`{line['full']}`", *(line["cells"][place]["text"] for place in kept)]
             for line in table["lines"]])]
    return lines


def _heading(study: str) -> str:
    data = study.removesuffix(REASONS)
    return TITLES[data] if study == data else f"{TITLES[data]}: reasons"


def workdir_of(study: str) -> str:
    """Where a reader's own run would be, below the current folder."""
    data = study.removesuffix(REASONS)
    return f"runs/{data}_claims" if study == data else f"runs/{data}_claim_reasons"


def _figures(data: str, results: Mapping[str, Any]) -> list[str]:
    """Draws the figures of a data set, whose older ones go; lines of the page."""
    folder, lines, claims = TARGET / data, [], ordered(results["claims"])
    for old in folder.glob("*.svg"):
        old.unlink()
    headings = families(claims)
    drawn = [(headings[family], *figure)
             for family, figure in claim_figures.forests(claims).items()]
    drawn += [(f"Score against cost on {forget_set}", *figure)
              for forget_set, figure in claim_figures.costs(results["parts"]).items()]
    for said, name, content in drawn:
        records.write_bytes(folder / name, content)
        lines += ["", f"**{said}**", "", f"![{said}](results/claims/{data}/{name})"]
    return lines


def _auto_rum(data: str, results: Mapping[str, Any]) -> list[str]:
    """Writes each Auto-RUM as fields of a config; lines of the page."""
    lines, found = [], claim_search.structured(results["searches"])
    for (name, fields), (part, of_part) in zip(
            claim_search.files(results["searches"]).items(), found.items(), strict=True):
        records.write_json(TARGET / data / name, fields)
        lines += ["", f"{claim_search.sentence(part, of_part)} As fields of a config: "
                      f"[{name}](results/claims/{data}/{name}); the search is `searches.{part}` of "
                      "results.json.", "", claim_search.regret(results["regrets"][part])]
    return lines


def page() -> str:
    """The page, from the results that are in TARGET."""
    found = {name: records.read_json(TARGET / name / "results.json") for name in STUDIES
             if (TARGET / name / "results.json").is_file()}
    command = shlex.join(["python", "benchmarks/claims_page.py",
                          *(f"--{name}={workdir_of(name)}" for name in found)])
    decided = {data: results for data, results in found.items() if data in DATA}
    lines = [HEAD.format(command=command).rstrip(),
             *(overview(decided) if len(decided) > 1 else []),
             *(line for name, results in found.items() for line in chapter(name, results))]
    return "\n".join(lines).rstrip() + "\n"


def main() -> None:
    """Copies the files and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in STUDIES:
        parser.add_argument(f"--{name}", type=pathlib.Path, help="workdir of that study")
    for name, workdir in vars(parser.parse_args()).items():
        if workdir:
            copied(name, workdir)
    records.write_bytes(PAGE, page().encode())


if __name__ == "__main__":
    main()
