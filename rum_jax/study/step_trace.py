"""The stage that looks at every subset after each step of a row."""

import pathlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rum_jax.core import records
from rum_jax.evaluate.subset_measures import MEASURES, SubsetMeasures
from rum_jax.evaluate.view import View
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study, row_folder
from rum_jax.study.references import References, memorization_folder, parts_of
from rum_jax.study.trained_models import load_logits
from rum_jax.study.unlearning import STEPS_FILE, SUBSETS_FILE, TRACE_FILE

RETAIN, TEST = "retain", "test"


def has_trace(models: pathlib.Path) -> bool:
    """Whether a row was traced: it has more than one step, and the config asked for it."""
    return (models / TRACE_FILE).is_file()


def traced(references: References, row: str, models: pathlib.Path) -> pathlib.Path:
    """Stage "trace/<row>": `trace.json`.

    It has `steps` (subset and algorithm of each, in order) and `measures`: measure -> part ->
    values of M cases for each number of steps done, from 0, the original, on. Parts are the
    subsets, `retain` and, for accuracy and agreement, `test`.
    """

    def write(folder: pathlib.Path) -> None:
        steps = [{key: step[key] for key in ("subset", "algorithm")}
                 for step in records.read_json(models / STEPS_FILE)]
        records.write_json(folder / "trace.json", {
            "steps": steps, "measures": _measures(references, models)})

    reads = [references.study.data, models, references.original, references.oracle,
             *memorization_folder(references.study)]
    content = references.study.content
    sets = [content.set_name(name) for name in references.cases.sets]
    origin = Origin({**content.part("mia"), "sets": sets}, list(dict.fromkeys(reads)), row)
    return stage_cache.stage(references.study.workdir, f"trace/{row_folder(row)}", write, origin)


def accuracy_out(study: Study) -> np.ndarray:
    """float64[N]: how often models that were not trained on an example predict it right; or NaN."""
    accuracies = np.full(len(study.task.labels), np.nan)
    for folder in memorization_folder(study):
        stored = records.read_arrays(folder / "memorization.npz")
        if "accuracy_out" in stored:
            accuracies[study.dataset.train] = stored["accuracy_out"]
    return accuracies


def _measures(references: References, models: pathlib.Path) -> dict:
    cases = references.cases
    originals = load_logits(references.original)
    stored = records.read_arrays(models / TRACE_FILE)["logits"]
    logits = [originals[[cases.original(m) for m in range(len(cases.seeds))]], *stored]
    return measures(references.study, logits, [references.views] * len(logits), cases.forget,
                    records.read_arrays(models / SUBSETS_FILE))


def measures(study: Study, logits: Sequence[np.ndarray], oracles: Sequence[Sequence[View]],
             forget: np.ndarray, subsets: Mapping[str, np.ndarray], request: int = 0) -> dict:
    """Measure -> part -> values of M cases after each number of steps; see `traced`.

    Args:
      study: see there.
      logits: float32[M,N,C] of the models after each number of steps, from 0 on.
      oracles: views of the M oracles to compare with, after each number of steps.
      forget: int32[M,F] positions of all examples to forget, those of later steps included.
      subsets: name -> int32[M,k] positions.
      request: number of earlier requests, see `Cases`.
    """
    out, table = accuracy_out(study), {}
    for done, (models, views) in enumerate(zip(logits, oracles, strict=True)):
        for m in range(len(forget)):
            view = View(models[m], study.task.labels, parts_of(study, forget[m], request))
            layers = SubsetMeasures(view, views[m], out)
            parts = {**{name: positions[m] for name, positions in subsets.items()},
                     RETAIN: layers.unseen_retain, TEST: view.parts["test"]}
            for measure, part, value in _values(layers, parts):
                table.setdefault(measure, {}).setdefault(part, [])
                _row(table[measure][part], done).append(value)
    return table


def _row(table: list, number: int) -> list:
    if len(table) == number:
        table.append([])
    return table[number]


def _values(layers: SubsetMeasures,
            parts: dict[str, np.ndarray]) -> Iterator[tuple[str, str, float]]:
    for name, measure in MEASURES.items():
        for part, positions in parts.items():
            if part != TEST or name in ("accuracy", "agreement"):
                yield name, part, measure(layers, positions)
