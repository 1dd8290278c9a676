"""The parts of a report that belong to some studies only; a new one is a file and a line here.

The module of a section has TITLE, `sentences(section)`, `table(section)` and `figures(section)`;
the section is made of plain values by its `assemble`, which is None where it does not apply.
"""

import pathlib
from collections.abc import Iterable, Iterator

import numpy as np

from rum_jax.core import records
from rum_jax.memorization.members import training_gradients
from rum_jax.report import chains, levels, onion, proxies, streams
from rum_jax.rum.row_spec import resolve
from rum_jax.study.memorization import COST_FILE
from rum_jax.study.pipeline import StudyArtifacts
from rum_jax.study.trained_models import work_of

SECTIONS = {"levels": levels, "proxies": proxies, "chains": chains, "onion": onion,
            "streams": streams}


def assemble(finished: StudyArtifacts, rows: list[dict], statistics: list[dict]) -> dict[str, dict]:
    """Name -> section, of those that apply."""
    config, sets = finished.study.config, finished.cases.sets
    traces = {row: records.read_json(folder / "trace.json")
              for row, folder in finished.traces.items()}
    sections = {
        "levels": levels.assemble(rows, statistics),
        "proxies": _proxies(finished, [row for row in rows if row["set"] == sets[0]]),
        "chains": chains.assemble(rows),
        "onion": onion.assemble(traces, sets, len(config.seeds), _specs(finished, traces)),
        "streams": _streams(finished)}
    return {name: section for name, section in sections.items() if section}


def _proxies(finished: StudyArtifacts, rows: list[dict]) -> dict | None:
    study, memorization = finished.study, None
    config, train = study.config, study.dataset.train
    campaign_gradients, seconds = 0, None
    if finished.memorization:
        arrays = records.read_arrays(finished.memorization / "memorization.npz")
        memorization = arrays["memorization"]
        campaign_gradients = training_gradients(config, len(train))
        seconds = _campaign_seconds(finished.memorization, config.campaign.models)
    return proxies.assemble(
        {name: values[:, train] for name, values in finished.proxy_scores.items()}, memorization,
        study.dataset.noisy[train],
        {name: records.read_json(folder / COST_FILE)
         for name, folder in finished.proxies.items()},
        work_of(finished.models["retrain"])["example_gradients"], campaign_gradients, seconds, rows,
        min(config.forget.size or len(train), len(train) // 3))


def _streams(finished: StudyArtifacts) -> dict | None:
    config = finished.study.config
    return streams.assemble(
        {row: [{**records.read_json(folder / "statistics.json"), "set": name}
               for folder, name in zip(stream.requests, config.stream.requests, strict=True)]
         for row, stream in finished.streams.items()},
        _requests_are_alike(finished),
        {row: [records.read_json(folder / "metrics.json") for folder in stream.evaluations]
         for row, stream in finished.streams.items()},
        {row: records.read_json(stream.trace / "trace.json")
         for row, stream in finished.streams.items() if stream.trace}, len(config.seeds),
        _specs(finished, finished.streams))


def _requests_are_alike(finished: StudyArtifacts) -> bool:
    """Whether each request has the same examples for all rows."""
    requests = zip(*(stream.requests for stream in finished.streams.values()), strict=True)
    return all(
        np.array_equal(records.read_arrays(folder / "request.npz")["positions"],
                       records.read_arrays(folders[0] / "request.npz")["positions"])
        for folders in requests for folder in folders[1:])


def _specs(finished: StudyArtifacts, names: Iterable[str]) -> dict[str, dict]:
    """Row -> fields of `row_spec.Resolved`."""
    return {name: resolve(finished.study.config, name)._asdict() for name in names}


def _campaign_seconds(folder: pathlib.Path, models: int) -> float | None:
    """Seconds of all memorization models, without compilation; None if they were not trained."""
    path = folder / COST_FILE
    if not path.is_file():
        return None
    return records.read_json(path)["seconds_per_model"] * models


def texts(sections: dict[str, dict]) -> Iterator[tuple[str, list[str], list[str], list[list[str]]]]:
    """(title, sentences, header, lines) of each section."""
    for name, section in sections.items():
        module = SECTIONS[name]
        yield module.TITLE, module.sentences(section), *module.table(section)


def figures(sections: dict[str, dict]) -> dict[str, dict[str, bytes]]:
    """Title of each section -> its pictures by file name."""
    return {SECTIONS[name].TITLE: SECTIONS[name].figures(section)
            for name, section in sections.items()}
