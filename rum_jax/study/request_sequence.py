"""Streams of requests: each is unlearned from the models that the one before has left.

A row does to every request what it does to a forget set. After each it is compared with oracles
that never saw what any request so far has asked for (docs/parity.md#requests).
"""

import pathlib
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rum_jax.config import identity
from rum_jax.core import records
from rum_jax.evaluate import MEAN
from rum_jax.rum.chain import retain_sets
from rum_jax.rum.row_spec import parse
from rum_jax.storage import stage_cache
from rum_jax.storage.stage_cache import Origin
from rum_jax.study.context import Study, row_folder
from rum_jax.study.evaluation import ORIGINAL, evaluated
from rum_jax.study.example_scores import ExampleScores
from rum_jax.study.forget_sets import Cases
from rum_jax.study.references import References, memorization_folder
from rum_jax.study.request import (
    ScoresAfterUnlearning,
    load_request,
    nothing_earlier,
    request,
)
from rum_jax.study.step_trace import measures
from rum_jax.study.trained_models import again_seeds, load_logits, retrained
from rum_jax.study.unlearning import unlearned

RETRAIN, RETRAIN_AGAIN = "retrain", "retrain_again"


class RequestResult(NamedTuple):
    """A request, and a row's models after it.

    Attributes:
      request: folder of the stage that chose its examples, see `request.request`.
      cases: the examples of this request, and those of earlier ones.
      oracle: folder of the models retrained without all of these examples.
      models: folder of the row's models after this request.
    """

    request: pathlib.Path
    cases: Cases
    oracle: pathlib.Path
    models: pathlib.Path


class Stream(NamedTuple):
    """Stage folders of a row's stream of requests.

    Attributes:
      requests: of the choice of each request, see `request.request`.
      evaluations: of the evaluation after each request.
      trace: with `trace.json`, see `step_trace.traced`, where each request is a step; None for
        `original`, `retrain` and `retrain_again`.
    """

    requests: list[pathlib.Path]
    evaluations: list[pathlib.Path]
    trace: pathlib.Path | None


def streams(example_scores: ExampleScores) -> dict[str, Stream]:
    """Row -> its stream, for config.stream.rows, `original`, `retrain` and `retrain_again`.

    Requests that depend on the current model differ from row to row. `original`, which unlearns
    nothing, and `retrain_again`, which retrains with other seeds, get the requests of `retrain`.
    Empty if config.stream.requests is empty.
    """
    study = example_scores.study
    if not study.config.stream.requests:
        return {}
    exact = _answered(example_scores, RETRAIN)
    rows = {ORIGINAL: [result._replace(models=example_scores.original) for result in exact],
            RETRAIN: exact,
            RETRAIN_AGAIN: [result._replace(models=_retrained(
                study, "oracles_again", again_seeds(result.cases.seeds), result.cases))
                for result in exact],
            **{row: _answered(example_scores, row) for row in study.config.stream.rows}}
    judged: dict[pathlib.Path, References] = {}
    return {row: _judged(example_scores, row, results, judged) for row, results in rows.items()}


def _folder(study: Study, row: str) -> str:
    """Of a row's stages; other requests, or other ids in a file, are another stream."""
    requested = study.content.part(*identity.REQUESTS)
    return f"stream/{records.digest(requested)[:8]}/{row_folder(row)}"


def _answered(example_scores: ExampleScores, row: str) -> list[RequestResult]:
    """What a row leaves after each request."""
    study, config, scores = example_scores.study, example_scores.study.config, example_scores
    results, earlier, root = [], nothing_earlier(study), _folder(study, row)
    for number in range(len(config.stream.requests)):
        folder = f"{root}/{number + 1}"
        if results:
            scores = ScoresAfterUnlearning(example_scores, results[-1].models, f"{folder}/",
                                           retain_sets(study.dataset.train, earlier))
        chosen = request(scores, row, f"{folder}/request", number, earlier)
        cases = load_request(study, chosen, number, earlier)
        oracle = _retrained(study, "oracles", cases.seeds, cases)
        models = oracle if row == RETRAIN else unlearned(scores, row, cases, f"{folder}/models")
        results.append(RequestResult(chosen, cases, oracle, models))
        earlier = np.concatenate([earlier, cases.forget], axis=1)
    return results


def _retrained(study: Study, kind: str, seeds: tuple[int, ...], cases: Cases) -> pathlib.Path:
    """Oracles of all that was asked for so far; rows that were asked for the same share them."""
    number = records.digest(cases.forgotten.tolist())[:12]
    return retrained(study, f"stream/{kind}/{number}", seeds, cases.forgotten)


def _judged(example_scores: ExampleScores, row: str, results: list[RequestResult],
            judged: dict[pathlib.Path, References]) -> Stream:
    study, evaluations, references = example_scores.study, [], []
    root = _folder(study, row)
    for number, (_, cases, oracle, models) in enumerate(results):
        if oracle not in judged:
            again = (_retrained(study, "oracles_again", again_seeds(cases.seeds), cases)
                     if study.config.oracles == MEAN else None)
            judged[oracle] = References(study, example_scores.original, oracle, cases, again)
        references.append(judged[oracle])
        evaluations.append(evaluated(references[-1], row, models,
                                     f"{root}/{number + 1}/evaluation"))
    trace = (_traced(example_scores, row, f"{root}/trace", results, references)
             if row in study.config.stream.rows else None)
    return Stream([result.request for result in results], evaluations, trace)


def _traced(example_scores: ExampleScores, row: str, stage: str, results: list[RequestResult],
            references: list[References]) -> pathlib.Path:
    study, last = example_scores.study, results[-1].cases

    def write(folder: pathlib.Path) -> None:
        logits = [load_logits(models) for models in
                  (example_scores.original, *(result.models for result in results))]
        oracles = [reference.views for reference in (references[0], *references)]
        requests = _requests(results)
        records.write_json(folder / "trace.json", {
            "steps": [{"subset": name, "algorithm": parse(row).algorithm or row}
                      for name in requests],
            "measures": measures(study, logits, oracles, last.forgotten, requests,
                                 last.request)})

    reads = dict.fromkeys([study.data, example_scores.original,
                           *(folder for result in results for folder in
                             (result.request, result.models, result.oracle)),
                           *memorization_folder(study)])
    return stage_cache.stage(study.workdir, stage, write, Origin({}, list(reads), row))


def _requests(results: list[RequestResult]) -> Mapping[str, np.ndarray]:
    """What is asked for, int32[S,F] positions, by a name that says when."""
    return {f"request {number}": result.cases.forget
            for number, result in enumerate(results, start=1)}
