"""The report of a study, made from the files of its stages alone."""

import pathlib
import shutil

from rum_jax.core import records
from rum_jax.report import curves, dots, page, pictures, sections, text
from rum_jax.report.gallery import memorization_gallery
from rum_jax.report.results import assemble, csv_rows
from rum_jax.study.context import Study
from rum_jax.study.forget_sets import copy_files
from rum_jax.study.pipeline import StudyArtifacts

# Files for people and programs beside the report, in the order of its links.
FILES = ("results.json", "results.csv", "memorization.npz", "forget.npz", "forget_statistics.json",
         "influence.npz", "metrics.jsonl", "config.json", "provenance.json")


def write(finished: StudyArtifacts, provenance: dict) -> tuple[str, pathlib.Path]:
    """Writes all results into the workdir itself; returns (table, path of the report)."""
    workdir, config = finished.study.workdir, finished.study.config.to_dict()
    results = assemble(finished, provenance)
    stages = [(name, stage["seconds"]) for name, stage in results["stages"].items()]
    lines = _metrics(finished.study, results["stages"])
    drawn = _draw(finished, results, lines)
    section_figures = sections.figures(results["sections"])
    results["pictures"] = pictures.replace(workdir, {
        **drawn, **{name: content for figures in section_figures.values()
                    for name, content in figures.items()}})
    header, cells = csv_rows(results)
    records.write_csv(workdir / "results.csv", header, cells)
    records.write_lines(workdir / "metrics.jsonl", lines)
    _copy(finished)
    records.write_json(workdir / "results.json", results)
    files = [name for name in FILES if (workdir / name).exists()]
    html = page.render(results, drawn, section_figures, config, stages, files)
    records.write_bytes(workdir / "report.html", html.encode())
    section_sentences = [sentence for _, sentences, *_ in sections.texts(results["sections"])
                         for sentence in sentences]
    summary = "\n".join(["", *text.answer(results), "", text.table(results), "",
                         *text.findings(results), *section_sentences, ""])
    return summary, workdir / "report.html"


def _draw(finished: StudyArtifacts, results: dict, lines: list[dict]) -> dict[str, bytes]:
    """File name -> SVG of every figure that is not of a section."""
    rows_by_set, drawn = text.rows_by_set(results), {}
    for number, (name, rows) in enumerate(rows_by_set.items(), 1):
        end = f"-{number}.svg" if len(rows_by_set) > 1 else ".svg"
        drawn[f"differences{end}"] = dots.differences(
            [comparison for comparison in results["comparisons"] if comparison["set"] == name],
            rows)
        drawn[f"tow{end}"] = dots.tow(rows)
        drawn[f"accuracies{end}"] = dots.accuracies(rows)
    drawn["run_times.svg"] = dots.run_times(rows_by_set)
    root, losses = finished.study.workdir / "stages", curves.learning(lines)
    specs = {row["name"]: row["spec"] for row in results["rows"]}
    stages = {str(folder.relative_to(root)): (name, specs[name])
              for name, folder in finished.models.items() if name not in curves.TRAINED}
    drawn["training.svg"] = curves.training(losses)
    drawn["unlearning.svg"] = curves.unlearning(losses, stages)
    if finished.memorization:
        stored = records.read_arrays(finished.memorization / "memorization.npz")
        drawn["memorization.svg"] = curves.memorization_histogram(stored["memorization"],
                                                                  stored["injected_noise"])
        drawn["examples.svg"] = memorization_gallery(finished.study.dataset,
                                                     stored["memorization"],
                                                     finished.study.config.data.seed)
    return {name: content for name, content in drawn.items() if content}


def _metrics(study: Study, stages: dict) -> list[dict]:
    """The JSON lines of all stages, in the order of the run, with the config's names of sets."""
    names = {study.content.set_name(name): name
             for name in (*study.config.stream.requests, *study.config.forget.sets)}
    paths = (study.workdir / "stages" / name / "metrics.jsonl" for name in stages)
    lines = (line for path in paths if path.exists() for line in records.read_lines(path))
    return [{**line, "set": names.get(line["set"], line["set"])} if "set" in line else line
            for line in lines]


def _copy(finished: StudyArtifacts) -> None:
    """Scores and forget set into the workdir itself, where people look for them."""
    copy_files(finished.forget, finished.cases.sets, finished.study.workdir)
    for folder, name in ((finished.memorization, "memorization.npz"),
                         (finished.influence, "influence.npz")):
        target = finished.study.workdir / name
        if not folder:
            target.unlink(missing_ok=True)  # of an earlier run
            continue
        partial = finished.study.workdir / f"{name}.partial"
        shutil.copyfile(folder / name, partial)
        partial.replace(target)
