"""The report of a study, made from the files of its stages alone."""

import pathlib
import shutil

from rum_jax import records
from rum_jax.report import figures, page, text
from rum_jax.report.gallery import memorization_gallery
from rum_jax.report.results import assemble, csv_rows
from rum_jax.stages.pipeline import Finished


def write(finished: Finished, provenance: dict) -> tuple[str, pathlib.Path]:
    """Writes all results into the workdir itself; returns (table, path of the report)."""
    workdir, config = finished.study.workdir, finished.study.config.to_dict()
    results = assemble(finished, provenance)
    stages = [(name, stage["seconds"]) for name, stage in results["stages"].items()]
    drawn = _draw(finished, results)
    for name, content in drawn.items():
        records.write_bytes(workdir / name, content)
    header, lines = csv_rows(results)
    records.write_csv(workdir / "results.csv", header, lines)
    records.write_lines(workdir / "metrics.jsonl", _metrics(workdir, results["stages"]))
    _copy(finished)
    html = page.render(results, drawn, config, stages)
    records.write_bytes(workdir / "report.html", html.encode())
    records.write_json(workdir / "results.json", results)
    summary = "\n".join(["", text.table(results), "", *text.findings(results), ""])
    return summary, workdir / "report.html"


def _draw(finished: Finished, results: dict) -> dict[str, bytes]:
    stored = records.read_arrays(finished.memorization / "memorization.npz")
    scores, rows = stored["memorization"], results["rows"]
    return {
        "tow.png": figures.tow_bars(rows),
        "accuracies.png": figures.accuracies(rows),
        "run_times.png": figures.run_times(rows),
        "memorization.png": figures.memorization_histogram(scores, stored["planted_noise"]),
        "examples.png": memorization_gallery(finished.study.dataset, scores),
    }


def _metrics(workdir: pathlib.Path, stages: dict) -> list[dict]:
    """The JSON lines of all stages, in the order of the run."""
    paths = (workdir / "stages" / name / "metrics.jsonl" for name in stages)
    return [record for path in paths if path.exists() for record in records.read_lines(path)]


def _copy(finished: Finished) -> None:
    """Scores and forget set into the workdir itself, where people look for them."""
    wanted = [(finished.memorization, "memorization.npz"), (finished.forget, "forget.npz")]
    if finished.influence:
        wanted.append((finished.influence, "influence.npz"))
    for folder, name in wanted:
        partial = finished.study.workdir / f"{name}.partial"
        shutil.copyfile(folder / name, partial)
        partial.replace(finished.study.workdir / name)
