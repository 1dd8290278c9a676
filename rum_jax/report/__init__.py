"""The report of a study, made from the files of its stages alone."""

import pathlib
import shutil

from rum_jax import records
from rum_jax.report import figures, page, sections, text
from rum_jax.report.gallery import memorization_gallery
from rum_jax.report.results import assemble, csv_rows
from rum_jax.stages.pipeline import Finished


def write(finished: Finished, provenance: dict) -> tuple[str, pathlib.Path]:
    """Writes all results into the workdir itself; returns (table, path of the report)."""
    workdir, config = finished.study.workdir, finished.study.config.to_dict()
    results = assemble(finished, provenance)
    stages = [(name, stage["seconds"]) for name, stage in results["stages"].items()]
    drawn = _draw(finished, results)
    for made in (drawn, *sections.figures(results["sections"]).values()):
        for name, content in made.items():
            records.write_bytes(workdir / name, content)
    header, lines = csv_rows(results)
    records.write_csv(workdir / "results.csv", header, lines)
    records.write_lines(workdir / "metrics.jsonl", _metrics(workdir, results["stages"]))
    _copy(finished)
    html = page.render(results, drawn, config, stages)
    records.write_bytes(workdir / "report.html", html.encode())
    records.write_json(workdir / "results.json", results)
    said = [sentence for _, sentences, *_ in sections.texts(results["sections"])
            for sentence in sentences]
    summary = "\n".join(["", text.table(results), "", *text.findings(results), *said, ""])
    return summary, workdir / "report.html"


def _draw(finished: Finished, results: dict) -> dict[str, bytes]:
    made = {}
    of_sets = text.of_sets(results)
    for number, rows in enumerate(of_sets.values(), 1):
        end = f"-{number}.png" if len(of_sets) > 1 else ".png"
        made[f"tow{end}"] = figures.tow_bars(rows)
        made[f"accuracies{end}"] = figures.accuracies(rows)
    made["run_times.png"] = figures.run_times(rows)
    if finished.memorization:
        stored = records.read_arrays(finished.memorization / "memorization.npz")
        made["memorization.png"] = figures.memorization_histogram(stored["memorization"],
                                                                  stored["planted_noise"])
        made["examples.png"] = memorization_gallery(finished.study.dataset, stored["memorization"])
    return made


def _metrics(workdir: pathlib.Path, stages: dict) -> list[dict]:
    """The JSON lines of all stages, in the order of the run."""
    paths = (workdir / "stages" / name / "metrics.jsonl" for name in stages)
    return [record for path in paths if path.exists() for record in records.read_lines(path)]


def _copy(finished: Finished) -> None:
    """Scores and forget set into the workdir itself, where people look for them."""
    wanted = [(finished.memorization, "memorization.npz", "memorization.npz"),
              (finished.forget, "forget.npz", "forget.npz"),
              (finished.forget, "statistics.json", "forget_statistics.json"),
              (finished.influence, "influence.npz", "influence.npz")]
    for folder, source, name in wanted:
        if not folder:
            continue
        partial = finished.study.workdir / f"{name}.partial"
        shutil.copyfile(folder / source, partial)
        partial.replace(finished.study.workdir / name)
