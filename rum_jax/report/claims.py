"""The report of a study over replicates: claims, tables of all parts, and what was searched."""

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from ml_collections import ConfigDict

from rum_jax.core import records
from rum_jax.report import claim_figures, claim_search, claim_tables, claim_words, page, pictures

FILES = ("results.json", "results.csv", "config.json")
REPLICATES = "replicates"

# (header, lines): one line for each part, row, metric, replicate and model seed.
Csv = tuple[Sequence[str], Sequence[Sequence[Any]]]


def write(workdir: pathlib.Path, config: ConfigDict, results: dict[str, Any],
          csv: Csv) -> tuple[str, pathlib.Path]:
    """Writes results.json, .csv, report.html, its figures, and Auto-RUM where it was searched.

    Args:
      workdir: of the study.
      config: of the study.
      results: see `replicates.results.assemble` and `replicates.schema.json`.
      csv: see `replicates.results.csv_rows`.

    Returns:
      The text for the terminal, one line for each contrast, and the path of the report.
    """
    results = {**results, "claims": claim_words.ordered(results["claims"])}
    forests = claim_figures.forests(results["claims"])
    headings = claim_words.families(results["claims"])
    costs = claim_figures.costs(results["parts"])
    drawn = dict((*forests.values(), *costs.values()))
    results = {**results, "pictures": pictures.replace(workdir, drawn)}
    found = claim_search.files(results["searches"])
    for name, fields in found.items():
        records.write_json(workdir / name, fields)
    records.write_csv(workdir / "results.csv", *csv)
    records.write_json(workdir / "results.json", results)
    html = page.render_claims(
        results, drawn, config.to_dict(),
        [name for name in (*FILES, *found) if (workdir / name).exists()],
        families=[(headings[family], name) for family, (name, _) in forests.items()],
        costs=[(forget_set, name) for forget_set, (name, _) in costs.items()],
        **_words(results), auto_rum=_auto_rum(results, list(found)))
    records.write_bytes(workdir / "report.html", html.encode())
    return text(results), workdir / "report.html"


def _words(results: Mapping[str, Any]) -> dict[str, Any]:
    """Texts and tables of the page."""
    claims = results["claims"]
    return {
        "counted": claim_words.counted(claims) if claims else "",
        "answers": claim_words.answers(claims), "all_scores": claim_words.ALL_SCORES,
        "scope": claim_words.scope(results["scope"]),
        "contrasts": (claim_tables.CONTRASTS, claim_tables.contrasts(claims)),
        "powered": claim_words.powered(claims) if claims else "",
        "sensitivity": (claim_tables.SENSITIVITY, claim_tables.sensitivity(claims)),
        "calibration": claim_words.calibrated(results["calibration"]),
        "tables": [claim_tables.part(of_part) for of_part in results["parts"]],
        "searches": (claim_search.CHOSEN, {
            part: claim_search.chosen(rows) for part, rows in results["searches"].items()}),
        "replicates": [(data_seed, f"{REPLICATES}/{data_seed:05d}/")
                       for data_seed in results["scope"]["replicates"]]}


def _auto_rum(results: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """For each Auto-RUM what was found, its file, and the source of a config that uses it."""
    return [{"sentence": claim_search.sentence(part, found), "file": name,
             "regret": claim_search.regret(results["regrets"][part]),
             "structures": (claim_search.STRUCTURES, claim_search.structures(found)),
             "use": claim_search.USE.format(path=name)}
            for name, (part, found) in zip(
                names, claim_search.structured(results["searches"]).items(), strict=True)]


def text(results: Mapping[str, Any]) -> str:
    """What the command prints: contrasts line by line, or without them the parts' scores."""
    claims = results["claims"]
    lines = [claim_words.counted(claims), "", claim_tables.terminal(claims)] if claims else [
        f"{claim_tables.part_text(of_part)}\n" for of_part in results["parts"]]
    auto = [f"{claim_search.sentence(part, found)}\n{claim_search.regret(results['regrets'][part])}"
            for part, found in claim_search.structured(results["searches"]).items()]
    lines += [f"Not decided: {fault}." for fault in results["not_decided"]]
    return "\n".join(["", *lines, "", claim_words.scope(results["scope"]), *auto, ""])
